"""Choice of the floating-point precision that trains fastest on this device."""

from __future__ import annotations

import timeit
from collections.abc import Callable

import tensorflow as tf

from ..presets import Preset

SIDE = 1024  # of the matrices that are multiplied
ROUNDS = 7
GAIN = 1.3  # minimum speed-up by bfloat16: with less, conversions cost more than it gains


def precision_for(preset: Preset) -> str:
    """Choose the precision of a training: the fastest of those that train as well.

    Convolutions train as well in bfloat16 (docs/decisions/0003). Dense networks gain little, and
    their likelihoods are compared by tenths of a nat: they stay in float32.

    Args:
        preset: What shall be trained.

    Returns:
        "float32" or "mixed_bfloat16".
    """
    return fastest_precision() if preset.network.any_precision else "float32"


def fastest_precision() -> str:
    """Choose between "float32" and "mixed_bfloat16" by this device's speed.

    Not every processor computes faster in bfloat16: two matrices are multiplied in both precisions,
    which takes a fifth of a second. The two alternate, so that other work on the machine delays
    both; the least time of each counts, since other work only adds to it.
    """
    products = {dtype: _product(dtype) for dtype in ("float32", "bfloat16")}
    rounds = [
        {dtype: timeit.timeit(product, number=1) for dtype, product in products.items()}
        for _ in range(ROUNDS)
    ]
    least = {dtype: min(seconds[dtype] for seconds in rounds) for dtype in products}
    return "mixed_bfloat16" if least["float32"] > GAIN * least["bfloat16"] else "float32"


def _product(dtype: str) -> Callable[[], object]:
    """A product of two matrices, compiled."""
    matrix = tf.cast(tf.random.stateless_normal((SIDE, SIDE), seed=(0, 0)), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(matrix @ matrix), autograph=False)
    multiply()
    return lambda: multiply().numpy()
