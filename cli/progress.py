"""Progress bars on stderr: one for counted work, one for training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

if TYPE_CHECKING:
    import keras

    from keras_vae.presets import Preset

REDRAW = 0.2  # seconds between two looks of the training bar at the losses


@contextmanager
def progress_bar(description: str, unit: str = "image") -> Iterator[Callable[[int, int], None]]:
    """Yield a callback (done, total) that draws a bar; it appears with the first call."""
    bar: list[tqdm] = []

    def report(done: int, total: int) -> None:
        if not bar:
            bar.append(
                tqdm(desc=description, total=total, unit=f" {unit}s", leave=False, disable=None)
            )
        bar[0].update(done - bar[0].n)

    try:
        yield report
    finally:
        for each in bar:
            each.close()


def training_bar(preset: Preset) -> keras.callbacks.Callback:
    """Make a Keras callback that shows losses and images per second, a line for each epoch."""
    import keras

    class TrainingBar(keras.callbacks.Callback):
        bar: tqdm | None = None

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
                speed = self.steps * preset.batch_size / (now - self.start)
                self.bar.set_postfix_str(f"{_losses(logs, preset)}, {speed:.0f} images/s", False)
                self.bar.update(self.steps - self.bar.n)
                self.drawn = now

        def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
            if self.bar is not None and self.seconds is None:
                self.seconds = time.perf_counter() - self.start

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            seconds = self.seconds or time.perf_counter() - self.start
            line = f"{self.name}  {_losses(logs, preset)}"
            if "val_loss" in (logs or {}):
                line += f"; validation {_losses(logs, preset, 'val_')}"
            self.close()
            click.echo(f"{line}; {self.steps * preset.batch_size / seconds:.0f} images/s")

        def close(self) -> None:
            """Take an unfinished bar off the screen."""
            if self.bar is not None:
                self.bar.close()
            self.bar = None

    return TrainingBar()


def _losses(logs: dict[str, Any] | None, preset: Preset, prefix: str = "") -> str:
    terms = ("loss", "reconstruction_loss", "kl_loss", "mse")
    values = [float((logs or {}).get(prefix + term, "nan")) for term in terms]
    total, reconstruction, kl, mse = values
    line = (
        f"loss {total:.5g} {preset.loss_unit} = {reconstruction:.5g} + "
        f"{preset.objective.beta:g} × KL {kl:.4g} nats, MSE {mse:.4f}"
    )
    if preset.in_nats:
        return line
    return f"{line}, SSE {mse * math.prod(preset.image_shape):.2f}"
