"""Compile and fit under a strategy's scope, into a run directory; resume interrupted runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ..datasets import ImageDataset
from ..datasets.dataset import READ
from ..datasets.pipeline import share_of_batch, steps_per_epoch, training_batches
from ..files.keras_file import load_keras_file
from ..files.pixels import almost_black
from ..files.progress import Stages, silent
from ..models.vae import VAE
from ..ops.adam import FusedAdam
from ..presets import Preset
from .callbacks import DivergenceGuard, EarlyStop, Previews
from .checkpoint import assign, generator_states
from .conditioning import conditioned
from .distribution import is_chief, joined_cluster, make_strategy
from .fitting import fit_from
from .heads import fit_heads
from .measurement import final_losses, first_losses, watched
from .multiworker import SharedMovingAverages, SharedState, copy_from_chief, lost_worker_errors
from .position import Position, read_position
from .run_directory import Run, RunConfig, write_json
from .schedules import learning_rate
from .session import Session
from .starting_point import StartingPoint, joint_licence
from .statistics import IMAGES, LONG_EPOCH, NormalizationStatistics, averaging_layers
from .teachers import find_teacher


def train(
    config: RunConfig,
    dataset: ImageDataset,
    run_dir: str | Path,
    *,
    overwrite: bool = False,
    **session: Any,
) -> Run:
    """Train a model from the start.

    Args:
        config: Preset, seed, devices.
        dataset: Images; the training split trains, the validation split chooses the best epoch.
        run_dir: Where checkpoints, history and pictures go.
        overwrite: Whether an existing run is overwritten.
        **session: Attributes of `session.Session`, such as `callbacks`.

    Returns:
        The run, with the losses of every split measured. Of several workers only the chief writes
        and measures.

    Raises:
        ValueError: If the data set's images are not of the preset's shape, or almost black.
        FileExistsError: If `run_dir` holds a run and `overwrite` is false.
        RunInUseError: If another process writes to `run_dir`.
        DivergedError: If the loss becomes NaN.
        InterruptedBySignal: If a signal was received; the training can be resumed.
        WorkerLostError: If another worker is gone.

    Example:
        >>> preset = get_preset("digits").override(epochs=1)
        >>> config = RunConfig(preset=preset, dataset="digits")
        >>> run = train(config, load_dataset("digits"), "runs/digits")
        >>> run.best_epoch()
        1
    """
    run = Run(run_dir)
    with _writing(run, config):
        return _start(run, config, dataset, Session(**session), overwrite=overwrite)


def _start(
    run: Run, config: RunConfig, dataset: ImageDataset, session: Session, *, overwrite: bool
) -> Run:
    config = replace(config, preset=conditioned(config.preset, dataset))
    vae = new_vae(config, dataset, stages=session.stages)
    if is_chief(config.strategy):
        provenance = {**config.provenance, "digest": dataset.digest()}
        if config.start_from is not None:
            start = StartingPoint.open(config.start_from)
            licence = joint_licence(provenance.get("licence"), start)
            provenance.update(started_from=start.name, licence=licence)
        Run.create(run.path, replace(config, provenance=provenance), overwrite=overwrite)
    return _record(run, config, vae, dataset, Position(), session)


@contextmanager
def _writing(run: Run, config: RunConfig) -> Iterator[None]:
    """Hold the run's lock, if this process writes to it, and name a worker that is gone."""
    cluster = joined_cluster(config.strategy)
    lock = run.lock() if is_chief(config.strategy) else nullcontext()
    with lock, lost_worker_errors(cluster, run.path):
        yield


