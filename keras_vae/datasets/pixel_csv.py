"""Images as lines of a .csv file, a number for each pixel, as Kaggle distributes digits and faces.

Either each pixel is a column (MNIST: `label,pixel0,pixel1,…`), or all of them are one text
(FER2013: `emotion,pixels,Usage`). Semicolons and tabs separate as commas do, and row numbers, as
pandas writes them in a column without a name, are skipped.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable
from functools import partial
from itertools import filterfalse, islice
from pathlib import Path

import numpy as np

from ..files.naming import short
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
_MISSING = ("", "na", "n/a", "null", "none")
_USAGES = {"publictest": 1, "privatetest": 2}  # FER2013's names of splits


def find(location: Path, name: str) -> Origin | None:
    """Find pixels in a .csv file; None for other files, and for lists."""
    if location.suffix.lower() != ".csv" or location.is_dir():
        return None
    with open_regular(location) as stream:
        rows = _rows(decode_text(stream.read(2**20), str(location)))
    lines = list(islice(rows.values(), 2))
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
        "lines of pixels in a .csv file",
        location,
        (location,),
        partial(read, location),
        shape[:2],
        channels,
    )


def read(location: Path) -> Source:
    """Read the images into memory.

    Raises:
        ValueError: If there are no lines, they have different numbers of pixels, or these make no
            square image.
    """
    rows = _rows(decode_text(read_small(location), str(location)))
    lines = list(islice(rows.values(), 1))
    separator = _separator(lines)
    header = _header(lines, separator)
    if header:
        del rows[next(iter(rows))]
    if not rows:
        raise ValueError(f"{location} must have a line for each image. Received: a header alone.")
    try:
        if "pixels" in header:
            pixels, labels, partition = _texts(rows, header, separator)
        else:
            pixels, labels = _columns(rows, header, separator)
            partition = None
    except _WrongLineError as error:
        raise ValueError(f"{location}, line {error}") from error
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


class _WrongLineError(Exception):
    """A line is not like the others, or as its header says.

    Args:
        number: Of the line, from 1.
        expected: What it must be: a clause.
        received: What it is.
    """

    def __init__(self, number: int, expected: str, received: str) -> None:
        super().__init__(f"{number}, must {expected}. Received: {received}.")


def _columns(
    rows: dict[int, str], header: list[str], separator: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read lines with a column for each pixel: pixels [N, P] and labels [N] or None."""
    try:
        table = np.loadtxt(rows.values(), np.float64, delimiter=separator, comments=None, ndmin=2)
    except ValueError:
        _check_numbers((number, row.split(separator)) for number, row in rows.items())
        raise
    if header and len(header) != table.shape[1]:
        raise _WrongLineError(next(iter(rows)), _as_many_as(header), f"{table.shape[1]}")
    skipped = _skipped(header)
    header, table = header[skipped:], table[:, skipped:]
    label = _label_column(header, table.shape[1])
    if label is None:
        return _whole(table), None
    return _whole(np.delete(table, label, axis=1)), _labels(table[:, label], rows)


def _texts(
    rows: dict[int, str], header: list[str], separator: str
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Read lines with all pixels in one text: pixels [N, P], labels [N] and splits [N] or None."""
    table = {number: _cells(row, separator) for number, row in rows.items()}
    for number, cells in table.items():
        if len(cells) < len(header):
            raise _WrongLineError(number, _as_many_as(header), f"{len(cells)}")
    texts = {number: cells[header.index("pixels")].split() for number, cells in table.items()}
    pixels, labels = _numbers(texts), None
    label = _label_column(header, 0)
    if label is not None:
        known = _numbers({number: [cells[label]] for number, cells in table.items()})
        labels = _labels(known[:, 0], rows)
    if "usage" not in header:
        return _whole(pixels), labels, None
    usage = header.index("usage")
    splits = {number: _split_of(cells[usage].casefold()) for number, cells in table.items()}
    for number, split in splits.items():
        if split is None:
            received = short(table[number][usage])
            raise _WrongLineError(number, "name a split, such as Training", received)
    return _whole(pixels), labels, np.array(list(splits.values()), np.int8)


def _as_many_as(header: list[str]) -> str:
    return f"have {len(header)} cells, as the first"


def _split_of(word: str) -> int | None:
    return _USAGES.get(word, split_named(word))


def _numbers(table: dict[int, list[str]]) -> np.ndarray:
    try:
        return np.array(list(table.values()), np.float64)
    except ValueError:
        _check_numbers(table.items())
        raise


def _check_numbers(lines: Iterable[tuple[int, list[str]]]) -> None:
    """Check that each line has as many cells as the first, all of them numbers."""
    width = None
    for number, cells in lines:
        width = len(cells) if width is None else width
        if len(cells) != width:
            raise _WrongLineError(number, f"have {width} numbers, as the first", f"{len(cells)}")
        wrong = next(filterfalse(_is_number, cells), None)
        if wrong is not None:
            raise _WrongLineError(number, "hold numbers", short(wrong))


def _whole(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as uint8 if they are whole numbers of 0 … 255, otherwise as float32."""
    plain = np.clip(np.nan_to_num(pixels), 0, 255).astype(np.uint8)
    if (plain == pixels).all() and plain.max(initial=0) > 1:
        return plain
    with np.errstate(over="ignore"):  # infinite pixels are refused when they are converted
        return pixels.astype(np.float32)


def _labels(values: np.ndarray, rows: Collection[int]) -> np.ndarray:
    """Return labels as int64; refuse one that is no whole number, by its line."""
    wrong = np.flatnonzero((values != np.rint(values)) | (np.abs(values) >= LARGEST))
    if wrong.size:
        number = list(rows)[wrong[0]]
        expected = f"have a whole number below {LARGEST:,} as its label"
        raise _WrongLineError(number, expected, f"{values[wrong[0]]:g}")
    return values.astype(np.int64)


def _rows(text: str) -> dict[int, str]:
    """Return the lines by their numbers, without empty ones and Excel's, a separator's name."""
    return {
        number: line
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not (number == 1 and line[:4].lower() == "sep=")
    }


def _separator(lines: list[str]) -> str:
    """Return what separates most cells of the first line."""
    return max(_SEPARATORS, key=lines[0].count) if lines else _SEPARATORS[0]


def _skipped(header: list[str]) -> int:
    """Return the number of columns of row numbers: 1 or 0."""
    return int(header[:1] != [] and header[0] in _ROW_NUMBERS)


def _header(lines: list[str], separator: str) -> list[str]:
    """Return the names of the columns in lower case; none if the first line is an image.

    A cell that is neither a number nor a missing one is a name. Columns without names are numbered
    by pandas, after a column of row numbers, whose own name is empty.
    """
    cells = [cell.strip().casefold() for cell in _cells(lines[0], separator)] if lines else []
    if cells == ["", *map(str, range(len(cells) - 1))]:
        return cells
    return cells if any(cell not in _MISSING and not _is_number(cell) for cell in cells) else []


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell  # as NumPy reads numbers


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
