"""Images as lines of a .csv file, a number for each pixel, as Kaggle distributes digits and faces.

Either each pixel is a column (MNIST: `label,pixel0,pixel1,…`), or all of them are one text
(FER2013: `emotion,pixels,Usage`). Semicolons and tabs separate as commas do, and columns that are
neither, such as the row numbers that pandas writes, are not used.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import filterfalse, islice
from pathlib import Path

import numpy as np

from ..files.naming import printable, short
from ..files.regular import open_regular
from .account import Account
from .lists import decode_text
from .source import Origin, Source
from .splits import split_named
from .tree import read_small

LARGEST = 2**53  # of labels: above, float64 has no odd numbers
_SEPARATORS = (",", ";", "\t")
LEAST = 16  # pixels of an image, to tell images from lists
_TEXT, _USAGE = "pixels", "usage"  # columns of FER2013
# Columns that are no labels: row numbers, also as pandas names them, names of files, and splits.
_NO_LABELS = re.compile(
    rf"|index|unnamed: .*|id|image_?id|file_?name|{_USAGE}|split|partition", re.DOTALL
)
_LABELS = ("label", "labels", "class", "target", "emotion", "y")
_MISSING = ("", "na", "n/a", "null", "none")
_USAGES = {"publictest": 1, "privatetest": 2}  # FER2013's names of splits


@dataclass(frozen=True)
class _Table:
    """What the columns of a file are.

    Attributes:
        separator: Between two cells.
        header: Names of the columns; none without a header.
        pixels: Places of the pixels, or that of their text.
        label: Place of the label, or None.
        usage: Place of the split, or None.
        is_of_texts: Whether all pixels are one text.
    """

    separator: str
    header: list[str]
    pixels: list[int]
    label: int | None = None
    usage: int | None = None
    is_of_texts: bool = False

    def cells(self, row: str) -> list[str]:
        """Cut a line; quotes are read where texts are expected, not around numbers."""
        return _cells(row, self.separator) if self.is_of_texts else row.split(self.separator)

    def account(self, images: int) -> Account:
        """Say which column is what, and which ones are not used."""
        account = Account()
        account.taken["lines"] = images
        if _numbers_columns(self.header):
            account.notes.append("the first line numbers the columns")
        if self.label is not None:
            account.notes.append(f"labels: {self._shown(self.label)}{self._reason_for_label()}")
        if self.usage is not None:
            account.notes.append(f"split: {self._shown(self.usage)}")
        used = {*self.pixels, self.label, self.usage}
        unused = [place for place in range(len(self.header)) if place not in used]
        account.leave_out("not used", map(self._shown, unused))
        return account

    def _reason_for_label(self) -> str:
        if not self.header or _stem(self.header[self.label]) != _stem(self.header[self.pixels[0]]):
            return ""
        return ", since only the other columns of such names make an image"

    def _shown(self, place: int) -> str:
        name = printable(self.header[place]) if self.header else ""
        return f"column {name or place + 1}"


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
    table = _table(lines)
    if table.is_of_texts:
        cells = _cells(lines[-1], table.separator)[table.pixels[0] :]
        shape = _image_shape(len(cells[0].split())) if cells else None
    else:
        shape = _image_shape(len(table.pixels))
    if shape is None or math.prod(shape) < LEAST:
        if len(table.header) > LEAST and 2 * len(table.pixels) > len(table.header):
            raise ValueError(
                f"{location} must have as many columns of pixels as a square has, which are named "
                "alike, such as pixel0, pixel1, …, and one of labels, such as label. "
                f"Received: {short(table.header)}."
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
    table = _table(list(islice(rows.values(), 2)))
    if table.header:
        del rows[next(iter(rows))]
    if not rows:
        raise ValueError(f"{location} must have a line for each image. Received: a header alone.")
    try:
        pixels, labels = (_texts if table.is_of_texts else _columns)(rows, table)
        partition = None if table.usage is None else _splits(rows, table)
    except _WrongLineError as error:
        raise ValueError(f"{location}, line {error}") from error
    shape = _image_shape(pixels.shape[1])
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
        account=table.account(len(images)),
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


def _columns(rows: dict[int, str], table: _Table) -> tuple[np.ndarray, np.ndarray | None]:
    """Read lines with a column for each pixel: pixels [N, P] and labels [N] or None."""
    widths = {number: row.count(table.separator) + 1 for number, row in rows.items()}
    first = next(iter(rows))
    if table.header and len(table.header) != widths[first]:
        raise _WrongLineError(first, _as_many_as(table.header), f"{widths[first]}")
    for number, width in widths.items():
        _check_width(number, width, widths[first])
    used = [*table.pixels, *([] if table.label is None else [table.label])]
    every = len(used) == widths[first]  # NumPy takes twice as long to choose columns
    try:
        numbers = np.loadtxt(
            rows.values(),
            np.float64,
            delimiter=table.separator,
            comments=None,
            ndmin=2,
            usecols=None if every else used,
        )
    except ValueError:
        cut = ((number, table.cells(row)) for number, row in rows.items())
        _check_numbers((number, [cells[place] for place in used]) for number, cells in cut)
        raise
    numbers = numbers[:, used] if every else numbers
    pixels = numbers[:, : len(table.pixels)]
    return _whole(pixels), None if table.label is None else _labels(numbers[:, -1], rows)


def _texts(rows: dict[int, str], table: _Table) -> tuple[np.ndarray, np.ndarray | None]:
    """Read lines with all pixels in one text: pixels [N, P], and labels [N] or None."""
    lines = {number: table.cells(row) for number, row in rows.items()}
    for number, cells in lines.items():
        if len(cells) < len(table.header):
            raise _WrongLineError(number, _as_many_as(table.header), f"{len(cells)}")
    place = table.pixels[0]
    pixels = _numbers({number: cells[place].split() for number, cells in lines.items()})
    if table.label is None:
        return _whole(pixels), None
    known = _numbers({number: [cells[table.label]] for number, cells in lines.items()})
    return _whole(pixels), _labels(known[:, 0], rows)


def _splits(rows: dict[int, str], table: _Table) -> np.ndarray:
    """Read the split of each line, int8 [N]."""
    splits = []
    for number, row in rows.items():
        word = table.cells(row)[table.usage]
        splits.append(_split_of(word.strip().casefold()))
        if splits[-1] is None:
            raise _WrongLineError(number, "name a split, such as Training", short(word))
    return np.array(splits, np.int8)


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
        _check_width(number, len(cells), width)
        wrong = next(filterfalse(_is_number, cells), None)
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
        if line.strip() and not (number == 1 and line[:4].lower() == "sep=")
    }


def _separator(lines: list[str]) -> str:
    """Return what separates most cells of the first line."""
    return max(_SEPARATORS, key=lines[0].count) if lines else _SEPARATORS[0]


def _table(lines: list[str]) -> _Table:
    """Find out what the columns are, by the header or else by the number of cells.

    Columns of pixels have the same name but for its numbers. The label has one of `_LABELS`, or is
    the only other column, of numbers. Otherwise, and without a header, it is the first column of
    pixels if the others are an image.

    Args:
        lines: The first two.
    """
    separator = _separator(lines)
    header = _header(lines, separator)
    if not header:
        width = len(_cells(lines[0], separator)) if lines else 0
        return _Table(separator, [], *_without_label([*range(width)]))
    folded = [name.casefold() for name in header]
    is_of_texts = _TEXT in folded
    pixels = [folded.index(_TEXT)] if is_of_texts else _alike(folded)
    others = {name: place for place, name in enumerate(folded) if place not in {*pixels}}
    label = next((others[name] for name in _LABELS if name in others), None)
    if label is None and not is_of_texts:
        candidates = [place for name, place in others.items() if not _NO_LABELS.fullmatch(name)]
        if len(candidates) == 1 and not _is_text(lines, candidates[0], separator):
            (label,) = candidates
        else:
            pixels, label = _without_label(pixels)
    return _Table(separator, header, pixels, label, others.get(_USAGE), is_of_texts)


def _alike(names: list[str]) -> list[int]:
    """Return the places of the names that differ in their numbers alone, the most of a kind."""
    stems = list(map(_stem, names))
    times = Counter(stems)
    most = max(times.values())
    return [place for place, stem in enumerate(stems) if times[stem] == most > 1]


def _stem(name: str) -> str:
    return re.sub(r"\d+", "0", name.casefold())


def _without_label(places: list[int]) -> tuple[list[int], int | None]:
    """Return columns of pixels, and the first as label if only the others are an image."""
    if places and _image_shape(len(places)) is None and _image_shape(len(places) - 1):
        return places[1:], places[0]
    return places, None


def _is_text(lines: list[str], place: int, separator: str) -> bool:
    """Whether the first line after the header has a text at a place."""
    cells = [cell for line in lines[1:] for cell in _cells(line, separator)]
    return place < len(cells) and not _is_number(cells[place])


def _header(lines: list[str], separator: str) -> list[str]:
    """Return the names of the columns; none if the first line is an image.

    A cell that is neither a number nor a missing one is a name. Columns without names are numbered
    by pandas, at times after a column of row numbers, whose own name is empty.
    """
    cells = [cell.strip() for cell in _cells(lines[0], separator)] if lines else []
    if _numbers_columns(cells):
        return cells
    named = any(cell.casefold() not in _MISSING and not _is_number(cell) for cell in cells)
    return cells if named else []


def _numbers_columns(cells: list[str]) -> bool:
    """Whether cells number columns from 0, but for an empty first one."""
    numbers = cells[1:] if cells[:1] == [""] else cells
    return bool(numbers) and numbers == [*map(str, range(len(numbers)))]


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


def _image_shape(pixels: int) -> tuple[int, ...] | None:
    """Return the shape of a square image, gray or else colour; None if there is none."""
    side = math.isqrt(pixels)
    if side * side == pixels:
        return side, side
    side = math.isqrt(pixels // 3)
    return (side, side, 3) if 3 * side * side == pixels else None
