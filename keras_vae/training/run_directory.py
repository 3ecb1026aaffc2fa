"""The run directory: all that a training writes, and all that is needed to resume it."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
import platform
import re
import socket
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from filelock import FileLock, Timeout

from ..choices import PRECISIONS, STRATEGIES
from ..datasets.splits import counted
from ..files.atomic import OutputGroup, remove_drafts, write_text
from ..files.disk import make_folders, remove_folders
from ..files.keras_file import check_keras_file
from ..files.regular import file_kind, open_regular
from ..files.tables import csv_text
from ..presets import Preset
from ..presets.configuration import Ranged, plain
from ..presets.ranges import Count, OneOf, Seed
from .config_file import read_config
from .position import Position, read_position

if TYPE_CHECKING:
    from ..datasets import ImageDataset

log = logging.getLogger(__name__)

# Not printable in YAML, or a line break; lone surrogates are the bytes of a path that is not UTF-8.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

VERSIONED = ("keras-vae", "tensorflow", "keras", "numpy")
MARKS = {"dataset", "seed", "versions"}  # keys of every run's configuration
PICTURES = "epoch_[0-9]*.png"
EVENTS = "events.out.tfevents.*"  # as TensorBoard names its logs


def installed_versions() -> dict[str, str]:
    """The versions of the packages that train, and of Python."""
    return {name: version(name) for name in VERSIONED} | {"python": platform.python_version()}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Ranged):
    """The part of a training's configuration that all kinds of models share.

    Attributes:
        data_dir: Folder of the data set's files; None for TensorFlow Datasets.
        limit: Maximum number of training images.
        seed: Seed of weights, order, noise, and of the split where the set has none.
        precision: Keras dtype policy of the networks: one of `choices.PRECISIONS`.
        command: The command that started the run, for its model card; None: Python started it.
        provenance: Counts, split and licence of the data set.
        versions: The packages that train.
    """

    data_dir: str | None = None
    limit: Count | None = None
    seed: Seed = 0
    precision: Annotated[str, OneOf(PRECISIONS)] = "float32"
    command: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=installed_versions)


@dataclass(frozen=True)
class RunConfig(TrainingConfig):
    """The configuration of a VAE's training.

    Attributes:
        preset: Model and training numbers, overrides applied.
        dataset: Name or path of the data set.
        strategy: Devices, as `distribution.make_strategy` takes it.
        early_stop: Epochs without a lower validation loss after which training ends; None: never.
        start_from: Run directory, or folder of an exported version, whose weights the training
            starts from; None: from new weights.
        data_dir: Folder of the data set's files; None for TensorFlow Datasets.
        limit: Maximum number of training images.
        seed: Seed of weights, order, noise, and of the split where the set has none.
        precision: Keras dtype policy of the networks: one of `choices.PRECISIONS`.
        command: The command that started the run, for its model card; None: Python started it.
        provenance: Counts, split and licence of the data set.
        versions: The packages that train.

    Example:
        >>> RunConfig(preset=get_preset("digits"), dataset="digits", seed=1).strategy
        'auto'
    """

    preset: Preset
    dataset: str
    strategy: Annotated[str, OneOf(STRATEGIES)] = "auto"
    early_stop: Count | None = None
    start_from: str | None = None

    @property
    def initialized(self) -> bool:
        """Whether the model begins as more than random weights: it is then measured as epoch 0."""
        return self.start_from is not None or self.preset.network.from_data

    def check(self, validated: bool = True) -> None:
        """Refuse what cannot be trained: also before data are read.

        Args:
            validated: Whether there is a validation split, as far as it is known.

        Raises:
            ValueError: If the preset cannot be: see `Preset.check`; or if an early end needs losses
                that compare.
        """
        self.preset.check()
        if self.early_stop is not None and not self.preset.objective.losses_compare(validated):
            raise ValueError(
                "`early_stop` must be left out with an adversarial loss, a term that starts later "
                "or, without a validation split, annealing: the losses of different epochs do not "
                f"compare. Received: {self.early_stop}."
            )


class RunInUseError(RuntimeError):
    """Another process writes to the run directory."""


def difference(
    provenance: Mapping[str, Any], dataset: ImageDataset, *, read: bool = True
) -> str | None:
    """Which fact of the images that a run was started with is another one of a data set.

    Args:
        provenance: What the run knows of its images; a fact that it lacks differs from none.
        dataset: The images to compare.
        read: Whether to read them where their counts are the same.

    Returns:
        "counts", of images in each split; "digest", of images, labels and split; None: neither.
    """
    if provenance.get("counts") not in (None, dataset.counts):
        return "counts"
    digest = provenance.get("digest") if read else None
    return None if digest is None or digest == dataset.digest() else "digest"


class RunDirectory:
    """The run directory of a training; subclasses name its kind.

    Attributes:
        path: The folder.
        config_file: The configuration.
        history_file: Losses, one row for each epoch.
        metrics_file: Losses of every split, with the exported weights.
        pictures: Folder of image grids, drawn after each epoch.
        tensorboard: Folder of TensorBoard logs.
        last: Checkpoint: all that the rest of the training depends on.
        best: Checkpoint: the model of the lowest validation loss; with an adversary, whose losses
            do not compare, that of the last epoch.

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
        self._lock_file = self.path / ".lock"
        self._holder_file = self.path / ".lock.json"
        self._results = (self.last, self.best, self.history_file, self.metrics_file)

    @classmethod
    def create(cls, path: str | Path, config: TrainingConfig, *, overwrite: bool = False) -> Self:
        """Make a run directory; nothing is kept of an existing run that is overwritten.

        Args:
            path: The folder.
            config: The configuration.
            overwrite: Whether an existing run is overwritten.

        Raises:
            FileExistsError: If it holds a run, or a file of one, and `overwrite` is False.
        """
        run = cls(path)
        run.check_free(overwrite=overwrite)
        run._clear()
        run.last.parent.mkdir(parents=True, exist_ok=True)
        run.pictures.mkdir(exist_ok=True)
        run.write_config(config)
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
        """Refuse a folder that holds a run, or a file that a run would overwrite.

        Raises:
            FileExistsError: If it does and `overwrite` is False, or if another program wrote its
                config.json.
            OSError: See `lock`.
        """
        self._check_places()
        if overwrite:
            return
        if self.config_file.exists():
            raise FileExistsError(
                f"{self.path} holds a run already. Resume it with `resume={self.path}`, or use "
                "`overwrite=True` to overwrite it."
            )
        for file in (*self._results, *self.pictures.glob(PICTURES)):
            if file.exists():
                raise FileExistsError(
                    f"{self.path} must hold no file that a run writes. Received: {file}, without "
                    "a config.json. Choose another folder, or use `overwrite=True` to overwrite "
                    "such files."
                )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing to the run; remove what killed ones left unfinished.

        The system releases the lock of a process that ends, however it ends.

        Raises:
            OSError: If a file of the run is a folder, a FIFO or a device, a folder a file, or
                config.json another program's.
            RunInUseError: If another process writes to it.
        """
        self._check_places()
        made = make_folders(self.path)
        lock = self._acquire()
        try:
            holder = {"pid": os.getpid(), "host": socket.gethostname()}
            write_json(self._holder_file, holder)
            if self.config_file.exists():  # otherwise the folder, and drafts in it, are another's
                for folder in (self.path, self.last.parent, self.pictures):
                    remove_drafts(folder)
            yield
        finally:
            try:
                self._holder_file.unlink(missing_ok=True)
                if not self.config_file.exists():  # it was never created
                    self._lock_file.unlink(missing_ok=True)
            finally:
                lock.release()
            remove_folders(made)

    def check_unused(self) -> None:
        """Refuse a run that another process writes to: also before long work.

        Raises:
            OSError: See `lock`.
            RunInUseError: If one does.
        """
        self._check_places()
        if self._lock_file.exists():
            self._acquire().release()

    def _check_places(self) -> None:
        """Refuse what cannot be written to, before anything is: a FIFO would wait for a reader."""
        advice = "Move it elsewhere."
        for file in (self.config_file, *self._results, self._lock_file, self._holder_file):
            mode = _mode(file)
            if mode is not None and not stat.S_ISREG(mode):
                kind = file_kind(mode)
                raise OSError(f"{file} must be a regular file. Received: {kind}. {advice}")
        for folder in (self.last.parent, self.pictures, self.tensorboard):
            mode = _mode(folder)
            if mode is not None and not stat.S_ISDIR(mode):
                raise NotADirectoryError(f"{folder} must be a folder. Received: a file. {advice}")
        if self._is_anothers():
            raise FileExistsError(
                f"{self.config_file} must be that of a run. Received: a file of another program. "
                "Choose another folder, or move that file elsewhere."
            )

    def _is_anothers(self) -> bool:
        """Whether another program wrote config.json; one that is damaged may be a run's."""
        try:
            values = read_json(self.config_file)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        return not (isinstance(values, dict) and values.keys() >= MARKS)

    def _acquire(self) -> FileLock:
        lock = FileLock(self._lock_file)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RunInUseError(
                f"{self.path} is in use: {self._holder()} writes to it. Wait until it ends, or end "
                "it."
            ) from error
        return lock

    def _holder(self) -> str:
        try:
            holder = read_json(self._holder_file)
            return f"process {holder['pid']} on {holder['host']}"
        except (OSError, ValueError, KeyError, TypeError):  # it was just acquired
            return "another process"

    def config(self) -> Any:
        """Read the configuration.

        Raises:
            ValueError: If it is damaged, or that of another kind of run; the message names the key.
        """
        try:
            return read_config(self.config_file, self.config_type)
        except ValueError as error:
            reason = f"{self.config_file} is not that of {self.kind}'s run: {error}"
            raise ValueError(reason) from error

    def write_config(self, config: TrainingConfig) -> None:
        """Write the configuration."""
        write_json(self.config_file, plain(config))

    def check_counts(self, dataset: ImageDataset) -> None:
        """Refuse another number of images than the run was started with; nothing is read.

        Raises:
            ValueError: If a split has more or fewer.
        """
        provenance = self.config().provenance
        if difference(provenance, dataset, read=False):
            raise ValueError(
                f"`dataset` must be the one that the run was started with, with "
                f"{counted(provenance['counts'])} images. Received: {counted(dataset.counts)} in "
                f"{dataset.name!r}. {self._cure()}"
            )

    def check_data(self, dataset: ImageDataset) -> None:
        """Refuse to go on with other images than the run was started with.

        A run of an older version may lack what is compared: there is a warning.

        Raises:
            ValueError: If images, split or labels differ.
        """
        self.check_counts(dataset)
        provenance = self.config().provenance
        if provenance.get("digest") is None:
            log.warning(
                "%s holds no digest of its images, as those of an older kvae: whether %r still "
                "has the same ones is not known.",
                self.config_file,
                dataset.name,
            )
        elif difference(provenance, dataset):
            raise ValueError(
                f"`dataset` must be the one that the run was started with. Received: as many "
                f"images in {dataset.name!r}, but other images, labels or another split. "
                f"{self._cure()}"
            )

    def _cure(self) -> str:
        """What to do if a data set is not the one that the run was started with."""
        location = self.config().provenance.get("location")
        place = f" in {location}" if location else ""
        return f"Restore the images{place}, with the `max_pixels` of the start, or train again."

    def position(self) -> Position | None:
        """Read how far the training has come; None: no checkpoint has been written.

        Raises:
            ValueError: If the last checkpoint, or the one of the best epoch, is damaged or missing.
        """
        if not self.last.exists():
            if self.best.exists():
                raise FileNotFoundError(
                    f"{self.last} is missing: the training cannot be resumed. Export the best "
                    f"epoch, which {self.best} holds, or start again with `overwrite=True`."
                )
            return None
        again = "Restore it from a copy, or start again with `overwrite=True`."
        best = f"Export the best epoch, which {self.best} holds. " if self.best.exists() else ""
        check_keras_file(self.last, best + again)
        position = read_position(self.last)
        if position.history:
            check_keras_file(
                self.best,
                f"It held the weights of epoch {self.best_of(position.history)}. Restore it from a "
                f"copy, or copy {self.last} to it to go on with the weights of that file.",
            )
        return position

    def restore_history(self, position: Position) -> None:
        """Write the history of a checkpoint, where the file is lost, damaged or goes beyond it."""
        text = csv_text(position.history) if position.history else ""
        found = self.history_file.read_bytes() if self.history_file.exists() else b""
        if not found.startswith(text.encode()):
            log.warning(
                "%s is lost or damaged. It is written again from the checkpoint.", self.history_file
            )
        if text:
            write_text(self.history_file, text, overwrite=True)
        else:
            self.history_file.unlink(missing_ok=True)

    def history(self) -> list[dict[str, float]]:
        """Read the epochs' losses, first epoch first.

        Raises:
            ValueError: If the file is damaged.
        """
        if not self.history_file.exists():
            return []
        rows: list[dict[str, float]] = []
        with (
            open_regular(self.history_file) as stream,
            TextIOWrapper(stream, "utf-8", "replace", newline="") as file,
        ):
            reader = csv.DictReader(file, strict=True)
            try:
                for row in reader:
                    values = {name: float(value) for name, value in row.items()}
                    rows.append({**values, "epoch": int(values["epoch"])})
                    first = min(rows[0]["epoch"], 1)  # epoch 0 is an initialized model
                    if rows[-1]["epoch"] != first + len(rows) - 1:
                        raise ValueError
            except (csv.Error, KeyError, OverflowError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{self.history_file} is damaged in line {reader.line_num}."
                ) from error
        return rows

    def best_epoch(self) -> int:
        """Number of the epoch whose weights `best` holds; 0: of an initialized model."""
        return self.best_of(self.history())

    def best_of(self, history: Sequence[Mapping[str, float]]) -> int:
        """Number of the best epoch of a history, from 1: the one with the lowest score."""
        return int(min(history, key=score)["epoch"])

    def best_weights(self) -> Path:
        """The file `best`.

        Raises:
            FileNotFoundError: If no epoch has ended.
            ValueError: If it is damaged.
        """
        if not self.best.exists():
            raise FileNotFoundError(f"{self.path} has no checkpoint yet: no epoch has ended.")
        check_keras_file(self.best, "Restore it from a copy, or train again.")
        return self.best

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write the epochs' losses."""
        write_text(self.history_file, csv_text(rows), overwrite=True)

    def _clear(self) -> None:
        """Remove what a run wrote; the logs only if there was a run: they may be another's."""
        logs = self.tensorboard.rglob(EVENTS) if self.config_file.exists() else ()
        for stale in (*logs, *self.pictures.glob(PICTURES), self.config_file, *self._results):
            stale.unlink(missing_ok=True)


