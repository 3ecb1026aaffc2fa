"""Lists of what is known of images: attributes, splits, identities, landmarks.

CelebA's lists are separated by blanks, Kaggle's by commas, and people write their own in
spreadsheets and with pandas. All have one line for each image, with its name and its values.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

import numpy as np

from ..files.formats import FORMATS, HEIF
from ..files.naming import printable, short
from ..files.regular import HEAD, content_kind
from .splits import SPLITS, split_named
from .tree import read_small

_SEPARATORS = (";", "\t", ",")  # of several, the first; of none, blanks
# Five points of each face. CelebA also has those of its aligned photos, which nothing uses.
LANDMARK_LIST = re.compile(r"(list_)?landmarks?(_celeba)?\.(txt|csv|tsv)", re.IGNORECASE)
# Lists of what nothing uses: who is in a photo, where the face is, and other landmarks.
UNUSED_LIST = re.compile(r"(list_)?(identit|landmark|bbox)\w*\.(txt|csv|tsv)", re.IGNORECASE)
LOOK = 20  # lines that are looked at
LONGEST = 131_072  # letters of a line; `csv` takes no more in a cell
LARGEST = 2**53  # of whole numbers, also in other tables: above, float64 has no odd ones
DEEPEST = 64  # parts of a path that tell images apart
_ENDINGS = tuple(ending for endings in FORMATS.values() for ending in endings) + HEIF
_INDEX_HEADS = ("", "index", "unnamed: 0")
_WORDS = {"true": 1, "false": 0, "yes": 1, "no": 0}


def attribute(cell: str) -> int:
    """Parse −1, 0 or 1, also as 1.0, or True or False."""
    word = _WORDS.get(cell.lower())
    value = float(cell) if word is None else word
    if value not in (-1, 0, 1):
        raise ValueError
    return int(value)


def split(cell: str) -> int:
    """Parse 0, 1 or 2, or the name of a split."""
    named = split_named(cell)
    value = float(cell) if named is None else named
    if value not in SPLITS.values():
        raise ValueError
    return int(value)


def whole_number(cell: str) -> int:
    """Parse a whole number below 2^53, also as 7.0."""
    value = float(cell)
    if value != int(value) or abs(value) >= LARGEST:
        raise ValueError
    return int(value)


def finite_number(cell: str) -> float:
    """Parse a number that is neither NaN nor infinite."""
    value = float(cell)
    if not np.isfinite(value):
        raise ValueError
    return value


# What the values of a list are → the type of their array, and words for an error.
EXPECTED: dict[Callable[[str], float], tuple[type[np.number], str]] = {
    attribute: (np.int8, "−1, 0 or 1"),
    split: (np.int8, "0 (train), 1 (validation), 2 (test), or the name of a split"),
    whole_number: (np.int64, "a whole number"),
    finite_number: (np.float64, "a number"),
}


@dataclass(frozen=True, eq=False)
class ImageList:
    """The lines of a list.

    Attributes:
        file: Where it was read from, for errors.
        columns: Names of the values of each image.
        names: The images, as the list names them.
        numbers: The line of each image.
    """

    file: str
    columns: tuple[str, ...]
    names: list[str]
    numbers: array[int]
    _lines: list[str]
    _cut: Callable[[str], list[str]]
    _skipped: int

    def values(self, rows: Sequence[int], parse: Callable[[str], float]) -> np.ndarray:
        """Parse the values of some images.

        Args:
            rows: Which of the images.
            parse: Parses a value: `attribute`, `split`, `whole_number` or `finite_number`.

        Returns:
            [len(rows), columns], int8, int64 or float64.

        Raises:
            ValueError: If a value is not as expected; the message names file and line.
        """
        known: dict[str, float] = {}
        table = np.empty((len(rows), len(self.columns)), EXPECTED[parse][0])
        for place, row in enumerate(rows):
            cells = self._cut(self._lines[row])[self._skipped :]
            try:
                table[place] = [known[cell] for cell in cells]
            except KeyError:
                known |= {cell: self._parsed(cell, row, parse) for cell in cells}
                table[place] = [known[cell] for cell in cells]
        return table

    def rows_of(self, photos: Sequence[str]) -> list[int]:
        """Find the line of each photo: −1 for one that the list does not name.

        Case, ending, leading zeros and folders in front do not matter, as far as they are not
        needed to tell images apart.

        Raises:
            ValueError: If a line describes two photos.
        """
        depth, lines = self._rows_by_key
        rows = [lines.get(_key(photo, depth), -1) for photo in photos]
        matched: dict[int, str] = {}
        for row, photo in zip(rows, photos, strict=True):
            if row >= 0 and matched.setdefault(row, photo) != photo:
                raise ValueError(
                    f"{self.file}, line {self.numbers[row]}, must describe one image. Received: "
                    f"{printable(matched[row])} and {printable(photo)}, which both match "
                    f"{short(self.names[row])}."
                )
        return rows

    @cached_property
    def _rows_by_key(self) -> tuple[int, dict[str, int]]:
        """Number of path parts that tell the images apart, and the row of each by its key."""
        deepest = max((name.replace("\\", "/").count("/") + 1 for name in self.names), default=1)
        for depth in range(1, min(deepest, DEEPEST) + 1):
            keys = [_key(name, depth) for name in self.names]
            rows = {key: row for row, key in enumerate(keys)}
            if len(rows) == len(keys):
                return depth, rows
        (key, _), *_ = Counter(keys).most_common(1)
        first, second, *_ = (row for row, each in enumerate(keys) if each == key)
        raise ValueError(
            f"{self.file} must have one line for each image. Received: lines "
            f"{self.numbers[first]} and {self.numbers[second]} for {short(self.names[second])}."
        )

    def _parsed(self, cell: str, row: int, parse: Callable[[str], float]) -> float:
        try:
            return parse(cell)
        except (ValueError, OverflowError):
            raise ValueError(
                f"{self.file}, line {self.numbers[row]}: each value must be {EXPECTED[parse][1]}. "
                f"Received: {short(cell)}."
            ) from None


def read_list(file: Path | str, content: bytes | None = None) -> ImageList:
    """Read a list of any of these layouts.

    Separated by blanks, tabs, commas or semicolons; with or without quotes, a number of images
    before everything else, a header, and a column of row numbers; in UTF-8 or UTF-16.

    Args:
        file: The list, or a name of it for errors if `content` is given.
        content: The list's bytes.

    Raises:
        ValueError: If it is not such a list, or a line has more or fewer values than the others.
    """
    content = read_small(Path(file)) if content is None else content
    numbers, lines = _lines(content, str(file))
    cut = _cutter(lines[:LOOK], any('"' in line for line in lines))
    header = _header(lines, cut)
    if header:
        del numbers[0], lines[0]
    if not lines:
        raise ValueError(f"{file} must have a line for each image. Received: a header alone.")
    skipped = _skipped(header, lines, cut)
    width = len(cut(lines[0]))
    if width <= skipped:
        raise ValueError(f"{file} must have values for each image. Received: {short(lines[0])}.")
    columns = _columns(header, width, skipped, str(file))
    names = []
    for number, line in zip(numbers, lines, strict=True):
        cells = cut(line)
        if len(cells) != width:
            raise ValueError(
                f"{file}, line {number}, must have {width - skipped} values for its image. "
                f"Received: {len(cells) - skipped}."
            )
        names.append(cells[skipped - 1])
    return ImageList(str(file), columns, names, numbers, lines, cut, skipped)


def _lines(content: bytes, file: str) -> tuple[array[int], list[str]]:
    """Return the lines that are not empty, with their numbers; without Excel's, and a count.

    A number of images is before everything else, and a separator's name, as Excel writes it.
    """
    numbers, lines = array("q"), []
    for number, text in enumerate(_decoded(content, file), start=1):
        if len(text) > LONGEST + 1:
            raise ValueError(f"{file}, line {number}, must have at most {LONGEST:,} letters.")
        if line := text.strip():
            numbers.append(number)
            lines.append(line)
    for is_unused in (is_separator, _is_count):
        if lines and is_unused(lines[0]):
            del numbers[0], lines[0]
    if not lines:
        raise ValueError(f"{file} must have a line for each image. Received: none.")
    return numbers, lines


def is_separator(line: str) -> bool:
    """Return whether a first line names what separates cells, as Excel writes it."""
    return line.lower().startswith("sep=")


def _is_count(line: str) -> bool:
    return line.strip(";,\t").isdecimal()


def _decoded(content: bytes, file: str) -> Iterator[str]:
    """Decode line after line: all of them as one text, and as texts, would be there twice."""
    encoding, errors = _encoding(content, file)
    with io.TextIOWrapper(io.BytesIO(content), encoding, errors) as stream:
        while line := stream.readline(LONGEST + 2):
            yield line


def unused_note(files: Iterable[str], used: Iterable[str] = ()) -> list[str]:
    """Say which lists of identities, landmarks or boxes are not used, as one note or none.

    Args:
        files: Names or paths of files.
        used: Those that are used.
    """
    given, known = ({PurePath(file).name for file in each} for each in (files, used))
    names = sorted(filter(UNUSED_LIST.fullmatch, given - known))
    return [f"{', '.join(names)} not used"] if names else []


def decode_text(content: bytes, file: str) -> str:
    """Decode a list of any encoding; refuse what is no text, by what it is."""
    return content.decode(*_encoding(content, file))


def _encoding(content: bytes, file: str) -> tuple[str, str]:
    """Return the encoding of a list, and what is done with letters that are not of it."""
    kind = content_kind(content[:HEAD])
    if kind is not None:
        raise ValueError(f"{file} is not a list of images: it is {kind}.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "replace"
    zeros = content[:HEAD].count(0)
    if zeros > len(content[:HEAD]) // 3:  # UTF-16 without a mark
        return "utf-16-le" if content[1:2] == b"\0" else "utf-16-be", "replace"
    if zeros:
        raise ValueError(f"{file} is not a list of images: it is a binary file.")
    return "utf-8-sig", "surrogateescape"  # as the names of files


def _cutter(lines: list[str], quoted: bool) -> Callable[[str], list[str]]:
    """Return a function that cuts a line into its cells, by the separator of most lines."""
    counts = {each: sum(each in line for line in lines) for each in _SEPARATORS}
    separator = max(counts, key=counts.__getitem__)
    if 2 * counts[separator] < len(lines):
        separator = None
    if quoted:
        options = {"delimiter": separator or " ", "skipinitialspace": True}
        return lambda line: [cell.strip() for cell in next(csv.reader([line], **options))]
    if separator is None:
        return str.split
    return lambda line: [cell.strip() for cell in line.split(separator)]


def _header(lines: list[str], cut: Callable[[str], list[str]]) -> list[str]:
    """Return the cells of the header, if there is one: a line without an image's name, no row."""
    first, *second = map(cut, lines[:2])
    # Before an image's name, a word such as "no" or "train" is the name of a column.
    is_value = _is_number if any(map(_is_image, *second or [[]])) else _is_value
    return [] if any(map(_is_image, first)) or any(map(is_value, first[1:])) else first


