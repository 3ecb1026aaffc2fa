"""Arrays in an .npz file: read safely, and written batch by batch."""

from __future__ import annotations

import math
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

import numpy as np

from .limits import STORE, check_unpacked
from .naming import first_line, printable
from .regular import open_regular

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file into memory; none may be a pickle.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, no .npz file, or too large.
    """
    try:
        with open_regular(path) as stream:
            return unpack_arrays(stream)
    except FileNotFoundError:
        raise
    except Exception as error:  # NumPy, zipfile and zlib raise many kinds for damaged files
        reason = f"is not an .npz file that can be read: {first_line(error)}"
        raise ValueError(f"{printable(path)} {reason}") from error


def unpack_arrays(stream: IO[bytes]) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file that is open.

    Raises:
        Exception: Of any kind, if it is damaged.
    """
    with zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        sizes = [(info.file_size, info.compress_size) for info in infos]
        check_unpacked("what it contains", *map(sum, zip((0, 0), *sizes, strict=True)), cure=STORE)
        if len({*archive.namelist()}) < len(infos):
            raise ValueError("it holds two arrays of one name")
        return {info.filename.removesuffix(".npy"): unpack_array(archive, info) for info in infos}


def unpack_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """Read an array that is a member of an archive, and no pickle.

    Raises:
        Exception: Of any kind, if it is damaged.
    """
    with archive.open(info) as member:
        shape, _, dtype = read_header(member)
        # Texts of no letters take no bytes: a header alone could state any number of them.
        if math.prod(shape) * max(1, dtype.itemsize) > info.file_size:
            raise ValueError(f"{info.filename} ends too early")
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read what an .npy file says of its array: shape, whether in Fortran order, type.

    Raises:
        ValueError: If it is no .npy file of numbers or texts.
    """
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"must be numbers or texts. Received: .npy {version}")
    return _HEADERS[version](stream)


class ArraysFile:
    """An .npz file of columns that grow by batches; on leaving the context it is written.

    Numbers are kept in temporary files, texts in memory.

    Args:
        path: Path of the file.
        **arrays: Further arrays, which do not grow.
    """

    def __init__(self, path: Path, **arrays: np.ndarray) -> None:
        self._path, self._arrays = path, arrays
        self._columns: dict[str, _Column] = {}
        self._files = ExitStack()
        self._texts: dict[str, list[str]] = {}

    def write(self, batch: Mapping[str, Any]) -> None:
        """Append a batch: by column, an array [B, …] or a list of B texts.

        Raises:
            ValueError: If the rows of a column have another shape or type than before.
        """
        for name, values in batch.items():
            if not isinstance(values, np.ndarray):
                self._texts.setdefault(name, []).extend(values)
                continue
            if name not in self._columns:
                rows = self._files.enter_context(TemporaryFile())  # noqa: SIM115, closed with all
                self._columns[name] = _Column(values, rows)
            self._columns[name].append(values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        with self._files:
            if kind is not None:
                return
            texts = {name: np.array(values) for name, values in self._texts.items()}
            np.savez(self._path, **texts, **self._arrays)
            with zipfile.ZipFile(self._path, "a") as archive:
                for name, column in self._columns.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                        column.copy_to(stream)


class _Column:
    """Rows of one shape and type, in a temporary file."""

    def __init__(self, like: np.ndarray, rows: IO[bytes]) -> None:
        self.dtype, self.shape, self.count = like.dtype, like.shape[1:], 0
        self.rows = rows

    def append(self, values: np.ndarray) -> None:
        """Append rows, [B, …]."""
        if values.dtype != self.dtype or values.shape[1:] != self.shape:
            raise ValueError(
                f"`values` must be {self.dtype} of shape {['B', *self.shape]}. "
                f"Received: {values.dtype} of shape {list(values.shape)}."
            )
        self.rows.write(np.ascontiguousarray(values).data)
        self.count += len(values)

    def copy_to(self, stream: IO[bytes]) -> None:
        """Write all rows as an .npy file."""
        header = np.lib.format.header_data_from_array_1_0(np.empty((0, *self.shape), self.dtype))
        shape = (self.count, *self.shape)
        np.lib.format.write_array_header_1_0(stream, {**header, "shape": shape})
        self.rows.seek(0)
        shutil.copyfileobj(self.rows, stream)
