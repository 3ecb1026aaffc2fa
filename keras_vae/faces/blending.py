"""Blending: the change of a network's small image is added to the photo in full size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from .similarity import Similarity

FINE_SIDE = 256  # pixels that a change is enlarged to, at least, so that its mask has no steps
FEATHER = 0.3  # part of the distance from the border to the middle over which the mask rises


def blend(
    photo: Image.Image, changes: Sequence[np.ndarray], to_photo: Sequence[Similarity]
) -> Image.Image:
    """Add changes to a photo.

    A change is the difference of two decoded images. It is enlarged, transformed to the position of
    its face and added under a feathered mask, so that skin, hair and background keep their detail.
    Where nothing changed, the photo is unchanged, bit for bit.

    Args:
        photo: The photo, upright RGB.
        changes: For each face the decoded edit minus the decoded original, float [H, W, C], in
            levels of 0 … 255.
        to_photo: For each face the transform from the change's pixels to the photo's.

    Returns:
        The edited photo; the colour profile is kept.
    """
    pixels = np.array(photo)
    for change, transform in zip(changes, to_photo, strict=True):
        _add(pixels, change, transform)
    result = Image.fromarray(pixels)
    if "icc_profile" in photo.info:
        result.info["icc_profile"] = photo.info["icc_profile"]
    return result


def feathered_mask(height: int, width: int) -> np.ndarray:
    """Make a mask that is 1 in the middle and falls to 0 at the border, float32 [H, W].

    Its contours are superellipses, |x|⁴ + |y|⁴ = r⁴: round enough for a head, wide enough for hair.
    """
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width))
    radius = (y[:, np.newaxis] ** 4 + x**4) ** 0.25
    ramp = np.clip((1 - radius) / FEATHER, 0, 1)
    return (1 - np.cos(np.pi * ramp)) / 2


def _add(pixels: np.ndarray, change: np.ndarray, to_photo: Similarity) -> None:
    """Add a change to a photo's pixels, uint8 [height, width, 3], in place."""
    height, width, channels = change.shape
    bounds = np.rint(to_photo.bounds((width, height))).astype(int).reshape(2, 2)
    (left, upper), (right, lower) = np.clip(bounds, 0, pixels.shape[1::-1])
    part = pixels[upper:lower, left:right]
    factor = -(-FINE_SIDE // max(height, width))
    size = (width * factor, height * factor)
    mask = feathered_mask(*size[::-1])
    to_part = Similarity(1, -complex(left, upper)) @ to_photo @ Similarity(1 / factor, 0)
    for channel in range(3):  # one by one: a large face has millions of pixels
        layer = Image.fromarray(change[..., channel % channels].astype(np.float32))
        fine = Image.fromarray(mask * np.asarray(layer.resize(size, Image.Resampling.BICUBIC)))
        added = part[..., channel] + np.asarray(to_part.warp(fine, (right - left, lower - upper)))
        part[..., channel] = np.clip(np.rint(added), 0, 255)
