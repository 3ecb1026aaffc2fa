"""Which arithmetic trains fastest on this device."""

from __future__ import annotations

import time
from collections.abc import Callable

import tensorflow as tf

from .presets import DenseNetwork, Preset

SIDE = 1024  # of the matrices that are multiplied
ROUNDS = 7
GAIN = 1.3  # by which bfloat16 must be faster: below it, conversions take the gain away


def precision_for(preset: Preset) -> str:
    """Choose the precision of a training: the fastest of those that train as well.

    Convolutions train as well in bfloat16 (docs/decisions/0003). Dense networks gain little, and
    their likelihoods are compared by tenths of a nat: they stay in float32.

    Args:
        preset: What shall be trained.

    Returns:
        "float32" or "mixed_bfloat16".
    """
    return "float32" if isinstance(preset.network, DenseNetwork) else fastest_precision()


def fastest_precision() -> str:
    """Choose between "float32" and "mixed_bfloat16" by this device's speed.

    Not every processor computes faster in bfloat16: two matrices are multiplied in both, which
    takes a fifth of a second.
    """
    gain = _seconds_of_a_product("float32") / _seconds_of_a_product("bfloat16")
    return "mixed_bfloat16" if gain > GAIN else "float32"


def _seconds_of_a_product(dtype: str) -> float:
    """The least time of several, for other work only adds to it."""
    matrix = tf.cast(tf.random.stateless_normal((SIDE, SIDE), seed=(0, 0)), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(matrix @ matrix), autograph=False)
    multiply()  # is compiled
    return min(_seconds(lambda: multiply().numpy()) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
