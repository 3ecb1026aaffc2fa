"""Ctrl-C while a model trains: the batch is finished, then training stops."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import keras


def interrupt_between_batches() -> keras.callbacks.Callback:
    """Make a Keras callback that turns Ctrl-C into a KeyboardInterrupt after the batch.

    Python raises it wherever the main thread stands, and within a destructor or a callback of C it
    is lost: training would go on. A second Ctrl-C does not wait.
    """
    import keras

    class Interrupt(keras.callbacks.Callback):
        asked = False

        def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
            self.before = signal.signal(signal.SIGINT, self._ask)

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            if self.asked:
                raise KeyboardInterrupt

        on_test_batch_end = on_train_batch_end

        def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
            if not self.asked:
                signal.signal(signal.SIGINT, self.before)

        def _ask(self, *_: Any) -> None:
            self.asked = True
            signal.signal(signal.SIGINT, self.before)

    return Interrupt()


@contextmanager
def stoppable(bar: Any, command: str) -> Iterator[None]:
    """Answer Ctrl-C during a training with the command that goes on, and exit code 130.

    Args:
        bar: The training's bar, which leaves the screen.
        command: What to type.
    """
    try:
        yield
    except KeyboardInterrupt:
        bar.close()
        click.echo(f"\nStopped. Go on with:  {command}", err=True)
        raise click.exceptions.Exit(130) from None
