"""One cell: trained, and measured."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
import numpy as np

from .. import training
from ..datasets.pipeline import steps_per_epoch
from ..runs import RunConfig
from .callbacks import Reporter, StopAtPlateau
from .cell import Cell
from .measurement import Subject, measure_all
from .store import Row
from .workplace import Workplace

EVERY = 0.5  # seconds between two reports


def fit_cell(
    cell: Cell, place: Workplace, report: Callable[[float], None] = lambda share: None
) -> tuple[Row, dict[str, np.ndarray]]:
    """Train a cell as `kvae train` would, without its run directory, and measure it.

    Args:
        cell: What to train.
        place: Where its data is.
        report: Called now and then with the share that is done.

    Returns:
        Its row, and the arrays of its measures beside each epoch's losses, `history_…`.

    Raises:
        DivergedError: If the loss becomes NaN.
    """
    keras.backend.clear_session()
    dataset = place.load(cell)
    config = RunConfig(cell.resolved, cell.data, limit=cell.limit, seed=cell.seed)
    vae = training.new_vae(config, dataset)
    callbacks: list[keras.callbacks.Callback] = [Reporter(report, EVERY)]
    if cell.tolerance is not None:
        callbacks.append(StopAtPlateau(cell.tolerance))
    wall, cpu = time.perf_counter(), time.process_time()
    fitted = training.fit(vae, config, dataset, validation=cell.watch, callbacks=callbacks)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    batch_size, epochs = config.preset.batch_size, len(fitted.epoch)
    images = epochs * batch_size * steps_per_epoch(dataset, batch_size)
    subject = Subject(vae, config.preset, dataset, place.cache_dir)
    numbers, arrays = measure_all(subject, cell.measures)
    row = {
        "cell": cell.key,
        **cell.settings(),
        "epochs": epochs,
        "images": images,
        "seconds": round(wall, 2),
        "cpu_seconds": round(cpu, 2),  # on a busy machine they say more than the clock's
        "images_per_second": round(images / wall),
        "parameters": vae.encoder.count_params() + vae.decoder.count_params(),
        "epoch_loss": _digits(fitted.history["loss"][-1]),
        **{name: _digits(value) for name, value in numbers.items()},
    }
    histories = {f"history_{name}": np.array(values) for name, values in fitted.history.items()}
    return row, {**histories, **arrays}


def _digits(value: float) -> float:
    """As many digits as float32 has."""
    return float(f"{float(value):.7g}")
