"""Train an upscaler into a run directory; go on where a run stopped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..datasets.pipeline import steps_per_epoch
from ..files.pictures import save_grid
from ..ops.adam import FusedAdam
from ..training.recording import EpochRecorder
from ..training.schedules import cosine
from ..training.stopping import DivergenceGuard
from ..training.trainer import jit_here
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
        pairs: Its training split is learned from, its validation split chosen by.
        run_dir: Where checkpoints, history and pictures go.
        callbacks: More Keras callbacks, such as a progress bar.
        overwrite: Whether a run that is there may be replaced.

    Raises:
        ValueError: If there are too few images for a batch.
        FileExistsError: If `run_dir` holds a run and `overwrite` is false.
        DivergedError: If the loss becomes NaN.
    """
    network = new_network(config, steps_per_epoch(pairs.large, config.batch_size))
    run = UpscalerRun.create(run_dir, config, overwrite=overwrite)
    return _fit(run, network, pairs, callbacks)


def resume(
    run: UpscalerRun, pairs: Pairs, *, callbacks: Iterable[keras.callbacks.Callback] = ()
) -> UpscalerRun:
    """Go on with a run after its last whole epoch, as if it had never stopped.

    Args:
        run: The run.
        pairs: The images that it was started with.
        callbacks: More Keras callbacks.

    Raises:
        ValueError: If the images are not those that the run was started with.
        DivergedError: If the loss becomes NaN.
    """
    run.check_counts(pairs.large)
    if not run.last.exists():  # it was stopped in its first epoch
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


def psnr(lacking: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio of each image's luminance with the residual added, dB [B]."""
    return -10.0 * keras.ops.log10(_mean_square(lacking - residual))


def bicubic_psnr(lacking: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
    """The same of the interpolation alone, dB [B]."""
    return -10.0 * keras.ops.log10(_mean_square(lacking))


METRICS = {"psnr": psnr, "bicubic_psnr": bicubic_psnr}


def _compile(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Compile a network, also one from another machine's checkpoint, for the devices of this."""
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
    done = math.ceil(int(network.optimizer.iterations) / steps)
    if done < config.epochs:
        validation = pairs.large.count("validation")
        network.fit(
            pairs.training_batches(config.batch_size, seed=config.seed, start_epoch=done),
            validation_data=(
                pairs.split_batches("validation", config.batch_size) if validation else None
            ),
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=config.epochs,
            shuffle=False,  # the pipeline shuffles
            verbose=0,
            callbacks=[DivergenceGuard(run), Recorder(run, pairs, done), *callbacks],
        )
    return run


class Recorder(EpochRecorder):
    """Records an upscaler's epochs, with images that it enlarged.

    Args:
        run: Where to write.
        pairs: Where the pictures' images come from.
        done: Epochs that are behind.
    """

    def __init__(self, run: UpscalerRun, pairs: Pairs, done: int) -> None:
        super().__init__(run, run.history()[:done])
        split = "validation" if pairs.large.count("validation") else "train"
        self.shown = next(iter(pairs.split_batches(split, PREVIEWS)))

    def draw(self, epoch: int) -> None:
        """A row of interpolations, one of what became of them, one of originals."""
        interpolated, lacking = self.shown
        residual = self.model(interpolated, training=False)
        rows = [interpolated, interpolated + residual, interpolated + lacking]
        images = np.clip(np.rint(255.0 * np.concatenate(rows)), 0, 255).astype(np.uint8)
        file = self.run.pictures / f"epoch_{epoch:03d}.png"
        save_grid(images, file, columns=len(interpolated), overwrite=True)
