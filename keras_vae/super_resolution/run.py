"""The run directory of an upscaler's training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..presets.configuration import ConfigurationError
from ..training.run_directory import RunDirectory, TrainingConfig
from .vdsr import DEPTH, FILTERS

LEAST = {"size": 1, "factor": 2, "depth": 2, "filters": 1, "epochs": 1, "batch_size": 1}


@dataclass(frozen=True)
class UpscalerConfig(TrainingConfig):
    """The configuration of an upscaler's training.

    Attributes:
        dataset: Name or path of the data set.
        size: Height and width of the small images.
        factor: How many times larger the large ones are.
        depth: Convolutions of the network.
        filters: Channels of each but the last.
        epochs: Passes over the training split.
        batch_size: Images in a batch.
        learning_rate: Adam's, at the start; a cosine takes it to 0 at the last step.
    """

    dataset: str
    size: tuple[int, int] = (32, 32)
    factor: int = 3
    depth: int = DEPTH
    filters: int = FILTERS
    epochs: int = 4
    batch_size: int = 4
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be trained with.

        Raises:
            ConfigurationError: If there is one.
        """
        for name, least in LEAST.items():
            value = getattr(self, name)
            if np.min(value) < least:
                reason = f"`{name}` must be at least {least}. Received: {value}."
                raise ConfigurationError(reason, name)
        if not self.learning_rate > 0:
            reason = f"`learning_rate` must be positive. Received: {self.learning_rate}."
            raise ConfigurationError(reason, "learning_rate")


class UpscalerRun(RunDirectory):
    """The run directory of an upscaler's training."""

    config_type = UpscalerConfig
    kind = "an upscaler"
