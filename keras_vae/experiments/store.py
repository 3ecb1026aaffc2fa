"""Finished cells in a folder: a row of numbers each, and arrays where a figure needs them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..files.atomic import write_atomically
from ..training.run_directory import Run, read_json, write_json
from .cell import Cell

Row = dict[str, Any]  # column → text or number


@dataclass(frozen=True)
class Store:
    """What has been trained, whichever experiment asked for it.

    Attributes:
        folder: Where each cell has KEY.json and perhaps KEY.npz.
    """

    folder: Path

    def row(self, cell: Cell) -> Row | None:
        """Read a cell's numbers; None if it is not finished."""
        file = self._file(cell.key, ".json")
        return read_json(file) if file.exists() else None

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """Read a finished cell's arrays; it may have none."""
        file = self._file(key, ".npz")
        if not file.exists():
            return {}
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)

    def save(self, cell: Cell, row: Row, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a cell; its row comes last and says that it is finished."""
        if arrays:
            write_atomically(
                self._file(cell.key, ".npz"),
                lambda draft: np.savez_compressed(draft, **arrays),
                overwrite=True,
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self._file(cell.key, ".json"), row)
        shutil.rmtree(self.unfinished(cell).path, ignore_errors=True)

    def unfinished(self, cell: Cell) -> Run:
        """Where a cell in training keeps what it takes to go on; gone when it is saved."""
        return Run(self._file(cell.key, ".unfinished"))

    def _file(self, key: str, suffix: str) -> Path:
        return self.folder / f"{key}{suffix}"
