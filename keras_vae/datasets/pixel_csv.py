"""Images as lines of a .csv file, a number for each pixel, as Kaggle distributes digits and faces.

Either each pixel is a column (MNIST: `label,pixel0,pixel1,…`), or all of them are one text
(FER2013: `emotion,pixels,Usage`). Semicolons and tabs separate as commas do, and row numbers, as
pandas writes them in a column without a name, are skipped.
"""

from __future__ import annotations

import csv
import math
from functools import partial
from pathlib import Path

import numpy as np

from ..files.regular import open_regular
from .account import Account
from .lists import decode_text
from .source import Origin, Source
from .splits import split_named
from .tree import read_small

LARGEST = 2**53  # of labels: above, float64 has no odd numbers
_SEPARATORS = (",", ";", "\t")
LEAST = 16  # pixels of an image, to tell images from lists
_ROW_NUMBERS = ("", "index", "unnamed: 0")
_LABELS = ("label", "labels", "class", "target", "emotion", "y")
_USAGES = {"publictest": 1, "privatetest": 2}  # FER2013's names of splits


def find(location: Path, name: str) -> Origin | None:
    """Find pixels in a .csv file; None for other files, and for lists."""
    if location.suffix.lower() != ".csv" or location.is_dir():
        return None
    with open_regular(location) as stream:
        lines = _lines(decode_text(stream.read(2**20), str(location)))[:2]
    separator = _separator(lines)
    header = _header(lines, separator)
    if "pixels" in header:
        cells = _cells(lines[-1], separator)[header.index("pixels") :]
        shape = _image_shape(len(cells[0].split())) if cells else None
    else:
        width = len(_cells(lines[0], separator)[_skipped(header) :]) if lines else 0
        header = header[_skipped(header) :]
        shape = _image_shape(width - (_label_column(header, width) is not None))
    if shape is None or math.prod(shape) < LEAST:
        return None
    channels = shape[2] if len(shape) == 3 else 1
    return Origin(
        "pixels in a .csv file", location, (location,), partial(read, location), shape[:2], channels
    )


def read(location: Path) -> Source:
    """Read the images into memory.

    Raises:
        ValueError: If there are no lines, they have different numbers of pixels, or these make no
            square image.
    """
    lines = _lines(decode_text(read_small(location), str(location)))
    separator = _separator(lines)
    header = _header(lines[:1], separator)
    rows = [line for line in lines[bool(header) :] if line.strip()]
    if not rows:
        raise ValueError(f"{location} must have a line for each image. Received: a header alone.")
    try:
        if "pixels" in header:
            pixels, labels, partition = _texts(rows, header, separator)
        else:
            pixels, labels = _columns(rows, header, separator)
            partition = None
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"{location} must have the same numbers in each line. Received: {error}."
        ) from error
    shape = _image_shape(pixels.shape[1])
    if shape is None or math.prod(shape) < LEAST:
        raise ValueError(
            f"{location} must hold square images of at least {LEAST} pixels. "
            f"Received: {pixels.shape[1]} pixels."
        )
    images = pixels.reshape(-1, *shape)
    account = Account()
    account.taken["lines"] = len(images)
    return Source(
        len(images), lambda: iter(images), partition=partition, labels=labels, account=account
    )


def _columns(
    rows: list[str], header: list[str], separator: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read lines with a column for each pixel: pixels [N, P] and labels [N] or None."""
    table = np.loadtxt(rows, np.float64, delimiter=separator, comments=None, ndmin=2)
    skipped = _skipped(header)
    header, table = header[skipped:], table[:, skipped:]
    label = _label_column(header, table.shape[1])
    if label is None:
        return _whole(table), None
    return _whole(np.delete(table, label, axis=1)), _labels(table[:, label])


def _texts(
    rows: list[str], header: list[str], separator: str
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Read lines with all pixels in one text: pixels [N, P], labels [N] and splits [N] or None."""
    table = [_cells(row, separator) for row in rows]
    pixels = np.array([row[header.index("pixels")].split() for row in table], np.float64)
    label = _label_column(header, 0)
    labels = None if label is None else _labels(np.array([row[label] for row in table], float))
    if "usage" not in header:
        return _whole(pixels), labels, None
    words = [row[header.index("usage")].casefold() for row in table]
    splits = [_USAGES.get(word, split_named(word)) for word in words]
    if None in splits:
        raise ValueError(f"{words[splits.index(None)]!r} as a split")
    return _whole(pixels), labels, np.array(splits, np.int8)


def _whole(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as uint8 if they are whole numbers of 0 … 255, otherwise as float32."""
    plain = np.clip(np.nan_to_num(pixels), 0, 255).astype(np.uint8)
    if (plain == pixels).all() and plain.max(initial=0) > 1:
        return plain
    with np.errstate(over="ignore"):  # infinite pixels are refused when they are converted
        return pixels.astype(np.float32)


def _labels(values: np.ndarray) -> np.ndarray:
    """Return labels as int64.

    Raises:
        ValueError: If one is no whole number.
    """
    wrong = values[(values != np.rint(values)) | (np.abs(values) >= LARGEST)]
    if wrong.size:
        raise ValueError(f"{wrong[0]:g} as a label")
    return values.astype(np.int64)


def _lines(text: str) -> list[str]:
    """Return the lines, without the first of Excel, which names the separator."""
    lines = text.splitlines()
    return lines[1:] if text[:4].lower() == "sep=" else lines


def _separator(lines: list[str]) -> str:
    """Return what separates most cells of the first line."""
    return max(_SEPARATORS, key=lines[0].count) if lines else _SEPARATORS[0]


def _skipped(header: list[str]) -> int:
    """Return the number of columns of row numbers: 1 or 0."""
    return int(header[:1] != [] and header[0] in _ROW_NUMBERS)


def _header(lines: list[str], separator: str) -> list[str]:
    """Return the names of the columns in lower case; none if the first line holds numbers."""
    cells = [cell.strip().casefold() for cell in _cells(lines[0], separator)] if lines else []
    return [] if all(cell.replace(".", "").lstrip("-").isdecimal() for cell in cells) else cells


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator) if line else []
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a cell of more letters than `csv` takes
        return []


def _label_column(header: list[str], width: int) -> int | None:
    """Return the column of the label: by its name, or the first if the others are an image."""
    for name in _LABELS:
        if name in header:
            return header.index(name)
    return 0 if width and _image_shape(width) is None and _image_shape(width - 1) else None


def _image_shape(pixels: int) -> tuple[int, ...] | None:
    """Return the shape of a square image, gray or else colour; None if there is none."""
    side = math.isqrt(pixels)
    if side * side == pixels:
        return side, side
    side = math.isqrt(pixels // 3)
    return (side, side, 3) if 3 * side * side == pixels else None