class Run(RunDirectory):
    """The run directory of a VAE's training.

    Args:
        path: The folder.

    Example:
        >>> Run("runs/digits").best.name
        'best.keras'
    """

    config_type = RunConfig
    kind = "an autoencoder"

    def best_of(self, history: Sequence[Mapping[str, float]]) -> int:
        """The best epoch of a history: where the losses of epochs do not compare, the last."""
        last = history[-1]
        if not self.config().preset.objective.losses_compare("val_loss" in last):
            return int(last["epoch"])
        return super().best_of(history)

    def extended(self, *, strategy: str | None = None, **changes: Any) -> RunConfig:
        """The configuration, with changes for the rest of the training; nothing is written.

        Args:
            strategy: Devices; None: unchanged.
            changes: Numbers of the preset, such as `epochs`; None: unchanged.

        Raises:
            ValueError: If more epochs are completed or begun than the training is to have, or if it
                is to have more although it has ended early.
        """
        config = self.config()
        preset = config.preset.override(**changes)
        position = self.position() or Position()
        if preset.epochs < position.epochs_begun:
            raise ValueError(
                f"`epochs` must be at least {position.epochs_begun}, which {self.path} has begun. "
                f"Received: {preset.epochs}."
            )
        if preset.epochs > config.preset.epochs and stalled(position.history, config.early_stop):
            raise ValueError(
                f"`epochs` must be left out: {self.path} has ended after {position.epoch} epochs, "
                f"because the validation loss had not fallen for {config.early_stop}. Received: "
                f"{preset.epochs}. Train again with a larger `early_stop`."
            )
        return replace(config, preset=preset, strategy=strategy or config.strategy)


