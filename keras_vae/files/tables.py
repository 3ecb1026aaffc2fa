"""Tables as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from .atomic import UNENCODABLE
from .naming import short

Row = Mapping[str, Any]  # column → text, number, path, or array of numbers


def check_columns(columns: Sequence[str], arrays: Collection[str] = ()) -> None:
    """Check that an attribute has no other column's name, which would take its place.

    Args:
        columns: Names of columns, among them attributes.
        arrays: Names of arrays: `z` becomes the columns z_0, z_1, …

    Raises:
        ValueError: If two have one name.
    """
    counts = Counter([*columns, *arrays])
    numbered = re.compile("|".join(rf"{re.escape(name)}_\d+" for name in arrays))
    for name in columns:
        if counts[name] > 1 or (arrays and numbered.fullmatch(name)):
            raise ValueError(
                "The columns of a table must have different names. "
                f"Received: an attribute called {short(name)}, as another column. Rename it."
            )


def csv_text(rows: Sequence[Row]) -> str:
    """Write rows as CSV, under a line of the columns in the order of their first appearance.

    Args:
        rows: Mappings from columns to values; what a row lacks is left empty. An array `z` becomes
            the columns z_0, z_1, …
    """
    text = io.StringIO()
    flat = [dict(cells(row)) for row in rows]
    table = csv.DictWriter(
        text, list(dict.fromkeys(name for row in flat for name in row)), lineterminator="\n"
    )
    table.writeheader()
    table.writerows(flat)
    return text.getvalue()


class CsvFile:
    """A CSV whose rows are written as they come; the first row names the columns.

    Args:
        path: Path of the file.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8", errors=UNENCODABLE, newline="")
        self._table: csv.DictWriter | None = None

    def write(self, batch: Mapping[str, Any]) -> None:
        """Write a batch of rows: by column, an array [B, …] or a list of B values."""
        for values in zip(*batch.values(), strict=True):
            row = dict(cells(dict(zip(batch, values, strict=True))))
            if self._table is None:
                self._table = csv.DictWriter(self._stream, list(row), lineterminator="\n")
                self._table.writeheader()
            self._table.writerow(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()


def cells(row: Row) -> Iterator[tuple[str, Any]]:
    """Yield a row's cells; each array, or list of numbers, has numbered columns."""
    for name, value in row.items():
        if isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim):
            entries = enumerate(plain(np.ravel(value)))
            yield from ((f"{name}_{index}", entry) for index, entry in entries)
        else:
            yield name, plain(value)


def plain(value: Any) -> Any:
    """Turn NumPy's scalars and arrays, and paths, into types that JSON and CSV can hold."""
    if not hasattr(value, "tolist"):
        return str(value) if isinstance(value, Path) else value
    # A float32 is written as its text: 0.1, not 0.10000000149011612.
    return (value.astype(str).astype(float) if str(value.dtype) == "float32" else value).tolist()
