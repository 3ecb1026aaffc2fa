"""A cell of an experiment: one model, and what to measure of it."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from ..presets import Preset, get_preset
from .arithmetic import training_work

Scalar = str | int | float | bool | None


class Cell(ABC):
    """A name for numbers: a model, and what to measure of it.

    Attributes:
        measures: Names of `measurement.MEASURES`, in the order of the columns.
        limit: At most so many training images; None for all.
    """

    measures: tuple[str, ...]
    limit: int | None

    @property
    @abstractmethod
    def resolved(self) -> Preset:
        """What the model is, or was, trained as."""

    @property
    @abstractmethod
    def data(self) -> str:
        """Name of the data set."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Name of the cell's files: readable, and another one where other numbers come out."""

    @property
    @abstractmethod
    def work(self) -> float:
        """An estimate of the work, in units that take equally long: see `training_work`."""

    @property
    def images(self) -> int:
        """How many images it is trained on, or about as many: an estimate needs no data set."""
        return self.limit or TRAINING_IMAGES.get(self.data, 55_000)

    @abstractmethod
    def settings(self) -> dict[str, Scalar]:
        """What tells this cell from others, as columns of a table."""

    @abstractmethod
    def override(self, **changes: Any) -> Cell:
        """Return the cell with more of its preset changed, where that can be."""


@dataclass(frozen=True)
class Training(Cell):
    """One model to train.

    Attributes:
        preset: Name of the preset.
        overrides: What is changed of it, as `Preset.override` takes it.
        seed: Of weights, order and noise; the data's split is the same for all.
        dataset: Name of the data set; None for the preset's own.
        limit: See `Cell`.
        tolerance: Training stops when an epoch changes the loss by less; None: it does not.
        watch: The split that is measured after each epoch, for curves; None: none is.
        measures: See `Cell`.
    """

    preset: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    dataset: str | None = None
    limit: int | None = None
    tolerance: float | None = None
    watch: str | None = None
    measures: tuple[str, ...] = ("losses",)

    @property
    def resolved(self) -> Preset:
        """The preset with its overrides."""
        return get_preset(self.preset).override(**self.overrides)

    @property
    def data(self) -> str:
        """Name of the data set."""
        return self.dataset or self.resolved.dataset

    @property
    def key(self) -> str:
        """Another one when any number of the training changes."""
        model = replace(self.resolved, source="")  # whose wording changes nothing
        told = {**_told(self), "preset": _told(model), "dataset": self.data}
        told.pop("overrides", None)  # the preset has them
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        changes = (f"{name}-{plain(value)}" for name, value in self.overrides.items())
        return "_".join([self.preset, *changes, f"seed-{self.seed}", digest[:8]])

    @property
    def work(self) -> float:
        """See `training_work`."""
        return training_work(self.resolved, self.images)

    def settings(self) -> dict[str, Scalar]:
        """What tells this cell from others, as columns of a table."""
        known = {"dataset": self.data, "limit": self.limit, "tolerance": self.tolerance}
        changes = {name: plain(value) for name, value in self.overrides.items()}
        given = {name: value for name, value in known.items() if value is not None}
        return {"preset": self.preset, **given, **changes, "seed": self.seed}

    def override(self, **changes: Any) -> Training:
        """Return the cell with more of its preset changed; None leaves a field as it is."""
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, overrides={**self.overrides, **given})


TRAINING_IMAGES = {"celeba": 162_770, "frey": 1_572, "digits": 1_439}


def _told(value: Any) -> Any:
    """What a data class says beyond its defaults: a field that it gets later changes no key."""
    if is_dataclass(value):
        told = {item: getattr(value, item.name) for item in fields(value)}
        return {item.name: _told(part) for item, part in told.items() if part != item.default}
    return [_told(part) for part in value] if isinstance(value, list | tuple) else value


def plain(value: Any) -> Scalar:
    """Write a tuple as one text, such as 512-256, for tables and file names."""
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else value