def _mode(path: Path) -> int | None:
    """What kind of file a path is; None: there is none. Another process may just remove it."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def score(row: Mapping[str, float]) -> float:
    """The validation loss, or the training loss without a validation split: the least is best.

    NaN counts as infinite, since it compares as neither less nor more than any other.
    """
    loss = row.get("val_loss", row["loss"])
    return math.inf if math.isnan(loss) else loss


def stalled(history: Iterable[Mapping[str, float]], patience: int | None) -> bool:
    """Whether a training ends early: its validation loss no longer falls.

    Args:
        history: Rows of the epochs completed; epoch 0, the initialized model, does not count.
        patience: Epochs without a lower loss before the training ends; None: it never does.
    """
    losses = [score(row) for row in history if row["epoch"]]
    if patience is None or not losses:
        return False
    return len(losses) - 1 - losses.index(min(losses)) >= patience


def json_text(values: Any) -> str:
    """Write values as JSON that is YAML, too: letters that YAML does not have are escaped."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    return _NOT_YAML.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text)


def write_json(path: Path, values: Any, *, group: OutputGroup | None = None) -> None:
    """Write JSON, whole or not at all; an existing file is overwritten.

    Args:
        path: The file.
        values: What it holds.
        group: The files that it appears together with; None: it appears now.
    """
    write_text(path, json_text(values), overwrite=True, group=group)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: If it is not JSON.
    """
    try:
        with open_regular(path) as stream:
            return json.loads(stream.read())
    except (RecursionError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged: it is not JSON ({error}). Restore it from a copy."
        ) from error
