"""The position in a training, which its checkpoint also holds.

Epochs and steps completed, the history, the running means of the metrics, the states of all random
generators, and the moving averages of each replica: what an uninterrupted run would have besides
Keras's own file. They are two more members of the same archive, so that one rename replaces all of
it.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from ..files.arrays import unpack_arrays
from ..files.limits import check_unpacked

POSITION, ARRAYS = "position.json", "position.npz"  # members of the archive

Row = dict[str, float]


@dataclass(frozen=True)
class Position:
    """How far a training has come.

    Attributes:
        epoch: Epochs completed, with their validation.
        step: Steps completed in the epoch after them.
        steps: Steps in an epoch.
        history: The rows of the epochs completed.
        metrics: Values of the metrics' variables, which hold the means of the epoch so far.
        generators: States of the random generators.
        averages: Moving averages of every replica, [replicas, …] each; empty with one replica.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    history: Sequence[Row] = ()
    metrics: Sequence[np.ndarray] = field(default=(), repr=False)
    generators: Sequence[np.ndarray] = field(default=(), repr=False)
    averages: Sequence[np.ndarray] = field(default=(), repr=False)

    @property
    def epochs_begun(self) -> int:
        """Epochs of which at least one step is completed."""
        return self.epoch + bool(self.step)

    def check(self) -> None:
        """Check what was read from a file.

        Raises:
            ValueError: If a value is of another type than `save` wrote, or out of its range.
        """
        numbers = (self.epoch, self.step, self.steps)
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(f"`epoch`, `step` and `steps` must be counts. Received: {numbers}.")
        for row in self.history:
            if not _is_row(row):
                raise ValueError(f"`history` must have an epoch and losses. Received: {row}.")


GROUPS = ("metrics", "generators", "averages")  # the attributes that are arrays


def read_position(path: Path) -> Position:
    """Read the position of a checkpoint.

    Raises:
        ValueError: If it holds none.
    """
    try:
        with ZipFile(path) as archive:
            values = json.loads(_member(archive, POSITION))
            arrays = unpack_arrays(io.BytesIO(_member(archive, ARRAYS)))
        groups = {
            group: tuple(arrays[f"{group}_{index}"] for index in range(values.pop(group)))
            for group in GROUPS
        }
        position = Position(**values, **groups)
        position.check()
    except Exception as error:  # the file of another program can hold anything
        raise ValueError(
            f"{path} holds no position in a training. It was written by another version of kvae; "
            "resume the run with that version."
        ) from error
    return position


def add_position(archive: ZipFile, position: Position) -> None:
    """Add a position to the archive of a checkpoint."""
    groups = {group: getattr(position, group) for group in GROUPS}
    counts = {group: len(arrays) for group, arrays in groups.items()}
    values = {name: v for name, v in asdict(position).items() if name not in GROUPS}
    archive.writestr(POSITION, json.dumps({**values, **counts}))
    named = {
        f"{group}_{index}": array
        for group, arrays in groups.items()
        for index, array in enumerate(arrays)
    }
    file = io.BytesIO()
    np.savez(file, **named)
    archive.writestr(ARRAYS, file.getvalue())


def _is_row(row: Row) -> bool:
    numbers = {"epoch", "loss"} <= {*row} and all(map(_is_number, row.values()))
    return numbers and float(row["epoch"]).is_integer()


def _is_number(value: object) -> bool:
    """Whether a value is a float, or an integer that a float can hold."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) <= sys.float_info.max)


def _member(archive: ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    check_unpacked(name, info.file_size, info.compress_size)
    return archive.read(info)
