"""The run directory of an upscaler's training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..training.run_directory import RunDirectory, read_json
from .vdsr import DEPTH, FILTERS


@dataclass(frozen=True)
class UpscalerConfig:
    """What repeats a training.

    Attributes:
        dataset: Name or path of the data set.
        data_dir: Where its files are; None for TensorFlow Datasets.
        limit: At most so many training images.
        size: Height and width of the small images.
        factor: How much larger the large ones are.
        depth: Convolutions of the network.
        filters: Channels of each but the last.
        epochs: Of the whole training.
        batch_size: Images in a batch.
        learning_rate: Adam's at the start; a cosine takes it to zero at the last step.
        seed: Seed of weights, order, flips, and of the split where the set has none.
        precision: Keras dtype policy of the network.
        command: What was typed to start the run; None where Python started it.
        provenance: What the data set said of itself: counts, split, licence.
    """

    dataset: str
    data_dir: str | None = None
    limit: int | None = None
    size: tuple[int, int] = (32, 32)
    factor: int = 3
    depth: int = DEPTH
    filters: int = FILTERS
    epochs: int = 4
    batch_size: int = 4
    learning_rate: float = 1e-3
    seed: int = 0
    precision: str = "float32"
    command: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> UpscalerConfig:
        """Rebuild from `to_dict`.

        Raises:
            ValueError: If they are not those of an upscaler.
        """
        try:
            return cls(**{**values, "size": tuple(values["size"])})
        except (KeyError, TypeError) as error:
            raise ValueError("config.json is not that of an upscaler's run.") from error


class UpscalerRun(RunDirectory):
    """The run directory of an upscaler's training."""

    def config(self) -> UpscalerConfig:
        """Read what repeats the run.

        Raises:
            ValueError: If it is another kind of run.
        """
        return UpscalerConfig.from_dict(read_json(self.config_file))
