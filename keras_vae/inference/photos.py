"""Photos as people have them, converted to the pixels that a model takes."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from ..faces.crops import Crop, crop_faces
from ..files.image_file import OPAQUE, has_transparent_parts, to_rgb
from ..files.naming import printable
from ..files.photos import open_photo
from ..files.pixels import PixelRange, check_numeric, range_between, range_of, warn_of_darkness

Photo: TypeAlias = str | Path | bytes | Image.Image | np.ndarray
Photos: TypeAlias = Photo | Sequence[Photo]
_Crop: TypeAlias = Callable[[Image.Image, str], np.ndarray]  # a picture, and what errors call it

logger = logging.getLogger(__name__)


def read_pixels(
    photos: Photos,
    image_shape: tuple[int, int, int],
    *,
    align: bool,
    resampling: str = "bilinear",
) -> np.ndarray:
    """Convert photos to pixels of a network's size.

    Args:
        photos: A path, the bytes of a file, a Pillow image or an array; or several. Arrays are
            uint8, or floats of 0 … 1, −1 … 1 or 0 … 255: [H, W, C], [B, H, W, C], or without C.
            Arrays in a list have the range of all of them together, if there is one; floats of
            which one alone has another range are refused.
        image_shape: Height, width, channels of the network's input.
        align: Whether the largest face is detected and aligned to CelebA's layout; otherwise the
            middle of a photo is used. An array of the network's size is used as it is.
        resampling: How other photos are scaled: see `files.photos.prepare`.

    Returns:
        uint8 [B, H, W, C]; a single photo is a batch of one.

    Raises:
        FileNotFoundError: If a path does not exist.
        ValueError: If something is not an image, there is none, or no face is detected.
        TypeError: If it is of another type.
    """
    several = list(photos) if isinstance(photos, list | tuple) else [photos]
    if not several:
        raise ValueError("`photos` must be one photo or more. Received: none.")
    several = [_as_array(each) for each in several]
    ranges = _ranges([each for each in several if isinstance(each, np.ndarray)])
    crop = partial(_crop, image_shape=image_shape, align=align, resampling=resampling)
    parts = [_read_one(each, image_shape, crop, ranges) for each in several]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _as_array(photo: Any) -> Photo:
    """An array or tensor, or an image of more than 8 bits, as an array; else what was given."""
    if isinstance(photo, Image.Image):
        return _upright_values(photo) if photo.mode[0] in "IF" else photo
    return np.asarray(photo) if hasattr(photo, "__array__") else photo


def _upright_values(photo: Image.Image) -> np.ndarray:
    """The values [H, W] of an image of more than 8 bits.

    Raises:
        ValueError: If one of them is transparent: what is white depends on all photos' range.
    """
    if "transparency" in photo.info:
        raise ValueError(
            "`photos` of more than 8 bits must have no transparent gray level. Received: a Pillow "
            f"image of mode {photo.mode} with one. Pass its file, where it becomes white."
        )
    return np.asarray(ImageOps.exif_transpose(photo))


def _ranges(arrays: Sequence[np.ndarray]) -> dict[str, PixelRange]:
    """Recognize one range for all arrays of a kind of numbers: a dark image alone has another.

    A kind whose arrays have no common range is left out: each has its own.
    """
    kinds: dict[str, list[np.ndarray]] = {}
    for each in arrays:
        check_numeric(each.dtype, "photos")
        if each.dtype != np.uint8 and each.size:
            kinds.setdefault(each.dtype.kind, []).append(each)
    ranges = {}
    for kind, some in kinds.items():
        extremes = [(each.min(), each.max()) for each in some]
        low, high = np.min(extremes), np.max(extremes)
        with suppress(ValueError):
            ranges[kind] = range_between(float(low), float(high), some[0].dtype, "photos")
    if "f" in ranges:
        _refuse_ambiguous(kinds["f"], ranges["f"])
    return ranges


def _refuse_ambiguous(arrays: Sequence[np.ndarray], common: PixelRange) -> None:
    """Refuse floats that alone have another range: they may be dark, or scaled otherwise.

    Raises:
        ValueError: If there are such.
    """
    for each in arrays:
        try:
            alone = range_of(each, "photos")
        except ValueError:
            continue  # only all of them together have a range
        if alone != common and each.any():
            raise ValueError(
                f"`photos` must be of one range. Received: one of {alone} among others of {common}."
                " Stack them in one array if they are, otherwise convert them to uint8."
            )


def _read_one(
    photo: Photo,
    image_shape: tuple[int, int, int],
    crop: _Crop,
    ranges: Mapping[str, PixelRange],
) -> np.ndarray:
    """Convert one photo, or an array of several, to pixels [B, H, W, C]."""
    if isinstance(photo, str | Path | bytes | Image.Image):
        return _read(photo, crop)[np.newaxis]
    if not isinstance(photo, np.ndarray):
        raise TypeError(
            "`photos` must be a path, bytes, a Pillow image, an array, or several of them. "
            f"Received: {type(photo).__name__}."
        )
    images = _as_uint8(_as_images(photo, image_shape), ranges)
    if images.shape[1:] == tuple(image_shape):
        return images
    if images.shape[-1] == 4 and images[..., 3].min(initial=OPAQUE) < OPAQUE:
        logger.warning("`photos` have transparent parts, which become white.")
    pictures = [crop(to_rgb(_to_picture(image)), "the given image") for image in images]
    return np.array(pictures, np.uint8).reshape(-1, *image_shape)


def _as_uint8(images: np.ndarray, ranges: Mapping[str, PixelRange]) -> np.ndarray:
    if images.dtype == np.uint8:
        warn_of_darkness(images, "photos")
        return images
    return (ranges.get(images.dtype.kind) or range_of(images, "photos")).to_uint8(images)


def _read(photo: str | Path | bytes | Image.Image, crop: _Crop) -> np.ndarray:
    if isinstance(photo, Image.Image):
        if 0 in photo.size:
            raise ValueError(
                "`photos` must have at least one pixel. Received: a Pillow image of "
                f"{photo.width}×{photo.height}."
            )
        if has_transparent_parts(photo):
            logger.warning("The given image has transparent parts, which become white.")
        picture = to_rgb(ImageOps.exif_transpose(photo))
        return crop(picture, "the given image")
    name = "the given bytes" if isinstance(photo, bytes) else printable(photo)
    return crop(open_photo(photo), name)


def _crop(
    picture: Image.Image,
    name: str,
    *,
    image_shape: tuple[int, int, int],
    align: bool,
    resampling: str,
) -> np.ndarray:
    if not align:
        return Crop.centre(picture, image_shape, resampling).pixels
    try:
        (crop,) = crop_faces(picture, image_shape, resampling=resampling)
    except ValueError as error:
        raise ValueError(f"{name}: {error} align=False takes the middle of a photo.") from error
    return crop.pixels


def _as_images(photos: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Add the axes that are left out: [B, H, W, C]."""
    images = photos
    _refuse_flat(images.shape, image_shape)
    gray = image_shape[-1] == 1 and images.shape[1:] == tuple(image_shape[:-1])  # [B, H, W]
    if images.ndim == 2 or gray:
        images = images[..., np.newaxis]
    if images.ndim == 3:
        images = images[np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4) or 0 in images.shape[1:]:
        raise ValueError(
            "`photos` must be images [H, W, C] or [B, H, W, C], of at least one pixel. "
            f"Received: an array of shape {list(photos.shape)}."
        )
    return images


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
