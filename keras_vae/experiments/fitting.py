"""One cell: its model trained, or opened, and measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import keras
import numpy as np

from .. import training
from ..datasets import ImageDataset
from ..datasets.pipeline import steps_per_epoch
from ..precision import precision_for
from ..runs import RunConfig
from .callbacks import Reporter, StopAtPlateau
from .cell import Cell, Training
from .measurement import Measured, measure_all
from .store import Row
from .study import Study
from .subject import ServedSubject, TrainedSubject
from .workplace import Workplace

EVERY = 0.5  # seconds between two reports

Arrays = dict[str, np.ndarray]


def carry_out(
    cell: Cell, place: Workplace, report: Callable[[float], None] = lambda share: None
) -> tuple[Row, Arrays]:
    """Train a cell's model as `kvae train` would, without its run directory, and measure it.

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
    return _examine(cell, dataset, place)


def _examine(study: Study, dataset: ImageDataset, place: Workplace) -> tuple[Row, Arrays]:
    """Measure a model that is there."""
    clocks = _clocks()
    subject = ServedSubject(dataset, place.cache_dir, study.served)
    measured = measure_all(subject, study.measures)
    return _row(study, _spent(clocks), measured)


def _train(
    cell: Training, dataset: ImageDataset, place: Workplace, report: Callable[[float], None]
) -> tuple[Row, Arrays]:
    """Train a model and measure it; the time is that of the training."""
    preset = cell.resolved
    precision = precision_for(preset)
    config = RunConfig(preset, cell.data, limit=cell.limit, seed=cell.seed, precision=precision)
    vae = training.new_vae(config, dataset)
    callbacks: list[keras.callbacks.Callback] = [Reporter(report, EVERY)]
    if cell.tolerance is not None:
        callbacks.append(StopAtPlateau(cell.tolerance))
    clocks = _clocks()
    fitted = training.fit(vae, config, dataset, validation=cell.watch, callbacks=callbacks)
    spent = _spent(clocks)
    batch_size, epochs = preset.batch_size, len(fitted.epoch)
    images = epochs * batch_size * steps_per_epoch(dataset, batch_size)
    facts = {
        "epochs": epochs,
        "images": images,
        **spent,
        "images_per_second": round(images / spent["seconds"]),
        "precision": precision,
        "parameters": vae.encoder.count_params() + vae.decoder.count_params(),
        "epoch_loss": _digits(fitted.history["loss"][-1]),
    }
    subject = TrainedSubject(dataset, place.cache_dir, vae, preset)
    row, arrays = _row(cell, facts, measure_all(subject, cell.measures))
    histories = {f"history_{name}": np.array(values) for name, values in fitted.history.items()}
    return row, {**histories, **arrays}


def _row(cell: Cell, facts: Mapping, measured: Measured) -> tuple[Row, Arrays]:
    """Everything that is known of a cell, as one line of a table; and its arrays."""
    numbers, arrays = measured
    told = {name: _digits(value) for name, value in numbers.items()}
    return {"cell": cell.key, **cell.settings(), **facts, **told}, arrays


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _spent(since: tuple[float, float]) -> dict[str, float]:
    """Seconds by the wall, and of the processor: on a busy machine these say more."""
    wall, cpu = (now - then for now, then in zip(_clocks(), since, strict=True))
    return {"seconds": round(wall, 2), "cpu_seconds": round(cpu, 2)}


def _digits(value: float) -> float:
    """As many digits as float32 has."""
    return float(f"{float(value):.7g}")
