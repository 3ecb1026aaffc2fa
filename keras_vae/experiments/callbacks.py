"""Keras callbacks of the cells: when to stop, and how far it is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras

from ..training.callbacks import DivergedError


class StopAtPlateau(keras.callbacks.Callback):
    """Stops when the training loss changes too little from one epoch to the next (Jiang 2024, 4.2).

    Args:
        tolerance: The least change that goes on.
        before: Loss of the epoch that is behind, if one is.
    """

    def __init__(self, tolerance: float, before: float = math.inf) -> None:
        super().__init__()
        self.tolerance = tolerance
        self.before = before

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare."""
        loss = float(logs["loss"])
        if abs(loss - self.before) < self.tolerance:
            self.model.stop_training = True
        self.before = loss


class Reporter(keras.callbacks.Callback):
    """Reports the share of the training that is done, and refuses a loss that is no number.

    Args:
        report: Called with the share, between 0 and 1.
        every: Seconds between two reports.
    """

    def __init__(self, report: Callable[[float], None], every: float) -> None:
        super().__init__()
        self.report = report
        self.every = every
        self.reported = 0.0
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report now and then."""
        now = time.monotonic()
        if now - self.reported > self.every:
            self.reported = now
            share = (batch + 1) / self.params["steps"]
            self.report((self.epoch + share) / self.params["epochs"])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss."""
        if not math.isfinite(float(logs["loss"])):
            raise DivergedError(f"The loss became NaN in epoch {epoch + 1}.")
