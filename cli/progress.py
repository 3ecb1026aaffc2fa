"""Progress bars on stderr: one for counted work, one for training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from tqdm import tqdm

if TYPE_CHECKING:
    import keras

# Words for Keras's logs, or for those of them whose names begin with a prefix.
Telling: TypeAlias = Callable[[dict[str, Any], str], str]

REDRAW = 0.2  # seconds between two looks of the training bar at the losses


@contextmanager
def progress_bar(description: str, unit: str = "image") -> Iterator[Callable[[int, int], None]]:
    """Yield a callback (done, total) that draws a bar, from its first call until all is done."""
    bar: list[tqdm] = []

    def report(done: int, total: int) -> None:
        if not bar:
            bar.append(
                tqdm(desc=description, total=total, unit=f" {unit}s", leave=False, disable=None)
            )
        bar[0].update(done - bar[0].n)
        if done == total:
            bar.pop().close()

    try:
        yield report
    finally:
        for each in bar:
            each.close()


def training_bar(
    batch_size: int, tell: Telling, judge: Callable[[float], str | None] = lambda speed: None
) -> keras.callbacks.Callback:
    """Make a Keras callback that shows losses and images per second, a line for each epoch.

    Args:
        batch_size: Images in a step.
        tell: What is said of the losses; with the prefix "val_", of those of the validation split.
        judge: What there is to say of the first epoch's images per second, if anything.
    """
    import keras

    class TrainingBar(keras.callbacks.Callback):
        bar: tqdm | None = None
        judged = False

        def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            epochs = self.params["epochs"]
            self.name = f"Epoch {epoch + 1:{len(str(epochs))}d}/{epochs}"
            self.bar = tqdm(total=self.params["steps"], desc=self.name, leave=False, disable=None)
            self.start = self.drawn = time.perf_counter()
            self.seconds = None  # spent on training; set when validation begins

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            self.steps, now = batch + 1, time.perf_counter()
            # Reading a loss waits for the device, so it is read only when the bar is redrawn.
            if now - self.drawn > REDRAW and not self.bar.disable:
                speed = self.steps * batch_size / (now - self.start)
                self.bar.set_postfix_str(f"{tell(logs or {}, '')}, {speed:.0f} images/s", False)
                self.bar.update(self.steps - self.bar.n)
                self.drawn = now

        def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
            if self.bar is not None and self.seconds is None:
                self.seconds = time.perf_counter() - self.start

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            seconds = self.seconds or time.perf_counter() - self.start
            line = f"{self.name}  {tell(logs or {}, '')}"
            if "val_loss" in (logs or {}):
                line += f"; validation {tell(logs, 'val_')}"
            self.close()
            speed = self.steps * batch_size / seconds
            click.echo(f"{line}; {speed:.0f} images/s")
            if not self.judged and (warning := judge(speed)):
                click.echo(warning, err=True)
            self.judged = True

        def close(self) -> None:
            """Take an unfinished bar off the screen."""
            if self.bar is not None:
                self.bar.close()
            self.bar = None

    return TrainingBar()
