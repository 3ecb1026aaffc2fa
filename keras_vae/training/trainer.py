"""Compile and fit under a strategy's scope, into a run directory; resume interrupted runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import keras
import tensorflow as tf

from ..datasets import ImageDataset
from ..datasets.pipeline import share_of_batch, split_batches, steps_per_epoch, training_batches
from ..datasets.source import Progress
from ..models.vae import VAE
from ..ops.adam import FusedAdam
from ..presets import Preset
from .callbacks import DivergenceGuard, EarlyStop, Previews, RunWriter
from .distribution import is_chief, joined_cluster, make_strategy
from .multiworker import SharedMovingAverages, copy_from_chief, lost_worker_errors
from .run_directory import SPLITS, Run, RunConfig, write_json
from .schedules import learning_rate
from .teachers import find_teacher


def train(
    config: RunConfig,
    dataset: ImageDataset,
    run_dir: str | Path,
    *,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Run:
    """Train a model from the start.

    Args:
        config: Preset, seed, devices.
        dataset: Images; the training split trains, the validation split chooses the best epoch.
        run_dir: Where checkpoints, history and pictures go.
        callbacks: More Keras callbacks, such as a progress bar.
        progress: Called with (done, total) steps of the training of a classifier, if one is needed.
        overwrite: Whether an existing run is overwritten.

    Returns:
        The run, with the losses of every split measured. Of several workers only the chief writes
        and measures.

    Raises:
        ValueError: If the data set's images are not of the preset's shape.
        FileExistsError: If `run_dir` holds a run and `overwrite` is false.
        DivergedError: If the loss becomes NaN.
        WorkerLostError: If another worker is gone.
    """
    run = Run(run_dir)
    with lost_worker_errors(joined_cluster(config.strategy), run_dir):
        vae = new_vae(config, dataset, progress=progress)
        if is_chief(config.strategy):
            Run.create(run_dir, config, overwrite=overwrite)
        return _record(run, config, vae, dataset, callbacks)


def new_vae(config: RunConfig, dataset: ImageDataset, *, progress: Progress | None = None) -> VAE:
    """Build a model, and compile it under its strategy's scope.

    Args:
        config: Preset, seed, devices.
        dataset: Images to train on.
        progress: See `train`.

    Raises:
        ValueError: If the data set's images are not of the preset's shape, or too few for a batch;
            if the objective contradicts itself; if the replicas cannot share a batch evenly; or if
            the objective needs a teacher and the data set has no labels to train one.
    """
    preset = config.preset
    _check_shape(config, dataset)
    preset.objective.check(preset.stochastic)  # before a classifier is trained for it
    steps = steps_per_epoch(dataset, preset.batch_size)
    rate = learning_rate(preset, steps)
    strategy = make_strategy(config.strategy)
    share_of_batch(preset.batch_size, strategy.num_replicas_in_sync)
    teacher = find_teacher(preset.objective, dataset, progress)
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        vae = VAE.from_preset(preset, teacher=teacher, dtype=config.precision, seed=config.seed)
        preset.network.build(preset).initialize(vae, dataset, seed=config.seed)
        if joined_cluster(config.strategy) is not None:
            copy_from_chief(vae)
        compile_vae(vae, FusedAdam(rate), _steps_at_once(preset, steps))
    return vae


def fit(
    vae: VAE,
    config: RunConfig,
    dataset: ImageDataset,
    *,
    initial_epoch: int = 0,
    validation: str | None = "validation",
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Train a compiled model to its preset's last epoch; nothing is written.

    Args:
        vae: The model.
        config: What it was built from.
        dataset: Images; the training split trains.
        initial_epoch: Epochs completed.
        validation: The split that is measured after each epoch, if it has images; None: no split.
        callbacks: Keras callbacks.
    """
    preset = config.preset
    strategy = vae.distribute_strategy
    several = strategy.num_replicas_in_sync > 1
    shared = [SharedMovingAverages()] if several and vae.moving_averages else []
    return vae.fit(
        strategy.distribute_datasets_from_function(
            partial(batches_of, config, dataset, initial_epoch)
        ),
        validation_data=_watched(dataset, preset, validation),
        steps_per_epoch=steps_per_epoch(dataset, preset.batch_size),
        initial_epoch=initial_epoch,
        epochs=preset.epochs,
        shuffle=False,  # the pipeline shuffles
        verbose=0,
        callbacks=[*shared, *callbacks],
    )


