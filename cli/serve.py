"""`kvae serve`: TensorFlow Serving with the models' configuration, or that configuration alone."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import overwrite_option
from .outputs import check_files
from .standard_output import write_text
from .types import Parsed

if TYPE_CHECKING:
    from keras_vae.serving.configuration import ModelConfig


class VersionLabel(Parsed):
    """A label of a version: "stable=1", "celeba/stable=1"; gives (model or "", label, version)."""

    name = "[NAME/]LABEL=VERSION"

    def parse(self, text: str) -> tuple[str, str, int]:
        """Parse the three parts."""
        name, _, version = text.rpartition("=")
        model, _, label = name.rpartition("/")
        if not (label and version.isdecimal() and int(version) > 0):
            self.fail(f"{text!r} is no label; write stable=1, or celeba/stable=1.")
        return model, label, int(version)


@click.command(epilog="Example: kvae serve celeba64 mnist --label celeba64/stable=1 --out serving")
@click.argument("names", metavar="NAME|PATH...", nargs=-1, required=True)
@click.option(
    "--label",
    "labels",
    type=VersionLabel(),
    multiple=True,
    help="Serve a version under a label, as stable=1 or celeba/stable=1; without NAME/ of every "
    "model. Only labelled versions are then loaded; otherwise the highest.",
)
@click.option("--print-config", is_flag=True, help="Print the configuration; start nothing.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the configuration to, with a compose.yaml; start nothing.",
)
@overwrite_option
def serve(
    names: tuple[str, ...],
    labels: tuple[tuple[str, str, int], ...],
    print_config: bool,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Serve models with TensorFlow Serving: REST on port 8501, gRPC on 8500.

    The server itself is not part of kvae: `tensorflow_model_server` or `docker` must be on the
    PATH. --print-config and --out need neither.
    """
    from keras_vae.serving import configuration as serving

    models = find_models(names, labels)
    if not print_config and out is None:
        sys.exit(run_server(models))
    if print_config:
        for name, text in serving.files(models).items():
            click.echo(f"# {name}\n{text}")
    if out is not None:
        write_files(serving.files(models), out, overwrite)
    folder = (out or Path()).resolve()  # where the commands look for the files
    compose = ["docker", "compose", "--file", str(folder / "compose.yaml"), "up", "--wait"]
    click.echo(f"# Server and Prometheus:\n{shlex.join(compose)}")
    click.echo(f"# The server alone:\n{shlex.join(serving.docker_command(models, folder))}")


def find_models(
    names: tuple[str, ...], labels: tuple[tuple[str, str, int], ...]
) -> list[ModelConfig]:
    """Find models and give each its labels.

    Raises:
        ValueError: If a model or version is missing, a name occurs twice, or a label is of none.
    """
    from keras_vae.inference import registry as runtime
    from keras_vae.serving.configuration import ModelConfig

    folders = [runtime.find(name).resolve().parent for name in names]
    known = [folder.name for folder in folders]
    if len({*known}) < len(known):
        raise ValueError(f"`NAME`s must differ. Received: {', '.join(known)}.")
    for name, label, _ in labels:
        if name and name not in known:
            raise ValueError(f"`--label` must be of a model to serve. Received: {name}/{label}.")
    models = []
    for folder in folders:
        own = {label: number for name, label, number in labels if name in ("", folder.name)}
        for version in own.values():
            runtime.find(folder, version)  # or say which there are
        models.append(ModelConfig(folder, own))
    return models


def write_files(texts: dict[str, str], folder: Path, overwrite: bool) -> None:
    """Write files into a folder, all or none of them, and say where."""
    check_files(others=[folder / name for name in texts], overwrite=overwrite)
    for name, text in texts.items():
        write_text(text, folder / name, overwrite)


def run_server(models: list[ModelConfig]) -> int:
    """Run the server that is here until it ends, and return its status.

    Raises:
        ValueError: If there is none.
    """
    from keras_vae.serving import configuration as serving

    with tempfile.TemporaryDirectory(prefix="kvae-serve-") as name:
        folder = Path(name)
        binary = shutil.which("tensorflow_model_server")
        texts = serving.files(models, None) if binary else serving.files(models)
        for file, text in texts.items():
            (folder / file).write_text(text, "utf-8")
        if binary:
            flags = serving.server_flags(name, batching=serving.uses_batching(models))
            command = ["tensorflow_model_server", *flags]
        elif shutil.which("docker"):
            command = serving.docker_command(models, folder)
        else:
            raise ValueError(
                "Neither tensorflow_model_server nor docker is on the PATH. Install Docker, or "
                "write what a machine that has it needs: kvae serve NAME --out DIR."
            )
        click.echo(shlex.join(command), err=True)
        return subprocess.run(command, check=False).returncode
