"""Images in labelled rows and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..files.pictures import CELL, MARGIN, enlarge, fitting_factor
from .lettering import number_label, shorten, text_size, write


def strip(
    rows: Sequence[np.ndarray],
    labels: Sequence[str],
    row_labels: Sequence[str] | None = None,
    title: str | None = None,
    cell: int = CELL,
) -> Image.Image:
    """Lay images out in labelled columns; columns are as wide as their labels need.

    Args:
        rows: R rows of K images, each uint8 [K, H, W, C].
        labels: What stands above each of the K columns; it may have several lines.
        row_labels: What stands left of each row.
        title: What stands above everything.
        cell: Pixels that the longer side of an enlarged image comes near to.

    Returns:
        The picture.

    Raises:
        ValueError: If there are not as many images as labels.
    """
    if not len(rows) or any(len(row) != len(labels) for row in rows):
        counts = sorted({len(row) for row in rows})
        raise ValueError(f"`rows` must have {len(labels)} images each. Received: {counts}.")
    factor = fitting_factor(rows[0].shape[1:3], len(labels), cell)
    height, width = (side * factor for side in rows[0].shape[1:3])
    names = [shorten(label) for label in row_labels or [""] * len(rows)]
    name_width = max(text_size(name)[0] + 2 * MARGIN for name in names) if any(names) else 0
    widths = [max(width, text_size(label)[0]) + 2 * MARGIN for label in labels]
    title_height = text_size(title)[1] + 3 * MARGIN if title else 0
    top = title_height + max(text_size(label)[1] for label in labels) + 3 * MARGIN
    across = max(name_width + sum(widths), text_size(title or "")[0] + 2 * MARGIN)
    picture = Image.new("RGB", (across, top + len(rows) * (height + 2 * MARGIN)), "white")
    if title:
        write(picture, title, (across // 2, (title_height + MARGIN) // 2))
    left = name_width
    for column, (label, column_width) in enumerate(zip(labels, widths, strict=True)):
        centre = left + column_width // 2
        write(picture, label, (centre, (title_height + top) // 2))
        for number, row in enumerate(rows):
            place = (centre - width // 2, top + number * (height + 2 * MARGIN))
            picture.paste(enlarge(row[column], factor), place)
        left += column_width
    for number, name in enumerate(names):
        middle = top + number * (height + 2 * MARGIN) + height // 2
        write(picture, name, (name_width // 2, middle))
    return picture


def step_label(step: float, zero: str = "reconstruction") -> str:
    """Label one n of a morph, such as "n = −0.5".

    Args:
        step: n.
        zero: What the image at n = 0 is.
    """
    return f"n = {number_label(step)}" if step else f"n = 0\n({zero})"
