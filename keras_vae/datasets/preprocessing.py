"""What is done to images before a feature extractor sees them; it says so itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Preprocessing:
    """Scaling of images, in size and in value.

    Attributes:
        size: Height and width that they get; None to leave theirs.
        low: What a pixel of 0 becomes.
        high: What a pixel of 255 becomes.
        colour: Whether a grey image is repeated in three channels.
    """

    size: tuple[int, int] | None
    low: float
    high: float
    colour: bool = False

    def __call__(self, images: np.ndarray) -> tf.Tensor:
        """Prepare uint8 images [B, H, W, C], as float32 [B, height, width, channels]."""
        pixels = tf.cast(images, tf.float32)
        if self.size is not None:
            pixels = tf.image.resize(pixels, self.size, method="bilinear", antialias=True)
        if self.colour and images.shape[-1] == 1:
            pixels = tf.repeat(pixels, 3, axis=-1)
        return self.low + pixels * ((self.high - self.low) / 255.0)

    def __str__(self) -> str:
        """Say it, for the line beside a number."""
        steps = [f"pixels in [{self.low:g}, {self.high:g}]"]
        if self.size is not None:
            steps.append("scaled to {}×{} (bilinear, antialiased)".format(*self.size))
        if self.colour:
            steps.append("grey repeated as RGB")
        return ", ".join(steps)
