"""Keras callbacks of a training: one writes the run directory, two end the training early.

Why not Keras's `CSVLogger`, `BackupAndRestore`, `EarlyStopping` and `TerminateOnNaN`:
docs/decisions/0011.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL.Image import Image

from ..datasets import ImageDataset
from ..datasets.binarization import binarize_rows
from ..files.pictures import save as save_picture
from ..models.vae import VAE
from ..plotting import strip
from ..presets import Preset
from .averaging import averaged_weights
from .checkpoint import assign, generator_states, metric_variables, save, values_of
from .interruption import InterruptedBySignal, Interruption
from .multiworker import SharedState
from .position import Position, Row, read_position
from .run_directory import RunDirectory, stalled

PREVIEWS = 10  # images in a row of each epoch's pictures
MOST_PICTURES = 100  # epochs whose pictures are kept; of longer trainings every second, third, …
WATCHED = {"loss": "loss", "val_loss": "validation loss"}  # in the logs → in words
SAVE_EVERY = 600.0  # seconds between two checkpoints within an epoch
AGREED = 10  # steps between two questions of several workers whether to write a checkpoint
CHECKED = 20  # batches between two checks for NaN, which wait for the device

# What a model does after an epoch, whose number is in the titles: end of a file name → picture.
Pictures = Callable[[keras.Model, int], dict[str, Image]]


class DivergedError(RuntimeError):
    """The loss is no longer a number."""


class RunWriter(keras.callbacks.Callback):
    """Writes history, pictures and checkpoints after each epoch, and checkpoints within it.

    Within an epoch it writes a checkpoint every so many seconds, and at a signal, which then ends
    the training. A checkpoint holds all that the rest of the training depends on: see
    `position.Position`. It is written last, and a resumed training begins at it, so that what an
    interruption leaves behind it is written again.

    Args:
        run: Where to write.
        position: Where the training begins.
        pictures: Makes the pictures.
        every: Seconds between two checkpoints within an epoch.
        interruption: Says whether a signal was received.
        workers: What several processes or replicas share; None: there is only one.
        writes: Whether this process writes; of several workers only the chief does.
        first_losses: Measures the checkpoint of a model that begins as more than random weights: it
            is written as epoch 0, the best one if training does not improve it. None: no epoch 0.
        clock: Seconds.
    """

    def __init__(
        self,
        run: RunDirectory,
        position: Position,
        pictures: Pictures,
        *,
        every: float = SAVE_EVERY,
        interruption: Interruption | None = None,
        workers: SharedState | None = None,
        writes: bool = True,
        first_losses: Callable[[Path], dict[str, float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.run = run
        self.rows = list(position.history)
        self.pictures = pictures
        self.every = every
        self.interruption = interruption or Interruption()
        self.workers = workers
        self.writes = writes
        self.first_losses = first_losses
        self.clock = clock
        self.written = clock()
        self.begin: Position | None = position
        self.epoch, self.step, self.steps = position.epoch, position.step, position.steps
        self.trained: dict[str, Any] = {}  # metrics and generators before the validation
        self.average: AbstractContextManager = nullcontext()  # of the validation

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Write where a new training begins, and an initialized model as epoch 0.

        The last checkpoint is first here: without it, a best one could not be resumed.
        """
        if self.rows or self.epoch or self.step or not self.writes:
            return
        self._save(self._position(0))
        if self.first_losses is None:
            return
        save(self.run.best, self.model)
        self.rows.append({"epoch": 0, **self.first_losses(self.run.best)})
        self.run.write_history(self.rows)
        self._write_pictures(0)
        self._save(self._position(0))

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Go on with the means of an epoch that was interrupted."""
        self.epoch, self.step, self.trained = epoch, 0, {}
        if self.begin is not None:
            self.step = self.begin.step
            if self.step:
                assign(metric_variables(self.model), self.begin.metrics)
        self.first, self.begin = self.step, None
        self.steps = self.first + self.params["steps"]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Write a checkpoint if it is time, or if a signal was received; then end."""
        self.step = self.first + batch + 1
        due, received = self._asked(self.step)
        if received or (due and self.step < self.steps):
            self._save(self._position(self.step))
        self._end_at(received)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Note what the validation changes, in case that a signal ends it; average the weights."""
        self.trained = self._changing()
        self.average = averaged_weights(self.model)
        self.average.__enter__()

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Return the weights."""
        self.average.__exit__(None, None, None)

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """If a signal was received, write a checkpoint of the epoch's steps and end."""
        _, received = self._asked(batch + 1)
        if received:
            self.on_test_end()
            self._save(self._position(self.steps, **self.trained))
        self._end_at(received)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write, the last checkpoint last; weights that are NaN change nothing."""
        if self.writes:
            check_weights(self.model, self.run, epoch + 1)
        self.rows.append({"epoch": epoch + 1, **{k: float(v) for k, v in (logs or {}).items()}})
        self.epoch, self.step = epoch + 1, 0
        if self.writes:
            self.run.write_history(self.rows)
            with averaged_weights(self.model):
                self._write_pictures(epoch + 1)
                if self.run.best_of(self.rows) == epoch + 1:
                    save(self.run.best, self.model)
        self._write(self._position(0))

    def _asked(self, step: int) -> tuple[bool, int | None]:
        """Whether a checkpoint is due, and the signal that was received: the same for all workers.

        Workers must agree, since all take part in a checkpoint; they compare now and then.
        """
        due = self.clock() - self.written >= self.every
        if self.workers is None:
            return due, self.interruption.signal
        if step % AGREED and step != self.steps:
            self.interruption.renew()
            return False, None
        return self.workers.agree(due, self.interruption.signal)

    def _changing(self) -> dict[str, Any]:
        return {
            "metrics": values_of(metric_variables(self.model)),
            "generators": values_of(generator_states(self.model)),
        }

    def _position(self, step: int, **changing: Any) -> Position:
        changing = changing or self._changing()
        averages = self.workers.averages() if self.workers is not None and step else ()
        return Position(
            self.epoch, step, self.steps, tuple(self.rows), averages=averages, **changing
        )

    def _save(self, position: Position) -> None:
        if self.writes:
            check_weights(self.model, self.run, self.epoch + 1)
        self._write(position)

    def _write(self, position: Position) -> None:
        if self.writes:
            save(self.run.last, self.model, position)
        self.written = self.clock()

    def _end_at(self, received: int | None) -> None:
        if received:
            raise InterruptedBySignal(received)

    def _write_pictures(self, epoch: int) -> None:
        epochs = self.params["epochs"]
        if epoch != epochs and epoch % math.ceil(epochs / MOST_PICTURES):
            return
        for name, picture in self.pictures(self.model, epoch).items():
            file = self.run.pictures / f"epoch_{epoch:03d}{name}.png"
            save_picture(picture, file, overwrite=True)


class Previews:
    """The pictures of a VAE: samples, with the same z each epoch, and reconstructions.

    Args:
        dataset: Where the originals come from.
        preset: What the VAE is built from.
    """

    def __init__(self, dataset: ImageDataset, preset: Preset) -> None:
        self.split = "validation" if dataset.count("validation") else "train"
        rows = dataset.indices(self.split)[:PREVIEWS]
        self.originals = binarize_rows(dataset.images, rows, preset.binarization)
        self.labels = None if preset.classes is None else dataset.labels[rows]
        shown = range(min(preset.classes or 0, PREVIEWS))
        self.shown = {label: dataset.label_name(label) for label in shown}
        which = f"the first {PREVIEWS} of {preset.classes} labels"
        which = which if len(shown) < (preset.classes or 0) else "each label"
        self.rows = f"; a row for {which}, each column from the same z" if self.shown else ""

    def __call__(self, vae: VAE, epoch: int) -> dict[str, Image]:
        """Rows of samples; a row of originals above their reconstructions."""
        rows = self._samples_of_labels(vae) if self.shown else self._samples(vae)
        samples = strip(
            np.stack([*rows.values()]),
            [""] * PREVIEWS,
            [*rows],
            f"epoch {epoch}: samples from the prior{self.rows}",
        )
        pairs = strip(
            [self.originals, vae.reconstruct(self.originals, self.labels)],
            [""] * len(self.originals),
            ["original", "reconstruction"],
            f"epoch {epoch}: reconstructions of the {self.split} split",
        )
        return {"_samples": samples, "_reconstructions": pairs}

    def _samples(self, vae: VAE) -> dict[str, np.ndarray]:
        """Two rows, by their names; as `kvae generate` makes them."""
        first, second = np.split(vae.generate(2 * PREVIEWS, seed=0), 2)
        names = [f"seeds {start} … {start + PREVIEWS - 1}" for start in (0, PREVIEWS)]
        return dict(zip(names, (first, second), strict=True))

    def _samples_of_labels(self, vae: VAE) -> dict[str, np.ndarray]:
        """A row for each label of a conditional model, all from the same z."""
        return {
            name: vae.generate(PREVIEWS, np.full(PREVIEWS, label), seed=0)
            for label, name in self.shown.items()
        }


class EarlyStop(keras.callbacks.Callback):
    """Stops a training whose validation loss no longer falls; all workers see the same losses.

    Args:
        patience: Epochs without a lower validation loss before training stops; None: never.
        history: Rows of the epochs completed.
    """

    def __init__(self, patience: int | None, history: Iterable[Row]) -> None:
        super().__init__()
        self.patience = patience
        self.rows = list(history)

    @property
    def stalled(self) -> bool:
        """Whether the validation loss has not fallen for `patience` epochs."""
        return stalled(self.rows, self.patience)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Compare the loss with those before."""
        self.rows.append({"epoch": epoch + 1, **(logs or {})})
        self.model.stop_training = self.model.stop_training or self.stalled


