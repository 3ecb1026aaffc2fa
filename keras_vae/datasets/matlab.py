"""MATLAB files."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from ..files.limits import check_unpacked
from ..files.naming import first_line
from ..files.regular import open_regular

HEADER = 128  # bytes of format 5; the last two are the order of bytes
ORDERS = {b"IM": "<II", b"MI": ">II"}
COMPRESSED = 15  # type of an element that is packed
READ = 2**16  # bytes at a time


def read_matrices(file: Path) -> dict[str, np.ndarray]:
    """Read the matrices of a MATLAB file, by name.

    Raises:
        ValueError: If it is damaged, or expands to too many bytes.
    """
    from scipy.io import loadmat, whosmat

    try:
        _check_packed(file)
        size = 8 * sum(math.prod(shape) for _, shape, _ in whosmat(file))  # at most, in bytes
        check_unpacked(str(file), size, file.stat().st_size, in_memory=False)
        return {
            name: value for name, value in loadmat(file).items() if isinstance(value, np.ndarray)
        }
    except Exception as error:  # loadmat raises many kinds for a damaged file
        reason = first_line(error).rstrip(".")
        if reason.startswith(str(file)):  # a limit
            raise
        raise ValueError(f"{file} is not a MATLAB file that can be read: {reason}.") from error


def _check_packed(file: Path) -> None:
    """Unpack the compressed elements of a file piece by piece, without keeping them.

    SciPy would unpack as much as an element states, whatever the shape of its matrix.

    Raises:
        ValueError: If they expand to too many bytes.
    """
    total, size = 0, file.stat().st_size
    with open_regular(file) as stream:
        tag = ORDERS.get(stream.read(HEADER)[-2:])
        while tag and len(words := stream.read(8)) == 8:
            kind, left = struct.unpack(tag, words)
            if kind != COMPRESSED:
                stream.seek(left, 1)
                continue
            unpacking = zlib.decompressobj()
            while left and (packed := stream.read(min(left, READ))):
                left -= len(packed)
                total += len(unpacking.decompress(packed))
                check_unpacked(str(file), total, size)
