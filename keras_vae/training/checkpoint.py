"""Checkpoints of a training: a Keras file that also holds the position in the training.

Keras's own file holds the architecture, the weights and the optimizer. What an uninterrupted run
would have besides is added as two more members of the same archive, so that one rename replaces
all of it: epochs and steps completed, the history, the running means of the metrics, the states of
all random generators, and the moving averages of each replica.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import keras
import numpy as np

from ..files.atomic import write_atomically

POSITION, ARRAYS = "position.json", "position.npz"  # members of the archive
KERAS = {"config.json", "metadata.json", "model.weights.h5"}  # Keras's members

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


GROUPS = ("metrics", "generators", "averages")  # the attributes that are arrays


def save(path: Path, model: keras.Model, position: Position | None = None) -> None:
    """Write a checkpoint, which replaces the one before whole or not at all.

    Args:
        path: The file, ending in .keras.
        model: A compiled model.
        position: The position in its training; None: weights to export, which nothing resumes.
    """

    def write(draft: Path) -> None:
        model.save(draft)
        if position is not None:
            with ZipFile(draft, "a") as archive:
                _add(archive, position)

    write_atomically(path, write, overwrite=True)


def check(path: Path, advice: str) -> None:
    """Check a checkpoint against the sums that it contains.

    Args:
        path: The file.
        advice: What to do if it is damaged.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is cut or damaged.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing. {advice}")
    try:
        with ZipFile(path) as archive:
            lost = KERAS - {*archive.namelist()}
            bad = min(lost, default=None) or archive.testzip()
    except (BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"{path} is damaged ({error}). {advice}") from error
    if bad is not None:
        raise ValueError(f"{path} is damaged (its member {bad}). {advice}")


def read_position(path: Path) -> Position:
    """Read the position of a checkpoint.

    Raises:
        ValueError: If it holds none.
    """
    try:
        with ZipFile(path) as archive:
            values = json.loads(archive.read(POSITION))
            with np.load(io.BytesIO(archive.read(ARRAYS)), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
    except (KeyError, BadZipFile, ValueError) as error:
        raise ValueError(
            f"{path} holds no position in a training. It was written by another version of kvae; "
            "resume the run with that version."
        ) from error
    groups = {
        group: tuple(arrays[f"{group}_{index}"] for index in range(values.pop(group)))
        for group in GROUPS
    }
    return Position(**values, **groups)


def metric_variables(model: keras.Model) -> list[Any]:
    """The variables of a model's metrics."""
    return [variable for metric in model.metrics for variable in metric.variables]


def generator_states(model: keras.Model) -> list[Any]:
    """The states of a model's random generators, of which Keras saves those of no plain layer."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def values_of(variables: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """The values of variables."""
    return tuple(np.array(keras.ops.convert_to_numpy(variable)) for variable in variables)


def assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Assign values to variables.

    Raises:
        ValueError: If their numbers differ.
    """
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _add(archive: ZipFile, position: Position) -> None:
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
