"""Where an experiment's data and results lie on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .cell import Cell
from .store import Store

if TYPE_CHECKING:
    from ..datasets import ImageDataset
    from ..datasets.source import Progress


@dataclass(frozen=True)
class Workplace:
    """Where things lie on this machine.

    Attributes:
        store: Of finished cells.
        data_dir: As of `datasets.load_dataset`.
        cache_dir: Likewise.
    """

    store: Store
    data_dir: Path | None = None
    cache_dir: Path | None = None

    def prepare(self, cells: Iterable[Cell], progress: Progress | None = None) -> None:
        """Prepare cells' data at their presets' sizes, unless that was done before.

        Args:
            cells: Whose data.
            progress: Called with the images prepared and their total, if any have to be.
        """
        for name, shape in dict.fromkeys((each.data, each.resolved.image_shape) for each in cells):
            _open(name, shape, None, self, progress)

    def load(self, cell: Cell) -> ImageDataset:
        """Open a cell's data at its preset's size; the first time, prepare it."""
        return _open_once(cell.data, cell.resolved.image_shape, cell.limit, self)


def _open(
    name: str,
    shape: tuple[int, int, int],
    limit: int | None,
    place: Workplace,
    progress: Progress | None = None,
) -> ImageDataset:
    from ..datasets import load_dataset

    return load_dataset(
        name,
        data_dir=place.data_dir,
        image_size=shape[:2],
        channels=shape[2],
        cache_dir=place.cache_dir,
        limit=limit,
        progress=progress,
    )


_open_once = cache(_open)
