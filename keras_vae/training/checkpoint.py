"""Checkpoints of a training: a Keras file that also holds the position in the training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import keras
import numpy as np

from ..files.atomic import write_atomically
from .position import Position, add_position


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
                add_position(archive, position)

    write_atomically(path, write, overwrite=True)


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
