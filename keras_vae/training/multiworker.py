"""Training in several processes: equal weights, shared moving averages, errors of lost workers.

The repair of Keras's `fit` over several processes is `models.replicated_fit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .cluster import Cluster
from .interruption import SIGNALS

# What a step raises when another process is gone, and how TensorFlow names one.
_LOSSES = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)
_TASK = re.compile(r"/job:(chief|worker)(?:/replica:0)?/task:(\d+)")


def copy_from_chief(model: keras.Model) -> None:
    """Copy the chief's weights to the model of every worker, in the scope of their strategy.

    TensorFlow distributes only a variable's initial value. Values assigned later (weights of a
    classifier that each worker trained itself, principal components) stay with one worker.
    TensorFlow has no public broadcast: all but the first replica add zeros to a sum.

    Args:
        model: Built, and of the same shape at every worker.
    """
    strategy = tf.distribute.get_strategy()

    @tf.function(autograph=False)
    def chiefs() -> list[tf.Tensor]:
        replica = tf.distribute.get_replica_context()
        first = tf.equal(replica.replica_id_in_sync_group, 0)
        # A copy is placed on the replica's device; the variable's tensor has no device.
        values = [tf.identity(weight) for weight in model.weights]
        return replica.all_reduce(
            "SUM", [tf.where(first, value, tf.zeros_like(value)) for value in values]
        )

    sums = strategy.run(chiefs)
    model.set_weights([strategy.experimental_local_results(value)[0].numpy() for value in sums])


class SharedMovingAverages(keras.callbacks.Callback):
    """Averages the moving averages of batch normalizations over the replicas.

    Each replica updates its own; they are a model's `moving_averages`. They are linear in what each
    batch adds, so that averaging once an epoch gives the same as averaging after every batch.
    """

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Compile the reduction."""
        strategy, weights = self.model.distribute_strategy, self.model.moving_averages

        def share() -> None:
            # A copy is placed on the replica's device; the variable's tensor has no device.
            values = [tf.identity(weight) for weight in weights]
            means = tf.distribute.get_replica_context().all_reduce("MEAN", values)
            for weight, mean in zip(weights, means, strict=True):
                weight.assign(mean)

        self.share = tf.function(partial(strategy.run, share), autograph=False)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Average before the validation."""
        self.share()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Average before the checkpoint is written, also without a validation split."""
        self.share()


class SharedState:
    """What the replicas and the workers of a training must share to write a checkpoint.

    Args:
        model: The model; it may have moving averages, of which each replica has its own values.
    """

    def __init__(self, model: keras.Model) -> None:
        self.strategy = model.distribute_strategy
        self.weights = model.moving_averages
        self._gather = tf.function(partial(self.strategy.run, self._stacked), autograph=False)
        self._sum = tf.function(partial(self.strategy.run, self._summed), autograph=False)

    def averages(self) -> tuple[np.ndarray, ...]:
        """Gather the moving averages of all replicas of all workers, [replicas, …] each."""
        if not self.weights:
            return ()
        return tuple(self._first(value) for value in self._gather())

    def restore(self, averages: Sequence[np.ndarray]) -> None:
        """Give each replica its moving averages; the mean, if their number has changed."""
        if not averages:
            return
        if len(averages[0]) != self.strategy.num_replicas_in_sync:
            for weight, values in zip(self.weights, averages, strict=True):
                weight.assign(values.mean(axis=0, dtype=np.float64))
            return

        def own() -> None:
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            for weight, values in zip(self.weights, averages, strict=True):
                weight.assign(tf.gather(tf.constant(values), replica))

        tf.function(partial(self.strategy.run, own), autograph=False)()

    def agree(self, due: bool, number: int | None) -> tuple[bool, int | None]:
        """Whether a checkpoint is due for any worker, and the highest signal that one received."""
        asked = [float(due), *(float(number == each) for each in SIGNALS)]
        due_anywhere, *received = self._first(self._sum(args=(tf.constant(asked),))) > 0
        numbers = [int(each) for each, was in zip(SIGNALS, received, strict=True) if was]
        return bool(due_anywhere), max(numbers, default=None)

    def _first(self, value: Any) -> np.ndarray:
        return self.strategy.experimental_local_results(value)[0].numpy()

    def _stacked(self) -> list[tf.Tensor]:
        replica = tf.distribute.get_replica_context()
        # A copy is placed on the replica's device; the variable's tensor has no device.
        return replica.all_gather([tf.identity(weight)[None] for weight in self.weights], axis=0)

    def _summed(self, asked: tf.Tensor) -> tf.Tensor:
        return tf.distribute.get_replica_context().all_reduce("SUM", tf.identity(asked))


class WorkerLostError(RuntimeError):
    """A worker process is gone, and the others cannot continue without it."""


@contextmanager
def lost_worker_errors(cluster: Cluster | None, run: str | Path) -> Iterator[None]:
    """Turn TensorFlow's errors of a lost worker into one line that names the worker.

    TensorFlow detects a broken connection at once, and a silent host after some ten seconds without
    a heartbeat.

    Args:
        cluster: The workers; None: this process trains alone.
        run: The run directory, for the message.

    Raises:
        WorkerLostError: If a worker is gone.
    """
    try:
        yield
    except _LOSSES as error:
        lost = _lost_worker(cluster, str(error)) if cluster else None
        if lost is None:
            raise
        raise WorkerLostError(
            f"Worker {lost} ({cluster.workers[lost]}) is gone. Restart all workers with "
            f"`resume={run}`."
        ) from error


def _lost_worker(cluster: Cluster, message: str) -> int | None:
    """Index of the first worker other than this one that an error of TensorFlow names."""
    tasks = (cluster.position(job, int(task)) for job, task in _TASK.findall(message))
    return next((index for index in tasks if index != cluster.index), None)
