"""Which columns of a .csv file are pixels, labels and splits."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from dataclasses import dataclass

from ..files.naming import printable
from .account import Account

_SEPARATORS = (",", ";", "\t")
_TEXT, _USAGE = "pixels", "usage"  # columns of FER2013
# Columns that are no labels: row numbers, also as pandas names them, names of files, and splits.
_NO_LABELS = re.compile(
    rf"|index|unnamed: .*|id|image_?id|file_?name|{_USAGE}|split|partition", re.DOTALL
)
_LABELS = ("label", "labels", "class", "target", "emotion", "y")
_MISSING = ("", "na", "n/a", "null", "none")


@dataclass(frozen=True)
class Columns:
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


def columns_of(lines: list[str]) -> Columns:
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
        return Columns(separator, [], *_without_label([*range(width)]))
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
    return Columns(separator, header, pixels, label, others.get(_USAGE), is_of_texts)


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
    if places and image_shape(len(places)) is None and image_shape(len(places) - 1):
        return places[1:], places[0]
    return places, None


def _is_text(lines: list[str], place: int, separator: str) -> bool:
    """Whether the first line after the header has a text at a place."""
    cells = [cell for line in lines[1:] for cell in _cells(line, separator)]
    return place < len(cells) and not is_number(cells[place])


def _header(lines: list[str], separator: str) -> list[str]:
    """Return the names of the columns; none if the first line is an image.

    A cell that is neither a number nor a missing one is a name. Columns without names are numbered
    by pandas, at times after a column of row numbers, whose own name is empty.
    """
    cells = [cell.strip() for cell in _cells(lines[0], separator)] if lines else []
    if _numbers_columns(cells):
        return cells
    named = any(cell.casefold() not in _MISSING and not is_number(cell) for cell in cells)
    return cells if named else []


def _numbers_columns(cells: list[str]) -> bool:
    """Whether cells number columns from 0, but for an empty first one."""
    numbers = cells[1:] if cells[:1] == [""] else cells
    return bool(numbers) and numbers == [*map(str, range(len(numbers)))]


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, as NumPy reads numbers."""
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator) if line else []
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a cell of more letters than `csv` takes
        return []


def _separator(lines: list[str]) -> str:
    """Return what separates most cells of the first line."""
    return max(_SEPARATORS, key=lines[0].count) if lines else _SEPARATORS[0]


def image_shape(pixels: int) -> tuple[int, ...] | None:
    """Return the shape of a square image, gray or else colour; None if there is none."""
    side = math.isqrt(pixels)
    if side * side == pixels:
        return side, side
    side = math.isqrt(pixels // 3)
    return (side, side, 3) if 3 * side * side == pixels else None
