"""One cell: its model trained, or opened, and measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib.metadata import version

import keras
import numpy as np

from ..datasets import ImageDataset
from ..datasets.pipeline import steps_per_epoch
from ..models.vae import VAE
from ..training import trainer as training
from ..training.precision import precision_for
from ..training.run_directory import Run, RunConfig
from .bookmark import Bookmark
from .callbacks import Reporter, StopAtPlateau
from .cell import Cell, Training
from .measurement import Measured, measure_all
from .stopwatch import CLOCKS, Stopwatch
from .store import Row
from .study import Study
from .subject import ServedSubject, TrainedSubject
from .workplace import Workplace

EVERY = 0.5  # seconds between two reports

Arrays = dict[str, np.ndarray]


def carry_out(
    cell: Cell, place: Workplace, report: Callable[[float], None] = lambda share: None
) -> tuple[Row, Arrays]:
    """Train a cell's model as `kvae train` would, with what it takes to go on, and measure it.

    Args:
        cell: What to train, or a model that is there already.
        place: Where its data is.
        report: Called now and then with the share that is done.

    Returns:
        Its row, and the arrays of its measures beside each epoch's losses, `history_…`.

    Raises:
        DivergedError: If the loss becomes NaN.
    """
    keras.backend.clear_session()
    dataset = place.load(cell)
    if isinstance(cell, Training):
        return _train(cell, dataset, place, report)
    return _examine(cell, dataset, place, report)


def _examine(
    study: Study, dataset: ImageDataset, place: Workplace, report: Callable[[float], None]
) -> tuple[Row, Arrays]:
    """Measure a model that is there."""
    stopwatch = Stopwatch()
    subject = ServedSubject(dataset, place.cache_dir, study.served)
    measured = measure_all(subject, study.measures, report)
    spent = {name: round(seconds, 2) for name, seconds in stopwatch.spent().items()}
    return _row(study, spent, measured)


def _train(
    cell: Training, dataset: ImageDataset, place: Workplace, report: Callable[[float], None]
) -> tuple[Row, Arrays]:
    """Train a model and measure it; the time is that of the training."""
    run = place.store.unfinished(cell)
    vae, config, history = _begin(cell, dataset, run)
    preset = config.preset
    bookmark = Bookmark(run, history)
    callbacks: list[keras.callbacks.Callback] = [Reporter(report, EVERY)]
    if cell.tolerance is not None:
        before = history[-1]["loss"] if history else math.inf
        callbacks.append(StopAtPlateau(cell.tolerance, before))
    callbacks.append(bookmark)
    training.fit(
        vae,
        config,
        dataset,
        initial_epoch=len(history),
        validation=cell.watch,
        callbacks=callbacks,
    )
    batch_size, epochs = preset.batch_size, len(bookmark.rows)
    images = epochs * batch_size * steps_per_epoch(dataset, batch_size)
    spent = {name: round(bookmark.rows[-1][name], 2) for name in CLOCKS}
    facts = {
        "epochs": epochs,
        "images": images,
        **spent,
        "images_per_second": round(images / spent["seconds"]),
        "precision": config.precision,
        "parameters": vae.encoder.count_params() + vae.decoder.count_params(),
        "epoch_loss": _digits(bookmark.rows[-1]["loss"]),
    }
    subject = TrainedSubject(dataset, place.cache_dir, vae, preset)
    row, arrays = _row(cell, facts, measure_all(subject, cell.measures))
    losses = [name for name in bookmark.rows[0] if name not in ("epoch", *CLOCKS)]
    histories = {f"history_{name}": np.array([e[name] for e in bookmark.rows]) for name in losses}
    return row, {**histories, **arrays}


def _begin(
    cell: Training, dataset: ImageDataset, run: Run
) -> tuple[VAE, RunConfig, list[dict[str, float]]]:
    """Build a cell's model, or open the one that a stopped process left; its epochs so far."""
    if run.last.exists():
        config = run.config()
        vae = training.last_vae(run, config, dataset)
        steps = steps_per_epoch(dataset, config.preset.batch_size)
        return vae, config, run.history()[: training.epochs_completed(vae, steps)]
    precision = precision_for(cell.resolved)
    config = RunConfig(
        cell.resolved, cell.data, limit=cell.limit, seed=cell.seed, precision=precision
    )
    vae = training.new_vae(config, dataset)
    Run.create(run.path, config, overwrite=True)
    return vae, config, []


def _row(cell: Cell, facts: Mapping, measured: Measured) -> tuple[Row, Arrays]:
    """Everything that is known of a cell, as one line of a table; and its arrays."""
    numbers, arrays = measured
    told = {name: _digits(value) for name, value in numbers.items()}
    versions = {"tensorflow": version("tensorflow")}
    return {"cell": cell.key, **cell.settings(), **facts, **versions, **told}, arrays


def _digits(value: float) -> float:
    """As many digits as float32 has."""
    return float(f"{float(value):.7g}")
