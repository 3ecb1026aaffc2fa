"""What an experiment's cells measured, as one tidy table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files.atomic import write_text
from .cell import Cell
from .store import Row, Store


@dataclass(frozen=True)
class Results:
    """The finished cells of an experiment, in its order.

    Attributes:
        rows: One for each cell.
        store: Where their arrays are.
    """

    rows: list[Row]
    store: Store

    @classmethod
    def read(cls, store: Store, cells: Sequence[Cell]) -> Results:
        """Read what is finished."""
        found = (store.row(cell) for cell in cells)
        return cls([row for row in found if row is not None], store)

    def where(self, **settings: object) -> list[Row]:
        """Choose the rows that have these values."""
        return [
            row
            for row in self.rows
            if all(row.get(name) == value for name, value in settings.items())
        ]

    def values(self, column: str, **settings: object) -> list[float]:
        """The numbers of a column, over the seeds of a setting."""
        return [row[column] for row in self.where(**settings)]

    def mean(self, column: str, **settings: object) -> float:
        """The mean of a column over the seeds of a setting."""
        return float(np.mean(self.values(column, **settings)))

    def distinct(self, column: str, **settings: object) -> list:
        """The values that a column takes, in the order of their first appearance."""
        return list(dict.fromkeys(row.get(column) for row in self.where(**settings)))

    def arrays(self, row: Row) -> dict[str, np.ndarray]:
        """Read the arrays of a row's cell."""
        return self.store.arrays(row["cell"])

    def write_csv(self, path: Path) -> Path:
        """Write the table: a line for each cell, a column for each setting and each number."""
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO()
        table = csv.DictWriter(text, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        return write_text(path, text.getvalue(), overwrite=True)
