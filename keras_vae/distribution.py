"""Which devices train: one, or all of a machine, through `tf.distribute`."""

from __future__ import annotations

from functools import cache

import tensorflow as tf

STRATEGIES = ("auto", "single", "mirrored")


def make_strategy(name: str = "auto") -> tf.distribute.Strategy:
    """Make a distribution strategy.

    Args:
        name: "single" device; "mirrored" over all GPUs (or, without any, all logical CPUs); "auto":
            mirrored where there are several GPUs.

    Raises:
        ValueError: If the name is unknown.
    """
    if name not in STRATEGIES:
        raise ValueError(f"`strategy` must be one of {STRATEGIES}. Received: {name!r}.")
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        devices = gpus or tf.config.list_logical_devices("CPU")
        return _mirrored(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


@cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One strategy a process: TensorFlow mixes up the collectives of two over the same devices."""
    return tf.distribute.MirroredStrategy(list(devices))
