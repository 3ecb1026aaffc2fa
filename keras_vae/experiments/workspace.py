"""The files of the experiments on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files.arrays import read_arrays
from ..files.atomic import write_atomically
from ..files.limits import MAX_PIXELS
from ..training.run_directory import Run, read_json, write_json
from .cell import Cell

if TYPE_CHECKING:
    from ..datasets import ImageDataset
    from ..files.progress import Progress
    from ..presets import Preset

Row = dict[str, Any]  # column → text or number
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Workspace:
    """Finished cells, checkpoints of unfinished ones, and data sets.

    A finished cell has a row of numbers, KEY.json, and perhaps arrays for figures, KEY.npz. All
    experiments share the cells: two that ask for the same cell train it once.

    Attributes:
        folder: Folder of all results; the cells are in its folder `cells`.
        data_dir: See `datasets.load_dataset`.
        cache_dir: See `datasets.load_dataset`.
        max_pixels: See `datasets.load_dataset`.
    """

    folder: Path
    data_dir: Path | None = None
    cache_dir: Path | None = None
    max_pixels: int = MAX_PIXELS

    @property
    def cells(self) -> Path:
        """Folder of the cells."""
        return self.folder / "cells"

    def row(self, cell: Cell) -> Row | None:
        """Read the row of a cell; None if the cell is not finished."""
        file = self._file(cell.key, ".json")
        return read_json(file) if file.exists() else None

    def arrays(self, row: Row) -> Arrays:
        """Read the arrays of a finished cell, if it has any."""
        file = self._file(row["cell"], ".npz")
        return read_arrays(file) if file.exists() else {}

    def save(self, cell: Cell, row: Row, arrays: Arrays) -> None:
        """Write a finished cell, its row last: a cell without a row is not finished."""
        if arrays:
            write_atomically(
                self._file(cell.key, ".npz"),
                lambda draft: np.savez_compressed(draft, **arrays),
                overwrite=True,
            )
        self.cells.mkdir(parents=True, exist_ok=True)
        write_json(self._file(cell.key, ".json"), row)
        shutil.rmtree(self.unfinished(cell).path, ignore_errors=True)

    def unfinished(self, cell: Cell) -> Run:
        """The run directory of a cell in training; it is removed when the cell is saved."""
        return Run(self._file(cell.key, ".unfinished"))

    def prepare(self, cells: Iterable[Cell], progress: Progress | None = None) -> None:
        """Prepare the cells' data sets at their presets' sizes, unless they are prepared.

        Args:
            cells: The cells.
            progress: Called with the number of prepared images and their total.
        """
        for name, scaling in dict.fromkeys((cell.data, _scaling(cell.resolved)) for cell in cells):
            _open(self, name, scaling, None, progress)

    def dataset(self, cell: Cell) -> ImageDataset:
        """Open a cell's data set at its preset's size; the first time, prepare it."""
        return _open(self, cell.data, _scaling(cell.resolved), cell.limit)

    def _file(self, key: str, suffix: str) -> Path:
        return self.cells / f"{key}{suffix}"


def _scaling(preset: Preset) -> tuple[int, int, int, str]:
    """Height, width, channels and resampling of a preset's images."""
    return *preset.image_shape, preset.resampling


@cache
def _open(
    workspace: Workspace,
    name: str,
    scaling: tuple[int, int, int, str],
    limit: int | None,
    progress: Progress | None = None,
) -> ImageDataset:
    from ..datasets import load_dataset

    *size, channels, resampling = scaling
    return load_dataset(
        name,
        data_dir=workspace.data_dir,
        image_size=tuple(size),
        channels=channels,
        resampling=resampling,
        cache_dir=workspace.cache_dir,
        limit=limit,
        progress=progress,
        max_pixels=workspace.max_pixels,
    )
