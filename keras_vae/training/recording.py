"""What a training leaves behind after each epoch: history, pictures, checkpoints."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from ..datasets import ImageDataset
from ..datasets.binarization import binarize_rows
from ..files.atomic import write_atomically
from ..files.pictures import save_grid
from .run_directory import Run, RunDirectory, score

PREVIEWS = 10  # images in a row of each epoch's pictures
MOST_PICTURES = 100  # epochs whose pictures are kept; of longer trainings every second, third, …


class EpochRecorder(keras.callbacks.Callback):
    """Writes history, pictures and checkpoints after each epoch.

    A kill between any two of its steps loses at most the epoch: the last checkpoint comes last, and
    what it does not know of is dropped at the next start. What is drawn is for subclasses to say.

    Args:
        run: Where to write.
        history: Rows of the epochs that are behind.
    """

    def __init__(self, run: RunDirectory, history: list[dict[str, float]]) -> None:
        super().__init__()
        self.run = run
        self.rows = list(history)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write, the last checkpoint last."""
        self.rows.append({"epoch": epoch + 1, **{k: float(v) for k, v in (logs or {}).items()}})
        self.run.write_history(self.rows)
        self.draw(epoch + 1)
        if score(self.rows[-1]) <= min(map(score, self.rows)):
            write_atomically(self.run.best, self.model.save, overwrite=True)
        write_atomically(self.run.last, self.model.save, overwrite=True)

    def draw(self, epoch: int) -> None:
        """Draw what the model does after an epoch, numbered from 1."""
        raise NotImplementedError


class Recorder(EpochRecorder):
    """Records a VAE's epochs, with samples and reconstructions.

    Args:
        run: Where to write.
        dataset: Where the pictures' originals come from.
        history: Rows of the epochs that are behind.
    """

    def __init__(self, run: Run, dataset: ImageDataset, history: list[dict[str, float]]) -> None:
        super().__init__(run, history)
        split = "validation" if dataset.count("validation") else "train"
        rows = dataset.indices(split)[:PREVIEWS]
        self.originals = binarize_rows(dataset.images, rows, run.config().preset.binarization)

    def _due(self, epoch: int) -> bool:
        epochs = self.params["epochs"]
        return epoch == epochs or epoch % math.ceil(epochs / MOST_PICTURES) == 0

    def draw(self, epoch: int) -> None:
        """Two rows of samples, the same z each epoch; a row of originals above what they became."""
        if not self._due(epoch):
            return
        vae = self.model
        z = np.random.default_rng(0).standard_normal((2 * PREVIEWS, vae.latent_dim), np.float32)
        z_mean, _ = vae.encode(self.originals)
        pairs = np.concatenate([self.originals, _to_pixels(vae.decode(z_mean))])
        self._save(_to_pixels(vae.decode(z)), PREVIEWS, f"epoch_{epoch:03d}_samples.png")
        self._save(pairs, len(self.originals), f"epoch_{epoch:03d}_reconstructions.png")

    def _save(self, images: np.ndarray, columns: int, name: str) -> None:
        save_grid(images, self.run.pictures / name, columns=columns, overwrite=True)


def _to_pixels(images: tf.Tensor) -> np.ndarray:
    return np.clip(np.rint(np.asarray(images)), 0, 255).astype(np.uint8)
