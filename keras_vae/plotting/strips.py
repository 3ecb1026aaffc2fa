"""Images in labelled rows and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from ..files.pictures import CELL, MARGIN, arrange, check_images, enlarge, fitting_factor
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
        rows: R rows of K images, each uint8 [K, H, W, C], C = 1 or 3.
        labels: Labels above the K columns; they may have several lines.
        row_labels: Labels to the left of the R rows.
        title: Title above everything.
        cell: Pixels that the longer side of an enlarged image comes near to.

    Returns:
        The picture.

    Raises:
        ValueError: If a row has not as many images as there are labels, or none; or its images are
            not uint8 or not of this shape; or there are not as many row labels as rows.

    Example:
        >>> picture = strip([images[:3]], ["n = −1", "n = 0", "n = 1"], ["Smiling"])
        >>> picture.mode
        'RGB'
    """
    if not len(rows) or any(len(row) != len(labels) for row in rows):
        counts = sorted({len(row) for row in rows})
        raise ValueError(f"`rows` must have {len(labels)} images each. Received: {counts}.")
    if not len(labels):
        raise ValueError("`rows` must have at least one image each. Received: none.")
    if row_labels and len(row_labels) != len(rows):
        raise ValueError(f"`row_labels` must have {len(rows)} labels. Received: {len(row_labels)}.")
    for row in rows:
        check_images(row, "rows", "K, H, W")
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