def _skipped(header: list[str], lines: list[str], cut: Callable[[str], list[str]]) -> int:
    """Return the number of columns up to the image's name: two after a column of row numbers."""
    first = cut(lines[0])
    for position, cell in enumerate(first[:2]):
        if _is_image(cell):
            return position + 1
    if header and len(header) == len(first) > 2 and header[0].lower() in _INDEX_HEADS:
        for start in (0, 1):
            if all(cut(line)[0] == str(number) for number, line in enumerate(lines, start)):
                return 2
    return 1


def _columns(header: list[str], width: int, skipped: int, file: str) -> tuple[str, ...]:
    """Name the values; a header may lack the name of the first columns, as CelebA's does."""
    values = width - skipped
    if not header:
        return tuple(f"value_{number}" for number in range(values))
    if len(header) not in range(values, width + 1):
        raise ValueError(
            f"{file} must have a name in its header for each of {values} values. "
            f"Received: {len(header)} names."
        )
    names = tuple(header[-values:])
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise ValueError(
            f"{file} must name each column once. Received: {short(repeated[0])} twice."
        )
    return names


def _is_image(cell: str) -> bool:
    return cell.lower().endswith(_ENDINGS)


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|nan|", cell.lower()))


def _is_value(cell: str) -> bool:
    return _is_number(cell) or cell.lower() in _WORDS or split_named(cell) is not None


def _key(name: str, depth: int) -> str:
    """Return what identifies an image in a list: the last parts of its path, plainly spelled."""
    parts = name.replace("\\", "/").casefold().rsplit("/", depth)[-depth:]
    stem = parts[-1].rpartition(".")[0] if parts[-1].endswith(_ENDINGS) else parts[-1]
    return "/".join([*parts[:-1], stem.lstrip("0") or "0"])
