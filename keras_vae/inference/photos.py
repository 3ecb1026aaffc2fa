"""Photos as people have them, converted to the pixels that a model takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from ..faces.crops import Crop, crop_faces
from ..files.image_file import to_rgb
from ..files.photos import open_photo
from ..files.pixels import range_of, warn_of_darkness

Photo: TypeAlias = str | Path | bytes | Image.Image | np.ndarray
Photos: TypeAlias = Photo | Sequence[Photo]


def read_pixels(photos: Photos, image_shape: tuple[int, int, int], *, align: bool) -> np.ndarray:
    """Convert photos to pixels of a network's size.

    Args:
        photos: A path, the bytes of a file, a Pillow image or an array; or several. Arrays are
            uint8, or floats of 0 … 1, −1 … 1 or 0 … 255: [H, W, C], [B, H, W, C], or without C.
        image_shape: Height, width, channels of the network's input.
        align: Whether the largest face is detected and aligned to CelebA's layout; otherwise the
            middle of a photo is used. An array of the network's size is used as it is.

    Returns:
        uint8 [B, H, W, C]; a single photo is a batch of one.

    Raises:
        FileNotFoundError: If a path does not exist.
        ValueError: If something is not an image, there is none, or no face is detected.
        TypeError: If it is of another type.
    """
    if isinstance(photos, Image.Image) and photos.mode[0] in "IF":  # more than 8 bits
        photos = np.asarray(photos)
    if isinstance(photos, str | Path | bytes | Image.Image):
        return _read(photos, image_shape, align)[np.newaxis]
    if isinstance(photos, list | tuple):
        if not photos:
            raise ValueError("`photos` must be one photo or more. Received: none.")
        return np.concatenate([read_pixels(each, image_shape, align=align) for each in photos])
    images = _as_images(photos, image_shape)
    if images.shape[1:] == tuple(image_shape):
        return images
    pictures = [_read(_to_picture(image), image_shape, align) for image in images]
    return np.array(pictures, np.uint8).reshape(-1, *image_shape)


def _read(
    photo: str | Path | bytes | Image.Image, image_shape: tuple[int, int, int], align: bool
) -> np.ndarray:
    if isinstance(photo, Image.Image):
        name, picture = "the given image", to_rgb(ImageOps.exif_transpose(photo))
    else:
        name = "the given bytes" if isinstance(photo, bytes) else str(photo)
        picture = open_photo(photo)
    if not align:
        return Crop.centre(picture, image_shape).pixels
    try:
        (crop,) = crop_faces(picture, image_shape)
    except ValueError as error:
        raise ValueError(f"{name}: {error} align=False takes the middle of a photo.") from error
    return crop.pixels


def _as_images(photos: Any, image_shape: tuple[int, int, int]) -> np.ndarray:
    """An array or tensor as uint8 [B, H, W, C]."""
    if not hasattr(photos, "__array__"):
        raise TypeError(
            "`photos` must be a path, bytes, a Pillow image, an array, or several of them. "
            f"Received: {type(photos).__name__}."
        )
    images = np.asarray(photos)
    _refuse_flat(images.shape, image_shape)
    gray = image_shape[-1] == 1 and images.shape[1:] == tuple(image_shape[:-1])  # [B, H, W]
    if images.ndim == 2 or gray:
        images = images[..., np.newaxis]
    if images.ndim == 3:
        images = images[np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4):
        raise ValueError(
            "`photos` must be images [H, W, C] or [B, H, W, C]. "
            f"Received: an array of shape {list(np.shape(photos))}."
        )
    if images.dtype == np.uint8:
        warn_of_darkness(images, "photos")
        return images
    return range_of(images, "photos").to_uint8(images)


def _refuse_flat(shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> None:
    """Refuse [B, H · W · C], which would be read as one wide picture and cropped to its middle."""
    if len(shape) == 2 and shape[1] == math.prod(image_shape) and shape != tuple(image_shape[:2]):
        sizes = ", ".join(map(str, image_shape))
        raise ValueError(
            "`photos` must be images [H, W, C] or [B, H, W, C]. Received: an array of shape "
            f"{list(shape)}; photos.reshape(-1, {sizes}) if each row is an image, "
            "photos[..., np.newaxis] if it is one picture."
        )


def _to_picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
