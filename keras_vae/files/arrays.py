"""Arrays written to an .npz file batch by batch."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

import numpy as np

# NumPy's errors for a file that is not an .npz file, is cut short or states huge shapes.
UNREADABLE = (
    KeyError,
    TypeError,
    AttributeError,
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


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
