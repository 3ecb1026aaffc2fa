"""The run directory: everything that a training writes, and what it takes to go on with it."""

from __future__ import annotations

import csv
import json
import math
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..files.atomic import write_atomically, write_text
from ..presets import Preset

if TYPE_CHECKING:
    from ..datasets import ImageDataset

SPLITS = ("train", "validation", "test")
VERSIONED = ("keras-vae", "tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class RunConfig:
    """What repeats a training.

    Attributes:
        preset: Model and training numbers, overrides applied.
        dataset: Name or path of the data set.
        data_dir: Where its files are; None for TensorFlow Datasets.
        limit: At most so many training images.
        seed: Seed of weights, order, noise, and of the split where the set has none.
        precision: Keras dtype policy of the networks.
        strategy: Devices, as `distribution.make_strategy` takes it.
        early_stop: Epochs without a better validation loss after which training ends; None: never.
        command: What was typed to start the run, for its model card; None where Python started it.
        provenance: What the data set said of itself: counts, split, licence.
    """

    preset: Preset
    dataset: str
    data_dir: str | None = None
    limit: int | None = None
    seed: int = 0
    precision: str = "float32"
    strategy: str = "auto"
    early_stop: int | None = None
    command: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, with the versions at work."""
        versions = {name: version(name) for name in VERSIONED}
        versions["python"] = platform.python_version()
        return {**asdict(self), "versions": versions}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Rebuild from `to_dict`."""
        values = {key: value for key, value in values.items() if key != "versions"}
        return cls(**{**values, "preset": Preset.from_dict(values["preset"])})


@dataclass(frozen=True)
class RunDirectory:
    """A run directory, of whatever is trained; what repeats the run is for subclasses to read.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def config_file(self) -> Path:
        """What repeats the run."""
        return self.path / "config.json"

    @property
    def history_file(self) -> Path:
        """One row for each epoch."""
        return self.path / "history.csv"

    @property
    def metrics_file(self) -> Path:
        """Losses of every split, with the exported weights."""
        return self.path / "metrics.json"

    @property
    def pictures(self) -> Path:
        """Samples and reconstructions after each epoch."""
        return self.path / "pictures"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard logs."""
        return self.path / "tensorboard"

    @property
    def last(self) -> Path:
        """Model and optimizer after the last whole epoch."""
        return self.path / "checkpoints" / "last.keras"

    @property
    def best(self) -> Path:
        """The model of the lowest validation loss."""
        return self.path / "checkpoints" / "best.keras"

    @classmethod
    def create(cls, path: str | Path, config: Any, *, overwrite: bool = False) -> Self:
        """Make a run directory; one that is overwritten keeps nothing of the run before.

        Args:
            path: The folder.
            config: What repeats the run, with `to_dict`.
            overwrite: Whether a run that is there may be replaced.

        Raises:
            FileExistsError: If there is a run in it already and `overwrite` is false.
        """
        run = cls(Path(path))
        run.check_free(overwrite=overwrite)
        run._clear()
        run.last.parent.mkdir(parents=True, exist_ok=True)
        run.pictures.mkdir(exist_ok=True)
        write_json(run.config_file, config.to_dict())
        return run

    def check_free(self, *, overwrite: bool = False) -> None:
        """Refuse to start where a run is.

        Raises:
            FileExistsError: If there is a run already and `overwrite` is false.
        """
        if self.config_file.exists() and not overwrite:
            raise FileExistsError(
                f"{self.path} holds a run already. Continue it with --resume {self.path}, or start "
                "anew with --overwrite."
            )

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a run directory.

        Raises:
            FileNotFoundError: If it is none.
        """
        run = cls(Path(path))
        if not run.config_file.is_file():
            raise FileNotFoundError(f"{path} is no run directory: it has no config.json.")
        return run

    def config(self) -> Any:
        """Read what repeats the run."""
        raise NotImplementedError

    def check_counts(self, dataset: ImageDataset) -> None:
        """Refuse to go on with other images than the run was started with.

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
        """The file `best`, if an epoch has ended.

        Raises:
            FileNotFoundError: If none has.
        """
        if not self.best.exists():
            raise FileNotFoundError(f"{self.path} has no checkpoint yet: no epoch has ended.")
        return self.best

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write the epochs' losses."""

        def write(path: Path) -> None:
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
                writer.writeheader()
                writer.writerows(rows)

        write_atomically(self.history_file, write, overwrite=True)

    def _clear(self) -> None:
        """Remove what a run wrote; folders only where one was, or they may be anybody's."""
        if self.config_file.exists():
            for folder in (self.pictures, self.tensorboard):
                shutil.rmtree(folder, ignore_errors=True)
        for stale in (self.last, self.best, self.history_file, self.metrics_file):
            stale.unlink(missing_ok=True)


class Run(RunDirectory):
    """The run directory of an autoencoder's training."""

    def config(self) -> RunConfig:
        """Read what repeats the run."""
        return RunConfig.from_dict(read_json(self.config_file))

    def extend(self, *, strategy: str | None = None, **changes: Any) -> RunConfig:
        """Change how the rest of the run is trained, and record it.

        Args:
            strategy: Devices; None: as before.
            changes: Numbers of the preset, such as `epochs`; None: as before.
        """
        config = self.config()
        config = replace(
            config,
            preset=config.preset.override(**changes),
            strategy=strategy or config.strategy,
        )
        write_json(self.config_file, config.to_dict())
        return config


def score(row: Mapping[str, float]) -> float:
    """What the best epoch has least of; without a validation split the training loss.

    A loss that is no number is the worst: NaN is neither less nor more than any other.
    """
    loss = row.get("val_loss", row["loss"])
    return math.inf if math.isnan(loss) else loss


def write_json(path: Path, values: Any) -> None:
    """Write JSON, whole or not at all."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    write_text(path, text, overwrite=True)


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text())
