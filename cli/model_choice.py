"""Which model a command uses, and where: in this process or on a server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from .options import Command, model_option, server_option, timeout_option
from .quiet import load_tensorflow
from .typed import refuse

if TYPE_CHECKING:
    from keras_vae.inference.model import Model


@dataclass(frozen=True)
class ModelChoice:
    """The model that a command was asked for.

    Attributes:
        name: A name or path, or a name on the server.
        server: Address of a TensorFlow Serving server, or None.
        timeout: Seconds that a request to it may take.
    """

    name: str
    server: str | None
    timeout: float

    def open(self) -> Model:
        """Open it: its facts are then known."""
        if self.server is None:
            from keras_vae.inference import registry as runtime

            return runtime.load(self.name)
        from keras_vae.inference import remote

        return remote.connect(self.server, self.name, timeout=self.timeout, notify=_tell)

    def start(self) -> None:
        """Import TensorFlow if the model needs it, once all that costs less has been checked."""
        if self.server is None:
            load_tensorflow()


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def model_options(command: Command) -> Command:
    """Add --model, --server and --timeout; they reach the command as `choice`."""

    @wraps(command)
    def wrapper(
        *args: Any, model_name: str, server: str | None, timeout: float, **options: Any
    ) -> Any:
        if server is None:
            refuse(["timeout"], "is of a --server: nothing else is waited for.")
        return command(*args, choice=ModelChoice(model_name, server, timeout), **options)

    return model_option(server_option(timeout_option(wrapper)))