def batches_of(
    config: RunConfig,
    dataset: ImageDataset,
    initial_epoch: int = 0,
    replicas: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """The batches that a model is trained on: see `training_batches`.

    Args:
        config: Preset and seed.
        dataset: Where the images are.
        initial_epoch: Epochs completed.
        replicas: Which replicas they are for; None: there is only one.
    """
    preset = config.preset
    return training_batches(
        dataset,
        preset.batch_size,
        seed=config.seed,
        start_epoch=initial_epoch,
        random_flip=preset.random_flip,
        binarization=preset.binarization,
        replicas=replicas,
    )


def resume(
    run: Run,
    dataset: ImageDataset,
    *,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    progress: Progress | None = None,
) -> Run:
    """Resume a run after its last whole epoch: the same weights as an uninterrupted run.

    Args:
        run: The run.
        dataset: The data set that it was started with.
        callbacks: More Keras callbacks.
        progress: See `train`.

    Raises:
        ValueError: If the data set is not the one that the run was started with.
        DivergedError: If the loss becomes NaN.
        WorkerLostError: If another worker is gone.
    """
    config = run.config()
    _check_shape(config, dataset)
    run.check_counts(dataset)
    if not run.last.exists():  # it was stopped in its first epoch
        return train(
            config, dataset, run.path, callbacks=callbacks, progress=progress, overwrite=True
        )
    with lost_worker_errors(joined_cluster(config.strategy), run.path):
        return _record(run, config, last_vae(run, config, dataset), dataset, callbacks)


def last_vae(run: Run, config: RunConfig, dataset: ImageDataset) -> VAE:
    """Open the model of a run's last whole epoch, compiled under its strategy's scope.

    It is compiled again, since the number of epochs and the devices may have changed; the optimizer
    keeps its state.
    """
    steps = steps_per_epoch(dataset, config.preset.batch_size)
    with make_strategy(config.strategy).scope():
        vae = keras.models.load_model(run.last)
        vae.optimizer.learning_rate = learning_rate(config.preset, steps)
        compile_vae(vae, vae.optimizer, _steps_at_once(config.preset, steps))
    return vae


def epochs_completed(model: keras.Model, steps: int) -> int:
    """Count the epochs that a compiled model has been trained for.

    Args:
        model: The model.
        steps: Steps in an epoch.
    """
    # Checkpoints are of whole epochs; float16 skips a few steps, which are not counted.
    return math.ceil(int(keras.ops.convert_to_numpy(model.optimizer.iterations)) / steps)


def compile_vae(
    vae: VAE, optimizer: keras.optimizers.Optimizer, steps_per_execution: int = 1
) -> None:
    """Compile a model for training.

    XLA is left to GPUs: its CPU convolutions are slower than oneDNN's (docs/decisions/0003).

    Args:
        vae: The model.
        optimizer: Its optimizer.
        steps_per_execution: Steps between two returns to Python; it must divide those of an epoch.
    """
    vae.compile(
        optimizer=optimizer, jit_compile=jit_here(), steps_per_execution=steps_per_execution
    )


def jit_here() -> str | bool:
    """The value of `jit_compile` on this machine: see `compile_vae`."""
    return "auto" if tf.config.list_logical_devices("GPU") else False


def _steps_at_once(preset: Preset, steps: int) -> int:
    """Steps in one execution, so that Python takes a small share of the time.

    Keras runs whole executions, past the end of an epoch if it must, so only divisors are used; and
    its loop over several steps cannot hand batches to several replicas.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1:
        return 1
    most = preset.network.steps_per_execution
    return max(count for count in range(1, most + 1) if steps % count == 0)


def measure(
    vae: VAE, preset: Preset, dataset: ImageDataset, split: str, *, batch_size: int = 250
) -> dict[str, float]:
    """Mean losses of a split, from one sample of z for each image, and the MSE at z_mean.

    Args:
        vae: A compiled model.
        preset: Its preset, which holds the binarization of the images.
        dataset: Where the images are.
        split: "train", "validation" or "test".
        batch_size: Images at a time.

    Returns:
        `loss`, `reconstruction_loss`, `kl_loss`, `mse`, `mse_of_mean` (that of `reconstruct`), and
        `bits_per_dimension` of −ELBO where the likelihood is normalized.
    """
    batches = split_batches(dataset, split, batch_size, binarization=preset.binarization)
    losses = vae.evaluate(batches, verbose=0, return_dict=True)
    errors = keras.metrics.Mean()
    reconstruct = tf.function(lambda images: vae.decode(vae.encode(images).mode()), autograph=False)
    for images in batches:
        difference = (reconstruct(images) - tf.cast(images, tf.float32)) / 255.0
        errors.update_state(tf.reduce_mean(tf.square(difference), axis=[1, 2, 3]))
    measured = {name: float(value) for name, value in losses.items()}
    measured["mse_of_mean"] = float(errors.result())
    bits = preset.bits_per_dimension(measured["reconstruction_loss"] + measured["kl_loss"])
    return measured if bits is None else {**measured, "bits_per_dimension": bits}


def _record(
    run: Run,
    config: RunConfig,
    vae: VAE,
    dataset: ImageDataset,
    callbacks: Iterable[keras.callbacks.Callback],
) -> Run:
    preset = config.preset
    initial_epoch = epochs_completed(vae, steps_per_epoch(dataset, preset.batch_size))
    history = run.history()[:initial_epoch]
    stop = EarlyStop(config.early_stop, history)
    chief = is_chief(config.strategy)
    if initial_epoch < preset.epochs and not stop.stalled:
        writers: list[keras.callbacks.Callback] = []
        if chief:
            pictures = Previews(dataset, preset.binarization)
            tensorboard = keras.callbacks.TensorBoard(run.tensorboard, write_graph=False)
            writers = [RunWriter(run, history, pictures), tensorboard]
        observers = [DivergenceGuard(run), *writers, stop, *callbacks]
        fit(vae, config, dataset, initial_epoch=initial_epoch, callbacks=observers)
    if chief:
        best, splits = keras.models.load_model(run.best), filter(dataset.count, SPLITS)
        losses = {split: measure(best, preset, dataset, split) for split in splits}
        write_json(run.metrics_file, losses)
    return run


def _watched(dataset: ImageDataset, preset: Preset, split: str | None) -> tf.data.Dataset | None:
    if split is None or not dataset.count(split):
        return None
    return split_batches(dataset, split, preset.batch_size, binarization=preset.binarization)


def _check_shape(config: RunConfig, dataset: ImageDataset) -> None:
    expected: Sequence[int] = config.preset.image_shape
    if tuple(dataset.image_shape) != tuple(expected):
        raise ValueError(
            f"`dataset` must have images of shape {tuple(expected)} for preset "
            f"{config.preset.name!r}. Received: {tuple(dataset.image_shape)} in {dataset.name!r}."
        )
