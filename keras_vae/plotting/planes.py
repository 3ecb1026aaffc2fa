"""Decoded planes of the latent space: images side by side over two axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..files.pictures import enlarge, whole_factor
from .lettering import FONT_SIZE, number_label, text_size, write

ACROSS = 2000  # pixels that the images together are not made wider than by enlarging
CHARACTERS = 60  # the width of a large picture, in heights of its letters
FEW = 10  # values that are all written along an axis


def plane(
    images: np.ndarray, xs: Sequence[float], ys: Sequence[float], axes: Sequence[str]
) -> Image.Image:
    """Lay the images of a plane over its axes: x to the right, y upwards.

    Args:
        images: uint8 [Y, X, H, W, C], as `latents.plane` orders its points.
        xs: X values of x, left to right.
        ys: Y values of y, bottom to top.
        axes: What x is, and what y is.

    Returns:
        The picture.

    Raises:
        ValueError: If there are not as many images as values.
    """
    if images.shape[:2] != (len(ys), len(xs)):
        raise ValueError(
            f"`images` must have shape [{len(ys)}, {len(xs)}, H, W, C]. "
            f"Received: {list(images.shape)}."
        )
    field = _field(images)
    size = max(FONT_SIZE, field.width // CHARACTERS)
    x_ticks, y_ticks = _ticks(xs), _ticks(ys)
    room = max(text_size(tick, size)[0] for tick in (*x_ticks.values(), *y_ticks.values()))
    across, down = (  # a name may be longer than its axis
        max(length, text_size(name, size)[0]) for name, length in zip(axes, field.size, strict=True)
    )
    width, height = field.width / len(xs), field.height / len(ys)  # of a cell
    left, right = room + 3 * size, size + max(0, math.ceil((room - width) / 2))
    picture = Image.new("RGB", (left + across + right, down + 5 * size), "white")
    x, y = left + (across - field.width) // 2, size + (down - field.height) // 2
    picture.paste(field, (x, y))
    for column, tick in x_ticks.items():
        write(picture, tick, (x + (column + 0.5) * width, size + down + size), size)
    for row, tick in y_ticks.items():
        middle = y + field.height - (row + 0.5) * height
        write(picture, tick, (left - size // 2 - room / 2, middle), size)
    write(picture, axes[0], (left + across / 2, size + down + 2.75 * size), size)
    name = _upwards(axes[1], size)
    picture.paste(name, (size // 2, size + (down - name.height) // 2))
    return picture


def _field(images: np.ndarray) -> Image.Image:
    """The images without gaps, the first row of them at the bottom."""
    rows, columns, height, width, _ = images.shape
    factor = max(1, min(whole_factor((height, width)), ACROSS // (columns * width)))
    height, width = height * factor, width * factor
    field = Image.new("RGB", (columns * width, rows * height))
    for row, line in enumerate(reversed(images)):
        for column, image in enumerate(line):
            field.paste(enlarge(image, factor), (column * width, row * height))
    return field


def _ticks(values: Sequence[float]) -> dict[int, str]:
    """Few values all, of many a handful that is evenly spread, both ends among them."""
    handful = 5 if len(values) % 2 else 6  # so that their places are symmetric
    count = len(values) if len(values) <= FEW else handful
    places = np.linspace(0, len(values) - 1, count).round().astype(int)
    return {int(place): number_label(values[place], ".2f") for place in places}


def _upwards(text: str, size: int) -> Image.Image:
    """A text that is read from below."""
    length, height = text_size(text, size)
    label = Image.new("RGB", (length, height), "white")
    write(label, text, (length / 2, height / 2), size)
    return label.transpose(Image.Transpose.ROTATE_90)
