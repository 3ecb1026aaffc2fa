"""Training and measuring of one cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import keras
import numpy as np

from ..datasets import ImageDataset
from ..datasets.pipeline import steps_per_epoch
from ..models.vae import VAE
from ..training import trainer
from ..training.callbacks import DivergenceGuard, check_weights
from ..training.checkpoint import generator_states, save, values_of
from ..training.position import Position, read_position
from ..training.precision import precision_for
from ..training.run_directory import Run, RunConfig
from .cell import Cell, Training
from .evaluated_model import ExportedModel, TrainedModel
from .measures import measure
from .workspace import Arrays, Row, Workspace

CHECKPOINT_EVERY = 60.0  # seconds: a training that is shorter writes no checkpoint
# On a busy machine, the time of the processor says more than that of the wall.
CLOCKS = {"seconds": time.perf_counter, "cpu_seconds": time.process_time}

Report = Callable[[float], None]  # with the share that is done


def fit_cell(
    cell: Cell, workspace: Workspace, report: Report = lambda share: None
) -> tuple[Row, Arrays]:
    """Train the model of a cell, as `kvae train` does, and measure it.

    A cell whose process was killed is resumed from its last checkpoint, and gives the numbers of an
    uninterrupted training. The caller holds the lock of `workspace.unfinished(cell)`.

    Args:
        cell: A model to train, or a trained one to measure.
        workspace: Data sets and checkpoints.
        report: Called with the share that is done.

    Returns:
        The cell's row, and its arrays, with the losses of each epoch as `history_…`.

    Raises:
        DivergedError: If the loss becomes NaN.
    """
    keras.backend.clear_session()
    dataset = workspace.dataset(cell)
    facts, histories = {}, {}
    if isinstance(cell, Training):
        vae, facts, histories = _train(cell, dataset, workspace.unfinished(cell), report)
        model = TrainedModel(dataset, vae, cell.resolved)
        numbers, arrays = measure(model, cell.measures)
    else:
        start = _clocks()
        model = ExportedModel(dataset, cell.served)
        numbers, arrays = measure(model, cell.measures, report)
        facts = {name: round(time - start[name], 2) for name, time in _clocks().items()}
    row = {"cell": cell.key, **cell.settings(), **facts, "tensorflow": version("tensorflow")}
    row |= {name: _as_float32(value) for name, value in numbers.items()}
    return row, {**histories, **arrays}


def _train(
    cell: Training, dataset: ImageDataset, run: Run, report: Report
) -> tuple[VAE, dict[str, Any], Arrays]:
    """Train, and describe the training: its facts, and the losses of each epoch."""
    vae, config, rows = _begin(cell, dataset, run)
    recorder = CellRecorder(run, rows, report, cell.tolerance)
    trainer.fit(
        vae,
        config,
        dataset,
        initial_epoch=len(rows),
        validation=cell.watch,
        callbacks=[DivergenceGuard(), recorder],
    )
    rows = recorder.rows
    batch_size, epochs = config.preset.batch_size, len(rows)
    images = epochs * batch_size * steps_per_epoch(dataset, batch_size)
    facts = {
        "epochs": epochs,
        "images": images,
        **{name: round(rows[-1][name], 2) for name in CLOCKS},
        "images_per_second": round(images / rows[-1]["seconds"]),
        "precision": config.precision,
        "parameters": vae.encoder.count_params() + vae.decoder.count_params(),
        "epoch_loss": _as_float32(rows[-1]["loss"]),
    }
    losses = [name for name in rows[0] if name not in ("epoch", *CLOCKS)]
    return vae, facts, {f"history_{name}": np.array([e[name] for e in rows]) for name in losses}


def _begin(
    cell: Training, dataset: ImageDataset, run: Run
) -> tuple[VAE, RunConfig, list[dict[str, float]]]:
    """Build the model of a cell, or open its checkpoint; and the history of its epochs."""
    if run.last.exists():
        config = run.config()
        vae = trainer.last_vae(run, config, dataset)
        return vae, config, list(read_position(run.last).history)
    precision = precision_for(cell.resolved)
    config = RunConfig(
        cell.resolved, cell.data, limit=cell.limit, seed=cell.seed, precision=precision
    )
    vae = trainer.new_vae(config, dataset)
    Run.create(run.path, config, overwrite=True)
    return vae, config, []


class CellRecorder(keras.callbacks.Callback):
    """Records the epochs of a cell, writes a checkpoint now and then, and stops at a plateau.

    Attributes:
        rows: The history: for each epoch its number, the time until its end and its losses.

    Args:
        run: Where the checkpoint is written.
        rows: The history of the epochs before.
        report: Called with the share of the training that is done.
        tolerance: Training stops when an epoch changes the training loss by less (Jiang 2024, 4.2);
            None: never.
    """

    def __init__(
        self,
        run: Run,
        rows: list[dict[str, float]],
        report: Report = lambda share: None,
        tolerance: float | None = None,
    ) -> None:
        super().__init__()
        self.run = run
        self.rows = list(rows)
        self.report = report
        self.tolerance = tolerance
        before = rows[-1] if rows else dict.fromkeys(CLOCKS, 0.0)
        self.start = {name: now - before[name] for name, now in _clocks().items()}
        self.written = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report."""
        share = (batch + 1) / self.params["steps"]
        self.report((len(self.rows) + share) / self.params["epochs"])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the epoch; after a minute without a checkpoint, write one.

        Raises:
            DivergedError: If the weights are NaN: they would be measured, and written.
        """
        check_weights(self.model, None, epoch + 1)
        spent = {name: now - self.start[name] for name, now in _clocks().items()}
        losses = {name: float(value) for name, value in logs.items()}
        self.rows.append({"epoch": epoch + 1, **spent, **losses})
        if self._plateau():
            # No checkpoint here: a resumed training would not know that it has ended.
            self.model.stop_training = True
        elif time.monotonic() - self.written > CHECKPOINT_EVERY:
            generators = values_of(generator_states(self.model))
            position = Position(epoch + 1, history=tuple(self.rows), generators=generators)
            save(self.run.last, self.model, position)
            self.written = time.monotonic()

    def _plateau(self) -> bool:
        if self.tolerance is None or len(self.rows) < 2:
            return False
        before, now = (row["loss"] for row in self.rows[-2:])
        return abs(now - before) < self.tolerance


def _clocks() -> dict[str, float]:
    return {name: clock() for name, clock in CLOCKS.items()}


def _as_float32(value: float) -> float:
    """As many digits as float32 has."""
    return float(f"{float(value):.7g}")
