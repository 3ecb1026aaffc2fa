"""Which devices train: one, all of a machine, or those of several machines, by `tf.distribute`."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import tensorflow as tf

from ..choices import STRATEGIES
from ..presets.ranges import OneOf, in_range
from .cluster import Cluster
from .connection import connection

CONNECTION = 60.0  # seconds for TensorFlow to connect workers that have met


def make_strategy(name: str = "auto") -> tf.distribute.Strategy:
    """Make a distribution strategy, or return the one that was made before.

    With several workers it waits until all have called it, and it must be called before anything
    else uses TensorFlow in the process. TensorFlow alone would wait for an hour for a worker that
    ends before all of them are connected.

    Args:
        name: "single" device; "mirrored" over all GPUs (or, without any, all logical CPUs);
            "multiworker" over the GPUs of all processes that TF_CONFIG names (or one CPU of each);
            "auto": multiworker where TF_CONFIG names several, mirrored where there are several
            GPUs.

    Raises:
        ValueError: If the name is unknown, or if it is "multiworker" without TF_CONFIG.
        RuntimeError: If TensorFlow is initialized already, so that it is too late for several
            workers; if the worker's port is in use; or if TensorFlow does not connect the workers
            within a minute after they have met, because one of them has ended.
    """
    cluster = joined_cluster(name)
    if cluster is not None:
        return _multi_worker(cluster)
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        devices = gpus or tf.config.list_logical_devices("CPU")
        return _mirrored(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


@in_range
def joined_cluster(strategy: Annotated[str, OneOf(STRATEGIES)]) -> Cluster | None:
    """The processes that a strategy joins; None if this one trains alone.

    Args:
        strategy: The name that `make_strategy` takes.

    Raises:
        ValueError: Likewise.
    """
    cluster = Cluster.from_environment()
    if strategy == "multiworker" and cluster is None:
        raise ValueError(
            "`strategy=multiworker` requires a cluster: set TF_CONFIG, or pass `workers` "
            "(HOST:PORT,HOST:PORT) and `index`. Received neither."
        )
    several = cluster is not None and len(cluster.workers) > 1
    return cluster if strategy == "multiworker" or (strategy == "auto" and several) else None


def is_chief(name: str) -> bool:
    """Whether this process writes the run directory, with a strategy of this name."""
    cluster = joined_cluster(name)
    return cluster is None or cluster.is_chief


@cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One strategy a process: TensorFlow mixes up the collectives of two over the same devices."""
    return tf.distribute.MirroredStrategy(list(devices))


@cache
def _multi_worker(cluster: Cluster) -> tf.distribute.Strategy:
    """One strategy a process, whose server listens at the worker's address."""
    cluster.wait()
    communication = tf.distribute.experimental.CommunicationImplementation
    gpus = tf.config.list_physical_devices("GPU")  # logical ones would start TensorFlow
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=communication.AUTO if gpus else communication.RING
    )
    try:
        with connection(CONNECTION):
            return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except TimeoutError as error:
        raise RuntimeError(
            f"TensorFlow did not connect all {len(cluster.workers)} workers within "
            f"{CONNECTION:g} seconds after they had met: one of them has ended. Restart all "
            "workers."
        ) from error
    except tf.errors.UnknownError as error:
        raise RuntimeError(
            f"Worker {cluster.index} cannot listen at the port of {cluster.address}: does another "
            "process use it?"
        ) from error
