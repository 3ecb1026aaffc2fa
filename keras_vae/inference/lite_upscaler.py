"""An upscaler whose network LiteRT runs in this process; the interpolation is NumPy's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..files.litert import LiteSignature
from .exported import lite_folder
from .upscaler import Upscaler

# Of TensorFlow's ResizeBicubic, whose cubic is a table.
CUBIC = -0.5
TABLE = 1024  # values of the cubic between two pixels

LUMINANCE = np.float32([19595.0, 38470.0, 7471.0])  # ITU-R 601 in 65,536ths


@dataclass(frozen=True)
class LiteUpscaler(Upscaler):
    """A super-resolution model whose version has a network for LiteRT."""

    needs_tensorflow: ClassVar[bool] = False

    @cached_property
    def _network(self) -> LiteSignature:
        return LiteSignature(lite_folder(self.path) / "residual.tflite")

    def _run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        if signature != "upscale_pixels":
            return super()._run(signature, inputs)
        return {"image": self._enlarge(inputs["image"])}

    def _enlarge(self, images: np.ndarray) -> np.ndarray:
        """Enlarge uint8 [B, H, W, C], C = 1 or 3, as the signature does."""
        interpolated = bicubic(images, self.factor)
        rgb = np.broadcast_to(interpolated, (*interpolated.shape[:3], 3))
        luminance = (rgb @ LUMINANCE)[..., np.newaxis] / np.float32(65536.0 * 255.0)
        residual = self._network(interpolated=luminance)["residual"]
        pixels = interpolated + 255.0 * residual
        return np.clip(np.floor(pixels + 0.5), 0.0, 255.0).astype(np.uint8)


def bicubic(images: np.ndarray, factor: int) -> np.ndarray:
    """Enlarge images [B, H, W, C] by a whole factor, as `tf.image.resize` with BICUBIC.

    Cubic convolution (Keys 1981) with a = −1/2 over pixel centres; at the borders the weights of
    the pixels that exist add up to 1.

    Returns:
        float32 [B, H · factor, W · factor, C], not rounded.
    """
    for axis in (1, 2):
        index, weights = _taps(images.shape[axis], factor)
        shape = [-1 if each == axis else 1 for each in range(4)]
        images = sum(
            np.take(images, index[:, tap], axis) * weights[:, tap].reshape(shape)
            for tap in range(4)
        )
    return images


def _taps(length: int, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels that each enlarged pixel depends on, and their weights, [length · factor, 4]."""
    place = (np.arange(length * factor) + 0.5) / factor - 0.5
    first = np.floor(place)
    offset = np.rint((place - first) * TABLE) / TABLE
    index = first[:, np.newaxis].astype(int) + np.arange(-1, 3)
    weights = _cubic(np.abs(index - (first + offset)[:, np.newaxis]))
    weights[(index < 0) | (index >= length)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    return index.clip(0, length - 1), weights.astype(np.float32)


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys's kernel at distances of 0 … 2 pixels."""
    near = ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
    far = ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC
    return np.where(x <= 1, near, far)