def new_vae(config: RunConfig, dataset: ImageDataset, *, stages: Stages = silent) -> VAE:
    """Build a model, and compile it under its strategy's scope.

    Args:
        config: Preset, seed, devices.
        dataset: Images to train on.
        stages: See `session.Session`.

    Raises:
        ValueError: If the data set's images are not of the preset's shape, or too few for a batch;
            if the objective contradicts itself; if the replicas cannot share a batch evenly; or if
            the objective needs a teacher and the data set has no labels to train one; or if
            `start_from` is a model of another architecture.
    """
    preset = config.preset
    _check_shape(config, dataset)
    _check_brightness(dataset)
    config.check(dataset.count("validation") > 0)  # before a classifier is trained for it
    network = preset.network.build(preset)
    if config.start_from is None:
        network.check_images(dataset)
    steps = epoch_steps(preset, dataset)
    rate = learning_rate(preset, steps)
    strategy = make_strategy(config.strategy)
    share_of_batch(preset.batch_size, strategy.num_replicas_in_sync)
    teacher = find_teacher(preset.objective, dataset, stages)
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        vae = VAE.from_preset(preset, teacher=teacher, dtype=config.precision, seed=config.seed)
        if config.start_from is not None:
            StartingPoint.open(config.start_from).copy_to(vae)
            with stages("Fitting heads") as progress:
                count = _steps_of_estimates(preset, dataset)
                fit_heads(vae, batches_of(config, dataset), count, progress)
        else:
            network.initialize(vae, dataset, seed=config.seed)
        if joined_cluster(config.strategy) is not None:
            copy_from_chief(vae)
        momentum = preset.ema_momentum
        optimizer = FusedAdam(rate, use_ema=momentum > 0, ema_momentum=momentum)
        compile_vae(vae, optimizer, _steps_at_once(preset, steps))
    return vae


