"""Photos of any size and mode, converted to the pixels that a network takes.

Cropping and scaling are defined here; `export.graph_ops` repeats the rule as graph operations, and
a test compares the two. Pillow and NumPy only.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# CelebA's aligned photos: 178 wide, 218 high; the face fills the central square of 148 (as in the
# usual preparation of the set, for instance Larsen et al. 2016).
ALIGNED_SIZE = (178, 218)  # (width, height)
ALIGNED_CROP = 148

# Pillow refuses images of more than twice as many pixels: they may be decompression bombs.
Image.MAX_IMAGE_PIXELS = 400_000_000


def open_photo(source: str | Path | bytes) -> Image.Image:
    """Open an image file of any format as upright RGB.

    The EXIF orientation is applied, transparent parts become white, and CMYK, palette, grayscale
    and 16-bit images are converted.

    Args:
        source: A path, or the encoded bytes of an image.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If Pillow cannot read the content as an image, or it is damaged.
    """
    name = "the given bytes" if isinstance(source, bytes) else str(source)
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            ImageOps.exif_transpose(image, in_place=True)  # without a copy of a large photo
            return to_rgb(image)
    except FileNotFoundError:
        raise
    except (UnidentifiedImageError, IsADirectoryError) as error:
        raise ValueError(f"{name} is not an image that can be read.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} is a damaged image: {error}.") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to RGB; transparent parts become white.

    A color profile for RGB is kept; one for gray levels or inks is dropped.
    """
    profile = image.info.get("icc_profile") or b""
    image = _on_white(image)
    image.info = {"icc_profile": profile} if profile[16:20] == b"RGB " else {}
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(background, layer).convert("RGB")
    return image.convert("RGB")


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


def prepare(image: Image.Image, size: tuple[int, int], channels: int = 3) -> np.ndarray:
    """Crop and scale an image to the pixels that a network takes.

    Scaling is bilinear with an antialiasing support, as `tf.image.resize(antialias=True)`.

    Args:
        image: An image as `open_photo` returns it.
        size: Height and width of the network's input.
        channels: 3, or 1 for luminance (ITU-R 601).

    Returns:
        Pixels, uint8 [height, width, channels].

    Raises:
        ValueError: If `channels` is neither 1 nor 3.
    """
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 1 or 3. Received: {channels}.")
    height, width = size
    image = image.convert("L" if channels == 1 else "RGB")
    box = crop_box(*image.size, aspect=width / height)
    if image.size != (width, height) or box != (0, 0, width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(image).reshape(height, width, channels)
