"""The run directory of an upscaler's training."""

from __future__ import annotations

from dataclasses import dataclass

from ..training.run_directory import RunDirectory, TrainingConfig
from .vdsr import DEPTH, FILTERS


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


class UpscalerRun(RunDirectory):
    """The run directory of an upscaler's training."""

    config_type = UpscalerConfig
    kind = "an upscaler"
