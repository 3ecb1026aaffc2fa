"""A cell without a training: a model that is there already, and what to measure of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..inference.registry import load
from ..inference.saved_model import SavedModel
from ..presets import Preset
from .arithmetic import START, multiply_adds
from .cell import Cell, Scalar

# What a study's numbers come from, in the folder of the model's version.
WEIGHTS = "variables/variables.data-*"
EVALUATION = "assets.extra/evaluation.json"  # as `kvae evaluate --card` leaves it


@dataclass(frozen=True)
class Study(Cell):
    """One model that is there.

    Attributes:
        model: Its name or path, as `runtime.load` takes it.
        measures: See `Cell`.
    """

    model: str
    measures: tuple[str, ...]

    limit = None

    @cached_property
    def served(self) -> SavedModel:
        """The model."""
        return load(self.model)

    @property
    def resolved(self) -> Preset:
        """What the model was trained as."""
        return self.served.preset

    @property
    def data(self) -> str:
        """Name of the data set that it was trained on."""
        return self.resolved.dataset

    @property
    def key(self) -> str:
        """Another one for other weights or measures, or a new evaluation if the card is read."""
        digest = hashlib.sha256(json.dumps(self.measures).encode())
        patterns = (WEIGHTS, EVALUATION) if "card" in self.measures else (WEIGHTS,)
        for pattern in patterns:
            for file in sorted(self.served.path.glob(pattern)):
                digest.update(file.read_bytes())
        return f"{self.served.name}_study_{digest.hexdigest()[:8]}"

    @property
    def work(self) -> float:
        """See `training_work`; every image is encoded once."""
        return START + 2 * multiply_adds(self.resolved) * self.images

    def settings(self) -> dict[str, Scalar]:
        """What tells this cell from others."""
        return {"model": self.served.name, "dataset": self.data}

    def override(self, **changes: Any) -> Study:
        """Return the cell itself: nothing of a trained model can be changed."""
        return self
