"""What ends a training before its last epoch."""

from __future__ import annotations

import math

import keras
import numpy as np

from .run_directory import RunDirectory, score

WATCHED = {"loss": "loss", "val_loss": "validation loss"}  # in the logs → in words


class DivergedError(RuntimeError):
    """The loss is no longer a number."""


class EarlyStop(keras.callbacks.Callback):
    """Stops when nothing improves; all workers see the same losses, and so stop together.

    Args:
        patience: Epochs without a better validation loss before training stops; None: never.
        history: Rows of the epochs that are behind.
    """

    def __init__(self, patience: int | None, history: list[dict[str, float]]) -> None:
        super().__init__()
        self.patience = patience
        self.losses = list(map(score, history))

    @property
    def stalled(self) -> bool:
        """Whether the validation loss has not fallen for as long as it may."""
        if self.patience is None or not self.losses:
            return False
        return len(self.losses) - 1 - int(np.argmin(self.losses)) >= self.patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the loss."""
        self.losses.append(score(logs))
        self.model.stop_training = self.model.stop_training or self.stalled


class DivergenceGuard(keras.callbacks.Callback):
    """Stops, with advice, when the loss, or that of the validation, is no longer a number.

    Args:
        run: For the advice.
        every: Batches between two looks; the running mean remembers a NaN.
    """

    def __init__(self, run: RunDirectory, every: int = 20) -> None:
        super().__init__()
        self.run = run
        self.every = every
        self.epoch = 0
        self.looked = 0  # at this batch

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the epoch for the message."""
        self.epoch = epoch + 1
        self.looked = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look now and then."""
        if batch == 0 or batch - self.looked >= self.every:
            self.looked = batch
            self._check(logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Look before the epoch is recorded as good."""
        self._check(logs)

    def _check(self, logs: dict[str, float] | None) -> None:
        for name, what in WATCHED.items():
            if not math.isfinite(float((logs or {}).get(name, 0.0))):
                raise self._diverged(what)

    def _diverged(self, what: str) -> DivergedError:
        kept = "The epochs before it are kept" if self.run.last.exists() else "Nothing is kept"
        return DivergedError(
            f"The {what} became NaN in epoch {self.epoch}. {kept} in {self.run.path}. Start "
            "again with a smaller --learning-rate, or with --precision float32."
        )
