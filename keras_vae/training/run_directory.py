"""The run directory: all that a training writes, and all that is needed to resume it."""

from __future__ import annotations

import csv
import json
import math
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_type_hints

from ..files.atomic import write_text
from ..files.tables import csv_text
from ..presets import Preset
from ..presets.configuration import plain, typed

if TYPE_CHECKING:
    from ..datasets import ImageDataset

SPLITS = ("train", "validation", "test")
VERSIONED = ("keras-vae", "tensorflow", "keras", "numpy")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The part of a training's configuration that all kinds of models share.

    Attributes:
        data_dir: Folder of the data set's files; None for TensorFlow Datasets.
        limit: Maximum number of training images.
        seed: Seed of weights, order, noise, and of the split where the set has none.
        precision: Keras dtype policy of the networks.
        command: The command that started the run, for its model card; None: Python started it.
        provenance: Counts, split and licence of the data set.
    """

    data_dir: str | None = None
    limit: int | None = None
    seed: int = 0
    precision: str = "float32"
    command: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, with the versions of the packages."""
        versions = {name: version(name) for name in VERSIONED}
        versions["python"] = platform.python_version()
        return {**plain(self), "versions": versions}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`."""
        hints = get_type_hints(cls)
        own = {name: value for name, value in values.items() if name != "versions"}
        return cls(**{name: typed(hints[name], value) for name, value in own.items()})


@dataclass(frozen=True)
class RunConfig(TrainingConfig):
    """The configuration of a VAE's training.

    Attributes:
        preset: Model and training numbers, overrides applied.
        dataset: Name or path of the data set.
        strategy: Devices, as `distribution.make_strategy` takes it.
        early_stop: Epochs without a lower validation loss after which training ends; None: never.
    """

    preset: Preset
    dataset: str
    strategy: str = "auto"
    early_stop: int | None = None


class RunDirectory:
    """The run directory of a training; subclasses name its kind.

    Attributes:
        path: The folder.
        config_file: The configuration.
        history_file: Losses, one row for each epoch.
        metrics_file: Losses of every split, with the exported weights.
        pictures: Folder of image grids, drawn after each epoch.
        tensorboard: Folder of TensorBoard logs.
        last: Checkpoint: model and optimizer after the last whole epoch.
        best: Checkpoint: the model of the lowest validation loss.

    Args:
        path: The folder.
    """

    config_type: ClassVar[type[TrainingConfig]]
    kind: ClassVar[str]

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.history_file = self.path / "history.csv"
        self.metrics_file = self.path / "metrics.json"
        self.pictures = self.path / "pictures"
        self.tensorboard = self.path / "tensorboard"
        self.last = self.path / "checkpoints" / "last.keras"
        self.best = self.path / "checkpoints" / "best.keras"

    @classmethod
    def create(cls, path: str | Path, config: TrainingConfig, *, overwrite: bool = False) -> Self:
        """Make a run directory; nothing is kept of an existing run that is overwritten.

        Args:
            path: The folder.
            config: The configuration.
            overwrite: Whether an existing run is overwritten.

        Raises:
            FileExistsError: If it holds a run already and `overwrite` is False.
        """
        run = cls(path)
        run.check_free(overwrite=overwrite)
        run._clear()
        run.last.parent.mkdir(parents=True, exist_ok=True)
        run.pictures.mkdir(exist_ok=True)
        write_json(run.config_file, config.to_dict())
        return run

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open an existing run directory.

        Raises:
            FileNotFoundError: If it is none.
        """
        run = cls(path)
        if not run.config_file.is_file():
            raise FileNotFoundError(f"{path} is no run directory: it has no config.json.")
        return run

    def check_free(self, *, overwrite: bool = False) -> None:
        """Refuse a folder that holds a run.

        Raises:
            FileExistsError: If it holds one and `overwrite` is False.
        """
        if self.config_file.exists() and not overwrite:
            raise FileExistsError(
                f"{self.path} holds a run already. Resume it with `resume={self.path}`, or use "
                "`overwrite=True` to overwrite it."
            )

    def config(self) -> Any:
        """Read the configuration.

        Raises:
            ValueError: If it is that of another kind of run.
        """
        try:
            return self.config_type.from_dict(read_json(self.config_file))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{self.config_file} is not that of {self.kind}'s run.") from error

    def check_counts(self, dataset: ImageDataset) -> None:
        """Refuse to resume with other images than the run was started with.

        Raises:
            ValueError: If a split has more images or fewer.
        """
        expected = self.config().provenance.get("counts")
        received = {split: dataset.count(split) for split in SPLITS}
        if expected is not None and expected != received:
            raise ValueError(
                f"`dataset` must be the one that the run was started with, with {expected} images. "
                f"Received: {received}."
            )

    def history(self) -> list[dict[str, float]]:
        """Read the epochs' losses, first epoch first."""
        if not self.history_file.exists():
            return []
        with self.history_file.open(newline="") as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]

    def best_epoch(self) -> int:
        """Number of the epoch whose weights `best` holds, from 1."""
        return int(min(self.history(), key=score)["epoch"])

    def best_weights(self) -> Path:
        """The file `best`.

        Raises:
            FileNotFoundError: If no epoch has ended.
        """
        if not self.best.exists():
            raise FileNotFoundError(f"{self.path} has no checkpoint yet: no epoch has ended.")
        return self.best

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write the epochs' losses."""
        write_text(self.history_file, csv_text(rows), overwrite=True)

    def _clear(self) -> None:
        """Remove what a run wrote; its folders only if there was a run: they may be another's."""
        if self.config_file.exists():
            for folder in (self.pictures, self.tensorboard):
                shutil.rmtree(folder, ignore_errors=True)
        for stale in (self.last, self.best, self.history_file, self.metrics_file):
            stale.unlink(missing_ok=True)


class Run(RunDirectory):
    """The run directory of a VAE's training."""

    config_type = RunConfig
    kind = "an autoencoder"

    def extend(self, *, strategy: str | None = None, **changes: Any) -> RunConfig:
        """Change how the rest of the run is trained, and write it to the configuration.

        Args:
            strategy: Devices; None: unchanged.
            changes: Numbers of the preset, such as `epochs`; None: unchanged.
        """
        config = self.config()
        preset = config.preset.override(**changes)
        config = replace(config, preset=preset, strategy=strategy or config.strategy)
        write_json(self.config_file, config.to_dict())
        return config


def score(row: Mapping[str, float]) -> float:
    """The validation loss, or the training loss without a validation split: the least is best.

    NaN counts as infinite, since it compares as neither less nor more than any other.
    """
    loss = row.get("val_loss", row["loss"])
    return math.inf if math.isnan(loss) else loss


def write_json(path: Path, values: Any) -> None:
    """Write JSON, whole or not at all."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    write_text(path, text, overwrite=True)


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text("utf-8"))
