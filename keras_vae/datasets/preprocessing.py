"""What is done to images before a feature extractor or a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Preprocessing:
    """Scaling of images, in size and in value.

    Attributes:
        size: Height and width after scaling; None for no scaling.
        low: Value of a pixel of 0.
        high: Value of a pixel of 255.
        color: Whether a grayscale image is repeated in three channels.
    """

    size: tuple[int, int] | None
    low: float
    high: float
    color: bool = False

    def __call__(self, images: np.ndarray) -> tf.Tensor:
        """Preprocess uint8 images [B, H, W, C], as float32 [B, height, width, channels]."""
        pixels = tf.cast(images, tf.float32)
        if self.size is not None:
            pixels = tf.image.resize(pixels, self.size, method="bilinear", antialias=True)
        if self.color and images.shape[-1] == 1:
            pixels = tf.repeat(pixels, 3, axis=-1)
        return self.low + pixels * ((self.high - self.low) / 255.0)

    def __str__(self) -> str:
        """Describe the preprocessing, for the line beside a number."""
        steps = [f"pixels in [{self.low:g}, {self.high:g}]"]
        if self.size is not None:
            steps.append("scaled to {}×{} (bilinear, antialiased)".format(*self.size))
        if self.color:
            steps.append("grey repeated as RGB")
        return ", ".join(steps)