class DivergenceGuard(keras.callbacks.Callback):
    """Raises an error when the loss, or the validation loss, becomes NaN or infinite.

    Args:
        run: For the advice in the message; None: the numbers of the training cannot be changed.
    """

    def __init__(self, run: RunDirectory | None = None) -> None:
        super().__init__()
        self.run = run

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the epoch for the message."""
        self.epoch = epoch + 1
        self.next = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check every so many batches; the running mean keeps a NaN."""
        if batch >= self.next:
            self.next = batch + CHECKED
            self._check(logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Check before the epoch is written."""
        self._check(logs)

    def _check(self, logs: dict[str, float] | None) -> None:
        for name, what in WATCHED.items():
            if not math.isfinite(float((logs or {}).get(name, 0.0))):
                raise diverged(what, self.run, self.epoch)


def check_weights(model: keras.Model, run: RunDirectory | None, epoch: int) -> None:
    """Check that the weights are finite, before they replace an earlier checkpoint.

    Raises:
        DivergedError: If they are not.
    """
    if not all(np.isfinite(value).all() for value in values_of(model.trainable_variables)):
        raise diverged("weights", run, epoch)


def diverged(what: str, run: RunDirectory | None, epoch: int) -> DivergedError:
    """Make the error of a training that diverged.

    Args:
        what: What became NaN.
        run: See `DivergenceGuard`.
        epoch: The epoch, from 1.
    """
    fact = f"The {what} became NaN in epoch {epoch}."
    if run is None:
        return DivergedError(fact)
    kept = f"The last checkpoint is kept in {run.path}"
    if not _holds_steps(run.last):
        kept = f"Nothing is kept in {run.path} but its beginning"
    return DivergedError(
        f"{fact} {kept}. Start again with `overwrite=True` and a smaller `learning_rate`, or, if "
        "its precision is another, with `precision=float32`."
    )


def _holds_steps(last: Path) -> bool:
    """Whether a checkpoint is there, and more than where the training began."""
    try:
        return read_position(last).epochs_begun > 0
    except ValueError:  # it is damaged, or missing
        return last.exists()
