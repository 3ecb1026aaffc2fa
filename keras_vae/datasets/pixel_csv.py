"""Images as lines of a .csv file, a number for each pixel, as Kaggle distributes digits and faces.

Either each pixel is a column (MNIST: `label,pixel0,pixel1,…`), or all of them are one text
(FER2013: `emotion,pixels,Usage`). Semicolons and tabs separate as commas do, and columns that are
neither, such as the row numbers that pandas writes, are not used.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from functools import partial
from itertools import filterfalse, islice
from pathlib import Path

import numpy as np

from ..files.naming import short
from ..files.regular import open_regular
from .lists import LARGEST, decode_text, is_separator
from .pixel_columns import Columns, columns_of, image_shape, is_number
from .source import Origin, Source
from .splits import split_named
from .tree import read_small

LEAST = 16  # pixels of an image, to tell images from lists
_USAGES = {"publictest": 1, "privatetest": 2}  # FER2013's names of splits


def find(location: Path, name: str) -> Origin | None:
    """Find pixels in a .csv file; None for other files, and for lists.

    Raises:
        ValueError: If most columns are named as pixels, but they make no image.
    """
    if location.suffix.lower() != ".csv" or location.is_dir():
        return None
    with open_regular(location) as stream:
        rows = _rows(decode_text(stream.read(2**20), str(location)))
    lines = list(islice(rows.values(), 2))
    columns = columns_of(lines)
    if columns.is_of_texts:
        cells = columns.cells(lines[-1])[columns.pixels[0] :]
        shape = image_shape(len(cells[0].split())) if cells else None
    else:
        shape = image_shape(len(columns.pixels))
    if shape is None or math.prod(shape) < LEAST:
        if len(columns.header) > LEAST and 2 * len(columns.pixels) > len(columns.header):
            raise ValueError(
                f"{location} must have as many columns of pixels as a square has, which are named "
                "alike, such as pixel0, pixel1, …, and one of labels, such as label. "
                f"Received: {short(columns.header)}."
            )
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
    columns = columns_of(list(islice(rows.values(), 2)))
    if columns.header:
        del rows[next(iter(rows))]
    if not rows:
        raise ValueError(f"{location} must have a line for each image. Received: a header alone.")
    try:
        pixels, labels = (_in_texts if columns.is_of_texts else _in_columns)(rows, columns)
        partition = None if columns.usage is None else _splits(rows, columns)
    except _WrongLineError as error:
        raise ValueError(f"{location}, line {error}") from error
    shape = image_shape(pixels.shape[1])
    if shape is None or math.prod(shape) < LEAST:
        raise ValueError(
            f"{location} must hold square images of at least {LEAST} pixels. "
            f"Received: {pixels.shape[1]} pixels."
        )
    images = pixels.reshape(-1, *shape)
    return Source(
        len(images),
        lambda: iter(images),
        partition=partition,
        labels=labels,
        account=columns.account(len(images)),
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


def _in_columns(rows: dict[int, str], columns: Columns) -> tuple[np.ndarray, np.ndarray | None]:
    """Read lines with a column for each pixel: pixels [N, P] and labels [N] or None."""
    widths = {number: row.count(columns.separator) + 1 for number, row in rows.items()}
    first = next(iter(rows))
    if columns.header and len(columns.header) != widths[first]:
        raise _WrongLineError(first, _as_many_as(columns.header), f"{widths[first]}")
    for number, width in widths.items():
        _check_width(number, width, widths[first])
    used = [*columns.pixels, *([] if columns.label is None else [columns.label])]
    every = len(used) == widths[first]  # NumPy takes twice as long to choose columns
    try:
        numbers = np.loadtxt(
            rows.values(),
            np.float64,
            delimiter=columns.separator,
            comments=None,
            ndmin=2,
            usecols=None if every else used,
        )
    except ValueError:
        cut = ((number, columns.cells(row)) for number, row in rows.items())
        _check_numbers((number, [cells[place] for place in used]) for number, cells in cut)
        raise
    numbers = numbers[:, used] if every else numbers
    pixels = numbers[:, : len(columns.pixels)]
    return _whole(pixels), None if columns.label is None else _labels(numbers[:, -1], rows)


def _in_texts(rows: dict[int, str], columns: Columns) -> tuple[np.ndarray, np.ndarray | None]:
    """Read lines with all pixels in one text: pixels [N, P], and labels [N] or None."""
    lines = {number: columns.cells(row) for number, row in rows.items()}
    for number, cells in lines.items():
        if len(cells) < len(columns.header):
            raise _WrongLineError(number, _as_many_as(columns.header), f"{len(cells)}")
    place = columns.pixels[0]
    pixels = _numbers({number: cells[place].split() for number, cells in lines.items()})
    if columns.label is None:
        return _whole(pixels), None
    known = _numbers({number: [cells[columns.label]] for number, cells in lines.items()})
    return _whole(pixels), _labels(known[:, 0], rows)


def _splits(rows: dict[int, str], columns: Columns) -> np.ndarray:
    """Read the split of each line, int8 [N]."""
    splits = []
    for number, row in rows.items():
        word = columns.cells(row)[columns.usage]
        splits.append(_split_of(word.strip().casefold()))
        if splits[-1] is None:
            raise _WrongLineError(number, "name a split, such as Training", short(word))
    return np.array(splits, np.int8)


def _as_many_as(header: list[str]) -> str:
    return f"have {len(header)} cells, as the first"


def _split_of(word: str) -> int | None:
    return _USAGES.get(word, split_named(word))


def _numbers(lines: dict[int, list[str]]) -> np.ndarray:
    try:
        return np.array(list(lines.values()), np.float64)
    except ValueError:
        _check_numbers(lines.items())
        raise


def _check_numbers(lines: Iterable[tuple[int, list[str]]]) -> None:
    """Check that each line has as many cells as the first, all of them numbers."""
    width = None
    for number, cells in lines:
        width = len(cells) if width is None else width
        _check_width(number, len(cells), width)
        wrong = next(filterfalse(is_number, cells), None)
        if wrong is not None:
            raise _WrongLineError(number, "hold numbers", short(wrong))


def _check_width(number: int, found: int, width: int) -> None:
    if found != width:
        raise _WrongLineError(number, f"have {width} numbers, as the first", f"{found}")


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
        if line.strip() and not (number == 1 and is_separator(line))
    }
