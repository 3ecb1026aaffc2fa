"""Train an upscaler into a run directory; resume a run that was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from PIL.Image import Image

from ..datasets.pipeline import steps_per_epoch
from ..files.keras_file import load_keras_file
from ..files.pictures import to_pixels
from ..ops.adam import FusedAdam
from ..plotting import strip
from ..training.callbacks import DivergenceGuard, Pictures
from ..training.checkpoint import assign, generator_states
from ..training.fitting import fit_from
from ..training.position import Position
from ..training.schedules import cosine
from ..training.session import Session
from ..training.trainer import jit_here
from .pairs import Pairs
from .run import UpscalerConfig, UpscalerRun
from .vdsr import build_vdsr

PREVIEWS = 8  # images in a row of each epoch's pictures
ROWS = ("bicubic", "upscaled", "original")


def train(
    config: UpscalerConfig,
    pairs: Pairs,
    run_dir: str | Path,
    *,
    overwrite: bool = False,
    **session: Any,
) -> UpscalerRun:
    """Train a network from the start.

    Args:
        config: Numbers of network and training.
        pairs: Images; the training split is trained on, the validation split chooses the weights.
        run_dir: Where checkpoints, history and pictures are written.
        overwrite: Whether an existing run is overwritten.
        **session: Attributes of `training.session.Session`.

    Raises:
        ValueError: If there are too few images for a batch.
        FileExistsError: If `run_dir` holds a run and `overwrite` is False.
        RunInUseError: If another process writes to `run_dir`.
        DivergedError: If the loss becomes NaN.
        InterruptedBySignal: If a signal was received; the training can be resumed.
    """
    run = UpscalerRun(run_dir)
    with run.lock():
        return _start(run, config, pairs, Session(**session), overwrite=overwrite)


def resume(run: UpscalerRun, pairs: Pairs, **session: Any) -> UpscalerRun:
    """Resume a run at its last checkpoint: the same weights as an uninterrupted run.

    Args:
        run: The run.
        pairs: The images that it was started with.
        **session: Attributes of `training.session.Session`.

    Raises:
        ValueError: If the images are not those that the run was started with, or if a file of the
            run is damaged; nothing is changed then.
        RunInUseError: If another process writes to the run.
        DivergedError: If the loss becomes NaN.
        InterruptedBySignal: If a signal was received; the training can be resumed.
    """
    with run.lock():
        run.check_data(pairs.large)
        position = run.position()
        if position is None:  # interrupted before its first checkpoint
            return _start(run, run.config(), pairs, Session(**session), overwrite=True)
        network = load_keras_file(run.last, custom_objects=METRICS)
        assign(generator_states(network), position.generators)
        _compile(network, network.optimizer)
        # Keras makes the variables of the metrics with the first batch.
        network.test_on_batch(*next(iter(pairs.split_batches("train", 1))))
        run.restore_history(position)
        return _fit(run, network, pairs, position, Session(**session))


def _start(
    run: UpscalerRun, config: UpscalerConfig, pairs: Pairs, session: Session, *, overwrite: bool
) -> UpscalerRun:
    network = new_network(config, steps_per_epoch(pairs.large, config.batch_size))
    provenance = {**config.provenance, "digest": pairs.large.digest()}
    UpscalerRun.create(run.path, replace(config, provenance=provenance), overwrite=overwrite)
    return _fit(run, network, pairs, Position(), session)


def new_network(config: UpscalerConfig, steps: int) -> keras.Model:
    """Build a network and compile it.

    Args:
        config: Numbers of network and training.
        steps: Steps in an epoch.
    """
    keras.utils.set_random_seed(config.seed)
    network = build_vdsr(config.depth, config.filters, dtype=config.precision)
    _compile(network, FusedAdam(cosine(config.learning_rate, steps * config.epochs)))
    return network


def psnr(residual: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio of each image's luminance with the prediction added, dB [B]."""
    return -10.0 * keras.ops.log10(_mean_square(residual - predicted))


def bicubic_psnr(residual: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio of the interpolation without the prediction, dB [B]."""
    return -10.0 * keras.ops.log10(_mean_square(residual))


METRICS = {"psnr": psnr, "bicubic_psnr": bicubic_psnr}


def _compile(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Compile a network, new or from a checkpoint, for the devices of this machine."""
    network.compile(optimizer, "mse", metrics=list(METRICS.values()), jit_compile=jit_here())


def _mean_square(error: tf.Tensor) -> tf.Tensor:
    return keras.ops.maximum(keras.ops.mean(keras.ops.square(error), axis=(1, 2, 3)), 1e-10)


def _fit(
    run: UpscalerRun, network: keras.Model, pairs: Pairs, position: Position, session: Session
) -> UpscalerRun:
    config = run.config()
    if position.epoch < config.epochs:
        split = "validation" if pairs.large.count("validation") else None
        writer = session.writer(run, position, _previews(pairs, split or "train"))

        def batches_from(epoch: int, step: int) -> tf.data.Dataset:
            return pairs.training_batches(
                config.batch_size, seed=config.seed, start_epoch=epoch, start_step=step
            )

        with session.steps():
            fit_from(
                network,
                batches_from,
                epochs=config.epochs,
                steps=steps_per_epoch(pairs.large, config.batch_size),
                initial_epoch=position.epoch,
                initial_step=position.step,
                validation=split and pairs.split_batches(split, config.batch_size),
                callbacks=[DivergenceGuard(run), writer, *session.callbacks],
            )
    return run


def _previews(pairs: Pairs, split: str) -> Pictures:
    """Make the pictures: rows of interpolated images, upscaled images, and originals."""
    interpolated, residual = next(iter(pairs.split_batches(split, PREVIEWS)))
    columns = [""] * len(interpolated)

    def pictures(network: keras.Model, epoch: int) -> dict[str, Image]:
        predicted = network(interpolated, training=False)
        rows = [interpolated, interpolated + predicted, interpolated + residual]
        title = f"epoch {epoch}: luminance of the {split} split"
        return {"": strip([to_pixels(255.0 * row) for row in rows], columns, ROWS, title)}

    return pictures