def fit(
    vae: VAE,
    config: RunConfig,
    dataset: ImageDataset,
    *,
    initial_epoch: int = 0,
    initial_step: int = 0,
    validation: str | None = "validation",
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> None:
    """Train a compiled model to its preset's last epoch; nothing is written.

    Args:
        vae: The model.
        config: What it was built from.
        dataset: Images; the training split trains.
        initial_epoch: Epochs completed.
        initial_step: Steps completed in the epoch after them.
        validation: The split that is measured after each epoch, if it has images; None: no split.
        callbacks: Keras callbacks.
    """
    preset = config.preset
    strategy = vae.distribute_strategy
    at_start = config.initialized and not initial_epoch and not initial_step

    def batches_from(epoch: int, step: int) -> Any:
        return strategy.distribute_datasets_from_function(
            partial(batches_of, config, dataset, epoch, step)
        )

    fit_from(
        vae,
        batches_from,
        epochs=preset.epochs,
        steps=epoch_steps(preset, dataset),
        initial_epoch=initial_epoch,
        initial_step=initial_step,
        validation=watched(dataset, preset, validation),
        callbacks=[*_averages(vae, config, dataset, at_start), *callbacks],
    )


def batches_of(
    config: RunConfig,
    dataset: ImageDataset,
    initial_epoch: int = 0,
    initial_step: int = 0,
    replicas: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """The batches that a model is trained on: see `training_batches`.

    Args:
        config: Preset and seed.
        dataset: Where the images are.
        initial_epoch: Epochs completed.
        initial_step: Steps completed in the epoch after them.
        replicas: Which replicas they are for; None: there is only one.
    """
    preset = config.preset
    steps = steps_per_epoch(dataset, preset.batch_size)
    return training_batches(
        dataset,
        preset.batch_size,
        seed=config.seed,
        start_epoch=initial_epoch * preset.passes + initial_step // steps,
        start_step=initial_step % steps,
        random_flip=preset.random_flip,
        binarization=preset.binarization,
        labels=preset.classes is not None,
        replicas=replicas,
    )


def resume(
    run: Run, dataset: ImageDataset, *, config: RunConfig | None = None, **session: Any
) -> Run:
    """Resume a run at its last checkpoint: the same weights as an uninterrupted run.

    Args:
        run: The run.
        dataset: The data set that it was started with.
        config: Its configuration with changes: see `Run.extended`; None: without.
        **session: Attributes of `session.Session`, such as `callbacks`.

    Raises:
        ValueError: If the data set is not the one that the run was started with, or if a file of
            the run is damaged; nothing is changed then.
        RunInUseError: If another process writes to the run.
        DivergedError: If the loss becomes NaN.
        InterruptedBySignal: If a signal was received; the training can be resumed.
        WorkerLostError: If another worker is gone.

    Example:
        >>> run = Run.open("runs/digits")
        >>> resume(run, load_dataset("digits"))
    """
    config = config or run.config()
    with _writing(run, config):
        run.check_data(dataset)
        _check_shape(config, dataset)
        position = run.position()
        if position is None:  # it was stopped before its first checkpoint
            return _start(run, config, dataset, Session(**session), overwrite=True)
        vae = last_vae(run, config, dataset)
        if is_chief(config.strategy):
            run.restore_history(position)
            run.write_config(config)
        return _record(run, config, vae, dataset, position, Session(**session))


def last_vae(run: Run, config: RunConfig, dataset: ImageDataset) -> VAE:
    """Open the model of a run's last checkpoint, compiled under its strategy's scope.

    It is compiled again, since the number of epochs and the devices may have changed; the optimizer
    and the random generators keep their states.
    """
    steps = epoch_steps(config.preset, dataset)
    position = read_position(run.last)
    with make_strategy(config.strategy).scope():
        vae = load_keras_file(run.last)
        assign(generator_states(vae), position.generators)
        vae.optimizer.learning_rate = learning_rate(config.preset, steps)
        # Executions must end where the epoch ends, also an epoch that is begun within.
        at_once = _steps_at_once(config.preset, math.gcd(steps, position.step))
        compile_vae(vae, vae.optimizer, at_once)
    return vae


def epoch_steps(preset: Preset, dataset: ImageDataset) -> int:
    """Steps in an epoch of a preset: its passes over the training split.

    Raises:
        ValueError: If there are too few images for a batch.
    """
    return preset.passes * steps_per_epoch(dataset, preset.batch_size)


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


def _averages(
    vae: VAE, config: RunConfig, dataset: ImageDataset, at_start: bool
) -> list[keras.callbacks.Callback]:
    """The callbacks that keep a model's moving averages right, and the same in all replicas."""
    if averaging_layers(vae) and epoch_steps(config.preset, dataset) < LONG_EPOCH:
        count = _steps_of_estimates(config.preset, dataset)
        batches = partial(batches_of, config, dataset, 0, 0)
        return [NormalizationStatistics(batches, count, at_start=at_start)]
    shared = vae.moving_averages and vae.distribute_strategy.num_replicas_in_sync > 1
    return [SharedMovingAverages()] if shared else []


def _steps_of_estimates(preset: Preset, dataset: ImageDataset) -> int:
    """Batches of `IMAGES` training images, or of one pass over a smaller set."""
    most = math.ceil(IMAGES / preset.batch_size)
    return min(steps_per_epoch(dataset, preset.batch_size), most)


def _record(
    run: Run,
    config: RunConfig,
    vae: VAE,
    dataset: ImageDataset,
    position: Position,
    session: Session,
) -> Run:
    preset = config.preset
    stop = EarlyStop(config.early_stop, position.history)
    chief = is_chief(config.strategy)
    if position.epoch < preset.epochs and not stop.stalled:
        several = vae.distribute_strategy.num_replicas_in_sync > 1
        workers = SharedState(vae) if several else None
        if workers is not None:
            workers.restore(position.averages)
        pictures = Previews(dataset, preset)
        options = {"workers": workers, "writes": chief}
        if config.initialized:
            options["first_losses"] = partial(first_losses, config, dataset, session.stages)
        writer = session.writer(run, position, pictures, **options)
        logs = [keras.callbacks.TensorBoard(run.tensorboard, write_graph=False)] if chief else []
        with session.steps():
            fit(
                vae,
                config,
                dataset,
                initial_epoch=position.epoch,
                initial_step=position.step,
                callbacks=[DivergenceGuard(run), stop, writer, *logs, *session.callbacks],
            )
    if chief:
        write_json(run.metrics_file, final_losses(run, config, dataset, session.stages))
    return run


def _check_shape(config: RunConfig, dataset: ImageDataset) -> None:
    expected: Sequence[int] = config.preset.image_shape
    if tuple(dataset.image_shape) != tuple(expected):
        raise ValueError(
            f"`dataset` must have images of shape {tuple(expected)} for preset "
            f"{config.preset.name!r}. Received: {tuple(dataset.image_shape)} in {dataset.name!r}."
        )


def _check_brightness(dataset: ImageDataset) -> None:
    """Refuse training images of 0 and 1, say; as a rule the first ones show that they are not."""
    rows, high = dataset.indices("train"), 0
    for start in range(0, len(rows), READ):
        high = max(high, int(dataset.images[rows[start : start + READ]].max()))
        if high and not almost_black(high):
            return
    if almost_black(high):
        raise ValueError(
            f"`dataset` must have images of 0 … 255. Received: values up to {high} in "
            f"{dataset.name!r}, which would be almost black."
        )
