"""Which model a command uses: in this process or on a server, and with which directions."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_vae.files.naming import printable

from .command import Decorator, collected, option
from .command_line import refuse
from .quiet import load_tensorflow
from .types import EXISTING_FILE, NAME_OR_PATH, POSITIVE

if TYPE_CHECKING:
    from keras_vae.inference.model import Model
    from keras_vae.latent_space.attributes import Attributes

NOTICE = (
    "Note: `Attractive` is the raters' taste and the data set's bias, not a fact about a person; "
    "the model card says more"
)


@dataclass(frozen=True)
class ModelChoice:
    """The model that a command was asked for.

    Attributes:
        name: Exported model; `kvae models list` prints the names. hf://USER/MODEL[@REVISION] is a
            model on the Hugging Face Hub.
        server: TensorFlow Serving server, http://HOST:8501 or grpc://HOST:8500. --model is then a
            name on it: NAME, NAME/VERSION or NAME/LABEL.
        timeout: Maximum duration of a request to the server, including a wait for its start.
        runtime: Library that runs the networks; auto: LiteRT, which starts in a tenth of a second,
            if the model has networks for it, and TensorFlow for thousands of images.
        directions: File of attribute directions, written by `kvae attributes fit`, instead of the
            model's.
    """

    name: str
    server: str | None = None
    timeout: float = 30.0
    runtime: str = "auto"
    directions: Path | None = None

    def open(self, images: int = 1) -> Model:
        """Open the model: its properties are known, its graph is not yet loaded.

        Args:
            images: Number of images to encode or decode, which decides between the runtimes.
        """
        if self.server is None:
            from keras_vae.inference import registry

            refuse(["timeout"], "has no effect without --server.")
            runtime = self.runtime
            if runtime == "auto" and registry.faster_runtime(images) == "tensorflow":
                runtime = "tensorflow"
            return registry.load(self.name, runtime=runtime)
        from keras_vae.inference import remote

        refuse(["runtime"], "has no effect with --server.")
        notify = partial(click.echo, err=True)
        return remote.connect(self.server, self.name, timeout=self.timeout, notify=notify)

    def start(self, model: Model) -> None:
        """Import TensorFlow if the model needs it; to be called after all cheaper checks."""
        if model.needs_tensorflow:
            load_tensorflow()

    def load_directions(self, model: Model) -> Attributes | Model:
        """Return an object that maps attribute names to directions.

        Raises:
            ValueError: If the model has none, or the file is of another model.
        """
        from keras_vae.latent_space.attributes import Attributes

        if self.directions is not None:
            return _fitting(Attributes.load(self.directions), model, self.directions)
        if model.attributes is None:
            return model  # the server looks up each one
        if not model.attributes.names:
            raise ValueError(
                f"Model {model.name!r} has no attributes. `kvae attributes fit` fits directions to "
                "labelled images; pass its file with --directions."
            )
        return model.attributes

    def print_notice(self, names: Iterable[str]) -> None:
        """Print on stderr what `Attractive` means, if it is among the attributes."""
        if "Attractive" in names:
            shown = f"kvae models show {shlex.quote(self.name)} --card"
            click.echo(f"{NOTICE}: {shown}" if self.server is None else f"{NOTICE}.", err=True)


def _fitting(attributes: Attributes, model: Model, file: Path) -> Attributes:
    """Return the directions of a file, unless they are of another model; note if that is unknown.

    Models of one latent dimension are no exception: their dimensions mean different things.
    """
    from keras_vae.inference.fitting import fingerprint, versioned_name

    model.check_vector()
    dimensions = attributes.directions.shape[1]
    if dimensions != model.latent_dim:
        raise ValueError(
            f"{file} was fitted to another model: its directions have {dimensions} dimensions, "
            f"{model.name!r} has {model.latent_dim}."
        )
    if attributes.fingerprint is None:
        click.echo(f"Note: {printable(file)} does not say which model it was fitted to.", err=True)
    elif not model.describes_itself:
        click.echo(
            f"Note: {model.name!r} on the server does not describe itself, so whether "
            f"{printable(file)} was fitted to it is not known. It was fitted to "
            f"{attributes.model}.",
            err=True,
        )
    elif attributes.fingerprint != fingerprint(model):
        raise ValueError(
            f"{file} was fitted to another model: to {attributes.model}, not to this "
            f"{versioned_name(model)}. `kvae attributes fit` fits directions to it."
        )
    return attributes


def refuse_addresses(names: Iterable[str]) -> None:
    """Refuse models on the hub, for commands that need a model's own folder.

    Raises:
        click.UsageError: If there is one.
    """
    from keras_vae.files import hub

    for name in names:
        if hub.is_address(name):
            raise click.UsageError(f"{name} must be copied first: kvae models pull {name}")


def model_option(default: str = "celeba128") -> Decorator:
    """Make the option --model."""
    return option("--model name", NAME_OR_PATH, default)


RUNTIME = option("--runtime", ["auto", "lite", "tensorflow"], "auto")
SERVER = (
    option("--server", metavar="URL"),
    option("--timeout", POSITIVE, 30.0, metavar="SECONDS"),
    RUNTIME,
)
DIRECTIONS = option("--directions", EXISTING_FILE)


def model_options(*options: Decorator) -> Decorator:
    """Add --model and further options of the model; they reach the command as `choice`."""
    return collected(ModelChoice, "choice", "Model", model_option(), *options)
