"""MATLAB files of format 5, as `save` writes them by default: their matrices of numbers.

The format: "MAT-File Format", MathWorks. SciPy's reader is not used: damaged files of 187 bytes
crash it, and it unpacks as much as an element states, whatever the shape of its matrix.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..files import limits
from ..files.naming import first_line, printable
from ..files.regular import HEAD, content_kind
from .tree import read_small

_HEADER = 128  # bytes, of which the last four are the version and the order of bytes
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_MATRIX, _COMPRESSED = 14, 15  # types of elements; the others are numbers:
_NUMBERS = dict(zip((1, 2, 3, 4, 5, 6, 7, 9, 12, 13), "bBhHiIfdqQ", strict=True))
_CLASSES = range(6, 16)  # of matrices: floats and integers; the others are texts, cells, sparse …
_COMPLEX = 0x800  # a flag


def read_matrices(file: Path) -> dict[str, np.ndarray]:
    """Read the real matrices of numbers of a MATLAB file, by name, in the types that it stores.

    Raises:
        ValueError: If it is damaged or of another format, or expands to too many bytes.
    """
    content = read_small(file)
    order = _ORDERS.get(content[:_HEADER][124:])
    if order is None:
        kind = content_kind(content[:HEAD]) or "another format"
        raise ValueError(
            f"{file} is not a MATLAB file of format 5: it is {kind}. In MATLAB, "
            "save(…, '-v7') writes format 5."
        )
    try:
        return dict(_matrices(memoryview(content)[_HEADER:], order))
    except (ValueError, EOFError, struct.error, zlib.error) as error:
        raise ValueError(f"{file} is a damaged MATLAB file: {first_line(error)}.") from error


def _matrices(content: memoryview, order: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the matrices of numbers among elements, with their names."""
    left = most = limits.most_unpacked(len(content))
    for kind, data in _elements(content, order):
        if kind == _COMPRESSED:
            unpacked = zlib.decompressobj().decompress(data, left + 1)
            left -= len(unpacked)
            if left < 0:
                raise ValueError(f"it expands to more than {most:,} bytes")
            kind, data = next(_elements(memoryview(unpacked), order), (None, b""))
        if kind == _MATRIX and (matrix := _matrix(data, order)) is not None:
            yield matrix


def _matrix(content: memoryview, order: str) -> tuple[str, np.ndarray] | None:
    """Read a matrix and its name; None if it is not one of real numbers."""
    elements = _elements(content, order)
    (_, flags), (_, sides), (_, name) = (next(elements, (0, b"")) for _ in range(3))
    (flag,) = struct.unpack_from(f"{order}I", flags)
    if flag & 0xFF not in _CLASSES or flag & _COMPLEX:
        return None
    shape = np.frombuffer(sides, f"{order}i4").tolist()
    kind, data = next(elements, (None, b""))
    if kind not in _NUMBERS:
        raise ValueError("it has a matrix without numbers")
    values = np.frombuffer(data, order + _NUMBERS[kind])
    text = printable(bytes(name).decode("ascii", "replace"))
    if min(shape, default=-1) < 0 or math.prod(shape) != values.size:
        raise ValueError(f"`{text}` must be {shape}. Received: {values.size:,} numbers")
    return text, values.reshape(shape, order="F")


def _elements(content: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yield elements: type and bytes."""
    position = 0
    while position < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, position)
        start, room = position + 8, size
        if kind >> 16:  # up to four bytes, in the second word
            kind, size, start, room = kind & 0xFFFF, kind >> 16, position + 4, 4
        elif kind != _COMPRESSED:
            room = size + -size % 8
        if start + size > len(content) or size > room:
            raise EOFError("it ends too early")
        yield kind, content[start : start + size]
        position = start + room
