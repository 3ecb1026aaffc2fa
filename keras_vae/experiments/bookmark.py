"""How far a cell's training has come: its epochs, and now and then its model."""

from __future__ import annotations

import time
from typing import Any

import keras

from ..files.atomic import write_atomically
from ..training.run_directory import Run
from .stopwatch import Stopwatch

EVERY = 60.0  # seconds: a training that is shorter leaves no model behind


class Bookmark(keras.callbacks.Callback):
    """Keeps each epoch's losses and clocks, and what it takes to go on after some of them.

    Attributes:
        rows: Of each epoch its number, the seconds spent until its end, by the wall and of the
            processor, and its losses.

    Args:
        run: Where to write.
        rows: Of the epochs that are behind.
    """

    def __init__(self, run: Run, rows: list[dict[str, float]]) -> None:
        super().__init__()
        self.run = run
        self.rows = list(rows)
        self.stopwatch = Stopwatch(rows[-1] if rows else None)
        self.kept = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the epoch; where much would be lost, write the model, too."""
        losses = {name: float(value) for name, value in logs.items()}
        self.rows.append({"epoch": epoch + 1, **self.stopwatch.spent(), **losses})
        # An epoch that a callback stops at is trained again: only that callback knows of its end.
        if time.monotonic() - self.kept > EVERY and not self.model.stop_training:
            self.run.write_history(self.rows)
            write_atomically(self.run.last, self.model.save, overwrite=True)
            self.kept = time.monotonic()
