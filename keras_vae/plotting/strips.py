"""Images in labelled rows and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from ..files.pictures import CELL, MARGIN, arrange, enlarge, fitting_factor
from .lettering import shorten, write


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
        labels: Labels above the K columns; they may have several lines.
        row_labels: Labels to the left of the R rows.
        title: Title above everything.
        cell: Pixels that the longer side of an enlarged image comes near to.

    Returns:
        The picture.

    Raises:
        ValueError: If there are not as many images as labels.

    Example:
        >>> picture = strip([images[:3]], ["n = −1", "n = 0", "n = 1"], ["Smiling"])
        >>> picture.mode
        'RGB'
    """
    if not len(rows) or any(len(row) != len(labels) for row in rows):
        counts = sorted({len(row) for row in rows})
        raise ValueError(f"`rows` must have {len(labels)} images each. Received: {counts}.")
    factor = fitting_factor(rows[0].shape[1:3], len(labels), cell)
    table = [[write(label) for label in labels]]
    table += [[enlarge(image, factor) for image in row] for row in rows]
    if row_labels and any(row_labels):
        names = ["", *map(shorten, row_labels)]
        table = [[write(name), *row] for name, row in zip(names, table, strict=True)]
    page = arrange(table, 2 * MARGIN)
    if title:
        page = arrange([[write(title)], [page]], 3 * MARGIN)
    return ImageOps.expand(page, (MARGIN, MARGIN, MARGIN, 2 * MARGIN), "white")
