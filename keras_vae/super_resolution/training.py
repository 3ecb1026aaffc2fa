"""Train an upscaler into a run directory; resume a run that was interrupted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..datasets.pipeline import steps_per_epoch
from ..files.pictures import to_pixels
from ..ops.adam import FusedAdam
from ..training.callbacks import DivergenceGuard, Pictures, RunWriter
from ..training.schedules import cosine
from ..training.trainer import epochs_completed, jit_here
from .pairs import Pairs
from .run import UpscalerConfig, UpscalerRun
from .vdsr import build_vdsr

PREVIEWS = 8  # images in a row of each epoch's pictures


def train(
    config: UpscalerConfig,
    pairs: Pairs,
    run_dir: str | Path,
    *,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    overwrite: bool = False,
) -> UpscalerRun:
    """Train a network from the start.

    Args:
        config: Numbers of network and training.
        pairs: Images; the training split is trained on, the validation split chooses the weights.
        run_dir: Where checkpoints, history and pictures are written.
        callbacks: More Keras callbacks, such as a progress bar.
        overwrite: Whether an existing run is overwritten.

    Raises:
        ValueError: If there are too few images for a batch.
        FileExistsError: If `run_dir` holds a run and `overwrite` is False.
        DivergedError: If the loss becomes NaN.
    """
    network = new_network(config, steps_per_epoch(pairs.large, config.batch_size))
    run = UpscalerRun.create(run_dir, config, overwrite=overwrite)
    return _fit(run, network, pairs, callbacks)


def resume(
    run: UpscalerRun, pairs: Pairs, *, callbacks: Iterable[keras.callbacks.Callback] = ()
) -> UpscalerRun:
    """Resume a run after its last whole epoch: the same weights as an uninterrupted run.

    Args:
        run: The run.
        pairs: The images that it was started with.
        callbacks: More Keras callbacks.

    Raises:
        ValueError: If the images are not those that the run was started with.
        DivergedError: If the loss becomes NaN.
    """
    run.check_counts(pairs.large)
    if not run.last.exists():  # interrupted in its first epoch
        return train(run.config(), pairs, run.path, callbacks=callbacks, overwrite=True)
    network = keras.models.load_model(run.last, custom_objects=METRICS)
    _compile(network, network.optimizer)
    return _fit(run, network, pairs, callbacks)


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
    run: UpscalerRun,
    network: keras.Model,
    pairs: Pairs,
    callbacks: Iterable[keras.callbacks.Callback],
) -> UpscalerRun:
    config = run.config()
    steps = steps_per_epoch(pairs.large, config.batch_size)
    initial_epoch = epochs_completed(network, steps)
    if initial_epoch < config.epochs:
        split = "validation" if pairs.large.count("validation") else None
        writer = RunWriter(run, run.history()[:initial_epoch], _previews(pairs, split or "train"))
        network.fit(
            pairs.training_batches(config.batch_size, seed=config.seed, start_epoch=initial_epoch),
            validation_data=split and pairs.split_batches(split, config.batch_size),
            steps_per_epoch=steps,
            initial_epoch=initial_epoch,
            epochs=config.epochs,
            shuffle=False,  # the pipeline shuffles
            verbose=0,
            callbacks=[DivergenceGuard(run), writer, *callbacks],
        )
    return run


def _previews(pairs: Pairs, split: str) -> Pictures:
    """Make the pictures: rows of interpolated images, upscaled images, and originals."""
    interpolated, residual = next(iter(pairs.split_batches(split, PREVIEWS)))

    def pictures(network: keras.Model) -> dict[str, tuple[np.ndarray, int]]:
        predicted = network(interpolated, training=False)
        rows = [interpolated, interpolated + predicted, interpolated + residual]
        return {"epoch_{}.png": (to_pixels(255.0 * np.concatenate(rows)), len(interpolated))}

    return pictures
