"""The numbers of an experiment's cells, as one tidy table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from scipy import stats

from ..files.atomic import OutputGroup, write_text
from ..files.tables import csv_text
from .cell import Cell
from .workspace import Arrays, Row, Workspace

CONFIDENCE = 0.95


class Seeds(list):
    """A number for each seed of a setting.

    They are formatted as their mean with its interval, "115.21 ± 0.35"; one number without.
    """

    @property
    def mean(self) -> float:
        """The mean."""
        return fmean(self)

    @property
    def half(self) -> float:
        """Half the width of the mean's 95 % interval (Student's t); infinite for one number."""
        if len(self) < 2:
            return math.inf
        return float(stats.sem(self) * stats.t.ppf((1 + CONFIDENCE) / 2, len(self) - 1))

    def lower(self, other: Seeds) -> bool:
        """Whether these are lower: Welch's 95 % interval of the difference is below 0.

        One number shows no variance between seeds, so it is neither lower nor higher.
        """
        if min(len(self), len(other)) < 2:
            return False
        difference = stats.ttest_ind(self, other, equal_var=False)
        return bool(difference.confidence_interval(CONFIDENCE).high < 0)

    def __format__(self, spec: str) -> str:
        mean = format(self.mean, spec)
        return mean if math.isinf(self.half) else f"{mean} ± {self.half:{spec}}"


class Series(list):
    """Numbers along a setting; formatted one after the other: "365.1, 302.4, 258.0"."""

    @property
    def means(self) -> Series:
        """The means, where each entry has several seeds."""
        return Series(seeds.mean for seeds in self)

    def __format__(self, spec: str) -> str:
        return ", ".join(format(value, spec) for value in self)


@dataclass(frozen=True)
class Results:
    """The finished cells of an experiment, in its order.

    Attributes:
        rows: One row for each finished cell.
        total: Number of cells, finished or not.
        workspace: Where the cells' arrays are.
    """

    rows: list[Row]
    total: int
    workspace: Workspace

    @classmethod
    def read(cls, workspace: Workspace, cells: Sequence[Cell]) -> Results:
        """Read the finished cells."""
        rows = map(workspace.row, cells)
        return cls([row for row in rows if row is not None], len(cells), workspace)

    @property
    def complete(self) -> bool:
        """Whether all cells are finished."""
        return len(self.rows) == self.total

    def where(self, **settings: object) -> list[Row]:
        """The rows that have these values."""
        return [
            row
            for row in self.rows
            if all(row.get(name) == value for name, value in settings.items())
        ]

    def row(self, **settings: object) -> Row:
        """The first row that has these values: that of the first seed."""
        return self.where(**settings)[0]

    def values(self, column: str, **settings: object) -> Seeds:
        """The numbers of a column: one for each seed of a setting."""
        return Seeds(row[column] for row in self.where(**settings))

    def series(self, column: str, by: str, steps: Iterable[object], **settings: object) -> Series:
        """The numbers of a column for each value of a setting.

        Args:
            column: The numbers.
            by: The setting that varies.
            steps: Its values.
            **settings: The settings that do not vary.

        Returns:
            For each step, the numbers of its seeds.
        """
        return Series(self.values(column, **{**settings, by: step}) for step in steps)

    def distinct(self, column: str, **settings: object) -> list:
        """The distinct values of a column, in the order of their first appearance."""
        return list(dict.fromkeys(row.get(column) for row in self.where(**settings)))

    def arrays(self, row: Row) -> Arrays:
        """Read the arrays of a row's cell."""
        return self.workspace.arrays(row)

    def write_csv(
        self, path: Path, *, overwrite: bool = True, group: OutputGroup | None = None
    ) -> Path:
        """Write the table: a line for each cell, a column for each setting and each number."""
        return write_text(path, csv_text(self.rows), overwrite=overwrite, group=group)
