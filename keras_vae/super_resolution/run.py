"""The run directory of an upscaler's training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..presets.ranges import Count, Positive, Range
from ..training.run_directory import RunDirectory, TrainingConfig
from .vdsr import DEPTH, FILTERS

TwoOrMore = Annotated[int, Range(2)]


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
    size: tuple[Count, Count] = (32, 32)
    factor: TwoOrMore = 3
    depth: TwoOrMore = DEPTH
    filters: Count = FILTERS
    epochs: Count = 4
    batch_size: Count = 4
    learning_rate: Positive = 1e-3


class UpscalerRun(RunDirectory):
    """The run directory of an upscaler's training."""

    config_type = UpscalerConfig
    kind = "an upscaler"
