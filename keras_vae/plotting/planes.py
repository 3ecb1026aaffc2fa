"""Decoded planes of the latent space: images without gaps over two axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..files.pictures import arrange, check_images, enlarge, whole_factor
from .lettering import FONT_SIZE, number_label, write

ACROSS = 2000  # largest width of the enlarged images together, in pixels
CHARACTERS = 60  # width of a large picture, in heights of its letters
FEW = 10  # most values of an axis that are all written


def plane(
    images: np.ndarray, xs: Sequence[float], ys: Sequence[float], axes: Sequence[str]
) -> Image.Image:
    """Lay the images of a plane over its axes: x to the right, y upwards.

    Args:
        images: uint8 [Y, X, H, W, C], C = 1 or 3, in the order of
            `latent_space.arithmetic.plane`.
        xs: X values of x, left to right.
        ys: Y values of y, bottom to top.
        axes: Labels of the x and the y axis.

    Returns:
        The picture.

    Raises:
        ValueError: If there are no values, or not as many images as values, or the images are not
            uint8 or not of this shape.

    Example:
        >>> digits = np.zeros((2, 3, 28, 28, 1), np.uint8)
        >>> picture = plane(digits, xs=[-1, 0, 1], ys=[0, 1], axes=("z₀", "z₁"))
    """
    check_images(images, axes="Y, X, H, W")
    if not len(xs) or not len(ys):
        raise ValueError(
            f"`xs` and `ys` must have at least one value each. Received: {len(xs)} and {len(ys)}."
        )
    if images.shape[:2] != (len(ys), len(xs)):
        raise ValueError(
            f"`images` must have shape [{len(ys)}, {len(xs)}, H, W, C]. "
            f"Received: {list(images.shape)}."
        )
    field = _field(images)
    size = max(FONT_SIZE, field.width // CHARACTERS)
    x_ticks, y_ticks = ({at: write(text, size) for at, text in _ticks(v)} for v in (xs, ys))
    x_axis, y_axis = write(axes[0], size), write(axes[1], size).transpose(Image.Transpose.ROTATE_90)
    room = max(tick.width for tick in (*x_ticks.values(), *y_ticks.values()))
    across, down = max(field.width, x_axis.width), max(field.height, y_axis.height)
    width, height = field.width / len(xs), field.height / len(ys)  # of a cell
    left, right = room + 3 * size, size + max(0, math.ceil((room - width) / 2))
    page = Image.new("RGB", (left + across + right, down + 5 * size), "white")
    x, y = left + (across - field.width) // 2, size + (down - field.height) // 2
    page.paste(field, (x, y))
    for at, tick in x_ticks.items():
        _paste(page, tick, x + (at + 0.5) * width, size + down + size)
    for at, tick in y_ticks.items():
        _paste(page, tick, left - size / 2 - room / 2, y + field.height - (at + 0.5) * height)
    _paste(page, x_axis, left + across / 2, size + down + 2.75 * size)
    _paste(page, y_axis, size / 2 + y_axis.width / 2, size + down / 2)
    return page


def _field(images: np.ndarray) -> Image.Image:
    """The images without gaps, the first row of them at the bottom."""
    _, columns, height, width, _ = images.shape
    factor = max(1, min(whole_factor((height, width)), ACROSS // (columns * width)))
    return arrange([[enlarge(image, factor) for image in row] for row in reversed(images)])


def _ticks(values: Sequence[float]) -> list[tuple[int, str]]:
    """All of few values; of many, five or six at even distances, with both ends."""
    handful = 5 if len(values) % 2 else 6  # so that their places are symmetric
    count = len(values) if len(values) <= FEW else handful
    places = np.linspace(0, len(values) - 1, count).round().astype(int)
    return [(int(place), number_label(values[place], ".2f")) for place in places]


def _paste(page: Image.Image, part: Image.Image, x: float, y: float) -> None:
    """Paste a picture with its middle at x and y."""
    page.paste(part, (round(x - part.width / 2), round(y - part.height / 2)))
