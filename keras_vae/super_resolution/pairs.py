"""Images of two sizes: the inputs and the targets of super-resolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ..datasets import ImageDataset, load_dataset
from ..datasets.pipeline import split_batches, training_batches
from ..export.graph_ops import luminance
from .vdsr import bicubic


@dataclass(frozen=True, eq=False)
class Pairs:
    """A data set in colour, downscaled to two sizes.

    Attributes:
        small: Images of [h, w, 3].
        large: The same images, of [h · factor, w · factor, 3].
        factor: How many times larger.

    Raises:
        ValueError: If the two do not hold the same images.
    """

    small: ImageDataset
    large: ImageDataset
    factor: int

    def __post_init__(self) -> None:
        if not np.array_equal(self.small.partition, self.large.partition):
            raise ValueError(
                "`small` and `large` must hold the same images. "
                f"Received: {len(self.small.partition)} and {len(self.large.partition)}."
            )

    def training_batches(
        self, batch_size: int, *, seed: int, start_epoch: int = 0, start_step: int = 0
    ) -> tf.data.Dataset:
        """Shuffled examples of the training split without end, half of them mirrored.

        See `pipeline.training_batches`: order and flips follow from the seed and the epoch, so
        they are the same for both sizes.
        """
        options = {"seed": seed, "start_epoch": start_epoch, "start_step": start_step}
        return self._examples(
            partial(training_batches, batch_size=batch_size, random_flip=True, **options)
        )

    def split_batches(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Examples of a split in its order."""
        return self._examples(partial(split_batches, split=split, batch_size=batch_size))

    def _examples(self, batches: Callable[[ImageDataset], tf.data.Dataset]) -> tf.data.Dataset:
        """Interpolated luminance and its residual, each float32 [B, H, W, 1] over 255."""

        def example(small: tf.Tensor, large: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            interpolated = luminance(bicubic(small, self.factor))
            residual = luminance(tf.cast(large, tf.float32)) - interpolated
            return interpolated / 255.0, residual / 255.0

        return tf.data.Dataset.zip((batches(self.small), batches(self.large))).map(example)


def load_pairs(name: str | Path, *, size: tuple[int, int], factor: int, **options: Any) -> Pairs:
    """Load a data set at two sizes, each prepared from the originals.

    Args:
        name: See `load_dataset`.
        size: Height and width of the small images.
        factor: How many times larger the large ones are.
        **options: Of `load_dataset`, such as `data_dir` and `limit`.
    """
    height, width = size
    small = load_dataset(name, image_size=size, channels=3, **options)
    large = load_dataset(name, image_size=(height * factor, width * factor), channels=3, **options)
    return Pairs(small, large, factor)
