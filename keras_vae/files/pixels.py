"""Ranges of pixel values: what is not uint8 is converted by its range, or refused. NumPy only."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from .pictures import to_pixels

logger = logging.getLogger("keras_vae")

TOLERANCE = 1e-3  # of a range's length: what arithmetic and interpolation leave beyond its ends
DARK = 32  # images of 0 … 255 have a brighter pixel; binary images and those of 0 … 16 have none
BLOCK = 2**20  # values that are converted at a time
DEPTHS = (10, 12, 14, 16)  # bits of cameras and scanners, stored in 16 or 32

EXPECTED = "uint8, whole numbers of 8, 10, 12, 14 or 16 bits, or floats of 0 … 1, −1 … 1, 0 … 255"


@dataclass(frozen=True)
class PixelRange:
    """Lowest and highest value of a pixel.

    Attributes:
        low: Black.
        high: White.
    """

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}".replace("-", "−")

    def conversion(self, dtype: np.dtype) -> str:
        """Say that pixels of this range and type were converted; "" if they are of 0 … 255."""
        return "" if self == BYTES else f"pixels of {self} ({dtype}) were converted to {BYTES}"

    def to_pixels(self, images: Any) -> Any:
        """Map images of this range to 0 … 255: an array or a tensor of floats, not rounded."""
        return (images - self.low) * (255.0 / (self.high - self.low))

    def to_uint8(self, images: np.ndarray) -> np.ndarray:
        """Convert images of this range to 0 … 255, uint8.

        Whole numbers of more than 8 bits lose their lowest bits, as in libpng.
        """
        if images.dtype.kind in "iu" and self.high >= BYTES.high:
            return (images >> int(self.high).bit_length() - 8).astype(np.uint8)
        converted = np.empty(images.shape, np.uint8)
        rows = max(1, BLOCK * len(images) // max(1, images.size))
        for start in range(0, len(images), rows):  # float32 of a whole photo would be gigabytes
            block = images[start : start + rows].astype(np.float32)
            converted[start : start + rows] = to_pixels(self.to_pixels(block))
        return converted


BYTES, UNIT, SYMMETRIC = PixelRange(0.0, 255.0), PixelRange(0.0, 1.0), PixelRange(-1.0, 1.0)
DEEP = tuple(PixelRange(0.0, 2.0**bits - 1) for bits in DEPTHS)


def range_of(images: Any, name: str = "x") -> PixelRange:
    """Recognize the range of pixels from the values of all images together.

    Images without negative values are 0 … 1 if no value is above 1, and 0 … 255 if one is above
    `DARK`. Whole numbers above 255 have the smallest of 10, 12, 14 and 16 bits. Images with
    negative values are −1 … 1 if the lowest is below −0.5; small negative values come from an
    interpolation, and are refused.

    Args:
        images: An array of any shape.
        name: Of the argument, for the error.

    Raises:
        ValueError: If the values are in none of these ranges or not finite.
        TypeError: If they are not numbers.
    """
    images = np.asarray(images)
    check_numeric(images.dtype, name)
    extremes = (float(images.min()), float(images.max())) if images.size else (0.0, 255.0)
    return range_between(*extremes, images.dtype, name)


def range_between(low: float, high: float, dtype: np.dtype, name: str = "x") -> PixelRange:
    """Recognize the range of pixels from their lowest and highest value; see `range_of`."""
    check_numeric(dtype, name)
    if dtype.kind == "b":
        return UNIT
    if dtype == np.uint8 and not almost_black(high):
        return BYTES
    if low >= 0.0 and high <= 1.0 + TOLERANCE and dtype != np.uint8:
        return UNIT
    if low >= 0.0 and DARK < high <= 255.0 * (1.0 + TOLERANCE):
        return BYTES
    if low >= 0.0 and high > 255.0 and dtype.kind in "iu":
        for deep in DEEP:
            if high <= deep.high:
                return deep
    if -1.0 - TOLERANCE <= low <= -0.5 and high <= 1.0 + TOLERANCE:
        return SYMMETRIC
    raise ValueError(f"`{name}` must be {EXPECTED}. Received: {_received(low, high)}.")


def almost_black(high: float) -> bool:
    """Return whether pixels of 0 … 255 up to this value are dark by mistake; all 0 are black."""
    return 0 < high <= DARK


def warn_of_darkness(images: np.ndarray, name: str) -> None:
    """Say that images of uint8 are almost black, as images of 0 and 1 are; one may be a dark photo.

    Args:
        images: uint8 [B, H, W, C].
        name: Of the argument.
    """
    if images.size and almost_black(high := int(images.max())):
        logger.warning(
            "`%s` are almost black: values up to %d of 255. Multiply images of 0 and 1 by 255.",
            name,
            high,
        )


def check_numeric(dtype: np.dtype, name: str) -> None:
    """Raise a TypeError unless values of this type can be pixels."""
    if dtype.kind not in "biuf" and dtype.name != "bfloat16":
        raise TypeError(f"`{name}` must be {EXPECTED}. Received: {dtype}.")


def _received(low: float, high: float) -> str:
    if not np.isfinite([low, high]).all():  # minimum and maximum of values with NaN are NaN
        return "values that are NaN or infinite; np.nan_to_num replaces them"
    values = f"values from {low:g} to {high:g}"
    if low >= 0.0 and almost_black(high):
        return f"{values}, which would be almost black; divide by the largest possible value"
    if -0.5 < low < 0.0 and high <= 1.5:
        return f"{values}; np.clip(images, 0, 1) removes what an interpolation added"
    if low < 0.0:
        return f"{values}, as of standardized images; take the images before that"
    return f"{values}; divide by the largest possible value"
