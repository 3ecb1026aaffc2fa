"""Keras callbacks of a training: one writes the run directory, two end the training early.

Why not Keras's `CSVLogger`, `BackupAndRestore`, `EarlyStopping` and `TerminateOnNaN`:
docs/decisions/0011.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from ..datasets import ImageDataset
from ..datasets.binarization import binarize_rows
from ..files.atomic import write_atomically
from ..files.pictures import save_grid, to_pixels
from ..models.sampling import seeded
from ..models.vae import VAE
from .run_directory import RunDirectory, score

PREVIEWS = 10  # images in a row of each epoch's pictures
MOST_PICTURES = 100  # epochs whose pictures are kept; of longer trainings every second, third, …
WATCHED = {"loss": "loss", "val_loss": "validation loss"}  # in the logs → in words
CHECKED = 20  # batches between two checks for NaN, which wait for the device

# What a model does after an epoch: file name with {} for the epoch → images, images in a row.
Pictures = Callable[[keras.Model], dict[str, tuple[np.ndarray, int]]]


class DivergedError(RuntimeError):
    """The loss is no longer a number."""


class RunWriter(keras.callbacks.Callback):
    """Writes history, pictures and checkpoints after each epoch.

    An interruption loses at most the epoch: the last checkpoint is written last, and history that
    goes beyond it is dropped when the run is resumed.

    Args:
        run: Where to write.
        history: Rows of the epochs completed.
        pictures: Makes the pictures.
    """

    def __init__(
        self, run: RunDirectory, history: list[dict[str, float]], pictures: Pictures
    ) -> None:
        super().__init__()
        self.run = run
        self.rows = list(history)
        self.pictures = pictures

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write, the last checkpoint last."""
        self.rows.append({"epoch": epoch + 1, **{k: float(v) for k, v in (logs or {}).items()}})
        self.run.write_history(self.rows)
        self._write_pictures(epoch + 1)
        if score(self.rows[-1]) <= min(map(score, self.rows)):
            write_atomically(self.run.best, self.model.save, overwrite=True)
        write_atomically(self.run.last, self.model.save, overwrite=True)

    def _write_pictures(self, epoch: int) -> None:
        epochs = self.params["epochs"]
        if epoch != epochs and epoch % math.ceil(epochs / MOST_PICTURES):
            return
        for name, (images, columns) in self.pictures(self.model).items():
            file = self.run.pictures / name.format(f"{epoch:03d}")
            save_grid(images, file, columns=columns, overwrite=True)


class Previews:
    """The pictures of a VAE: samples, with the same z each epoch, and reconstructions.

    Args:
        dataset: Where the originals come from.
        binarization: See `binarization.binarize`.
    """

    def __init__(self, dataset: ImageDataset, binarization: str) -> None:
        split = "validation" if dataset.count("validation") else "train"
        rows = dataset.indices(split)[:PREVIEWS]
        self.originals = binarize_rows(dataset.images, rows, binarization)

    def __call__(self, vae: VAE) -> dict[str, tuple[np.ndarray, int]]:
        """Two rows of samples; a row of originals above their reconstructions."""
        count = 2 * PREVIEWS
        with seeded(tf.range(count, dtype=tf.int64), tf.ones(count)):
            samples = to_pixels(vae.generate(count))
        z = vae.encode(self.originals).mode()
        pairs = np.concatenate([self.originals, to_pixels(vae.decode(z))])
        return {
            "epoch_{}_samples.png": (samples, PREVIEWS),
            "epoch_{}_reconstructions.png": (pairs, len(self.originals)),
        }


class EarlyStop(keras.callbacks.Callback):
    """Stops a training whose validation loss no longer falls; all workers see the same losses.

    Args:
        patience: Epochs without a lower validation loss before training stops; None: never.
        history: Rows of the epochs completed.
    """

    def __init__(self, patience: int | None, history: list[dict[str, float]]) -> None:
        super().__init__()
        self.patience = patience
        self.losses = list(map(score, history))

    @property
    def stalled(self) -> bool:
        """Whether the validation loss has not fallen for `patience` epochs."""
        if self.patience is None or not self.losses:
            return False
        return len(self.losses) - 1 - int(np.argmin(self.losses)) >= self.patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Compare the loss with those before."""
        self.losses.append(score(logs))
        self.model.stop_training = self.model.stop_training or self.stalled


class DivergenceGuard(keras.callbacks.Callback):
    """Raises an error when the loss, or the validation loss, becomes NaN or infinite.

    Args:
        run: For the message.
    """

    def __init__(self, run: RunDirectory) -> None:
        super().__init__()
        self.run = run

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the epoch for the message."""
        self.epoch = epoch + 1
        self.next = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check every so many batches; the running mean keeps a NaN."""
        if batch >= self.next:
            self.next = batch + CHECKED
            self._check(logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Check before the epoch is written."""
        self._check(logs)

    def _check(self, logs: dict[str, float] | None) -> None:
        for name, what in WATCHED.items():
            if not math.isfinite(float((logs or {}).get(name, 0.0))):
                kept = "Earlier epochs are kept" if self.run.last.exists() else "Nothing is kept"
                raise DivergedError(
                    f"The {what} became NaN in epoch {self.epoch}. {kept} in {self.run.path}. "
                    "Start again with a smaller `learning_rate`, or with `precision=float32`."
                )
