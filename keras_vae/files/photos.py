"""Photos of any size and mode, converted to the pixels that a network takes.

Cropping and scaling are defined here; `export.graph_ops` repeats the rule as graph operations, and
a test compares the two. Pillow and NumPy only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .image_file import ImageFile
from .limits import MAX_PIXELS
from .pixels import range_of

logger = logging.getLogger(__name__)

# CelebA's aligned photos: 178 wide, 218 high; the face fills the central square of 148 (as in the
# usual preparation of the set, for instance Larsen et al. 2016).
ALIGNED_SIZE = (178, 218)  # (width, height)
ALIGNED_CROP = 148


def open_photo(source: str | Path | bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open an image file as upright RGB.

    The EXIF orientation is applied, transparent parts become white, and CMYK, palette and grayscale
    images are converted. Values that are not of 8 bits are converted by their range, which is
    logged.

    Args:
        source: A path, or the encoded bytes of an image.
        max_pixels: Most pixels of an image; the size is known before it is decoded.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If it is no regular file, no image that can be read, damaged or too large, or
            its values have no known range.

    Example:
        >>> photo = open_photo("photo.jpg")
    """
    with ImageFile(source, max_pixels) as file:
        photo = file.rgb(partial(_by_own_range, name=file.name))
        warn_of_changes(file)
        return photo


def _by_own_range(values: np.ndarray, name: str) -> np.ndarray:
    pixels = range_of(values, name)
    if note := pixels.conversion(values.dtype):
        logger.warning("%s: %s.", name, note)
    return pixels.to_uint8(values)


def warn_of_changes(file: ImageFile) -> None:
    """Log what an image loses that was decoded as RGB: further frames, transparent parts."""
    if file.has_more_frames:
        logger.warning("%s holds more than one page or frame; the first is used.", file.name)
    if file.has_transparent_parts:
        logger.warning("%s has transparent parts, which become white.", file.name)


def shows_aligned_faces(facts: Mapping[str, Any]) -> bool:
    """Return whether a data set's provenance says that its images are faces aligned as CelebA's."""
    return facts.get("dataset") == "celeba" or bool(facts.get("aligned"))


def crop_box(width: int, height: int, aspect: float) -> tuple[float, float, float, float]:
    """Return the part of an image that a network sees.

    An aligned CelebA photo (exactly 178×218) is cropped to its central square of 148 first; then
    any image to the largest central part whose width : height is `aspect`.

    Args:
        width: In pixels.
        height: In pixels.
        aspect: Width over height of the network's input.

    Returns:
        left, upper, right, lower, in pixels; not always whole numbers.
    """
    inner = (ALIGNED_CROP, ALIGNED_CROP) if (width, height) == ALIGNED_SIZE else (width, height)
    crop_width = min(inner[0], inner[1] * aspect)
    crop_height = min(inner[1], inner[0] / aspect)
    left = (width - crop_width) / 2
    upper = (height - crop_height) / 2
    return left, upper, left + crop_width, upper + crop_height


def resampling_of(facts: Mapping[str, Any]) -> str:
    """Return how a model's photos are scaled, by the facts of its `model.json`: see `prepare`."""
    return (facts.get("preset") or {}).get("resampling", "bilinear")


def prepare(
    image: Image.Image,
    size: tuple[int, int],
    channels: int = 3,
    resampling: str = "bilinear",
) -> np.ndarray:
    """Crop and scale an image to the pixels that a network takes.

    Scaling has an antialiasing support, as `tf.image.resize(antialias=True)`. Rows are scaled
    first, and rounded; Pillow would begin with the columns of some, by a rule of its version.

    Args:
        image: An image as `open_photo` returns it.
        size: Height and width of the network's input.
        channels: 3, or 1 for luminance (ITU-R 601).
        resampling: "bilinear", or "bicubic", which keeps more detail of a larger image.

    Returns:
        Pixels, uint8 [height, width, channels].

    Raises:
        ValueError: If the image has no pixels, or `channels` is neither 1 nor 3.

    Example:
        >>> from PIL import Image
        >>> prepare(Image.new("RGB", (640, 480)), (64, 64)).shape
        (64, 64, 3)
    """
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 1 or 3. Received: {channels}.")
    if 0 in image.size:
        received = "{1}×{0} (height × width)".format(*image.size)
        raise ValueError(f"An image must have at least one pixel. Received: {received}.")
    height, width = size
    image = image.convert("L" if channels == 1 else "RGB")
    left, upper, right, lower = crop_box(*image.size, aspect=width / height)
    method = Image.Resampling[resampling.upper()]
    image = image.resize((width, image.height), method, box=(left, 0, right, image.height))
    image = image.resize((width, height), method, box=(0, upper, width, lower))
    return np.asarray(image).reshape(height, width, channels)
