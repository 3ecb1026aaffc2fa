"""Noise: the one place that samples it, from a generator or from seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count as count_from
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ..ops.registration import package

# By name: left to itself, TensorFlow chooses by device, and seed 7 another image.
PHILOX = tf.random.Algorithm.PHILOX.value


@package
class Sampling(keras.layers.Layer):
    """Samples z = μ + σε, ε ~ N(0, I): the reparameterization (Kingma and Welling 2013, eq. 10).

    Noise comes from a SeedGenerator; within `seeded` it comes from one seed for each row. Each
    replica of a distribution strategy has its own noise: a SeedGenerator hands every replica the
    same seed, so the replica's index is folded in.

    Args:
        seed: Integer; None takes a random one.

    Call arguments:
        inputs: z_mean and z_log_var, each [B, …].

    Returns:
        z [B, …].

    Example:
        >>> Sampling(seed=0)([tf.zeros((4, 2)), tf.zeros((4, 2))]).shape
        TensorShape([4, 2])
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Sample z."""
        z_mean, z_log_var = inputs
        epsilon = self.normal(tf.shape(z_mean)[0], *z_mean.shape[1:])
        return z_mean + ops.exp(0.5 * z_log_var) * ops.cast(epsilon, z_mean.dtype)

    def normal(self, count: int | tf.Tensor, *sides: int) -> tf.Tensor:
        """Sample N(0, I), float32 `[count, *sides]`; within `seeded`, times the temperature."""
        seeds = _SEEDS.get()
        if seeds is not None:
            return seeds.normal(sides)
        return tf.random.stateless_normal((count, *sides), self._replica_seed())

    def uniform(self, count: int | tf.Tensor, *sides: int) -> tf.Tensor:
        """Sample uniformly from [0, 1), float32 `[count, *sides]`."""
        seeds = _SEEDS.get()
        if seeds is not None:
            return seeds.uniform(sides)
        return tf.random.stateless_uniform((count, *sides), self._replica_seed())

    def _replica_seed(self) -> tf.Tensor:
        seed = tf.cast(self.seed_generator.next(), tf.int64)
        context = tf.distribute.get_replica_context()  # None where Keras only looks at shapes
        replica = context.replica_id_in_sync_group if context else 0
        return tf.random.experimental.stateless_fold_in(seed, tf.cast(replica, tf.int64))

    def save_own_variables(self, store: Any) -> None:
        """Save the generator's state, which Keras leaves out: a resumed run goes on from it."""
        store["seed_state"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        """Restore the generator's state."""
        self.seed_generator.state.assign(store["seed_state"])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "seed": self.seed}


@contextmanager
def seeded(seed: tf.Tensor, temperature: tf.Tensor) -> Iterator[None]:
    """Take all noise from one seed for each row: the same seed, the same row, wherever it is.

    Every call of `Sampling` within is another stream of the seed's noise, in the order of calls.

    Args:
        seed: int64 [B].
        temperature: Scales the standard deviation of normal noise, float32 [B].
    """
    token = _SEEDS.set(_Seeds(seed, temperature))
    try:
        yield
    finally:
        _SEEDS.reset(token)


class _Seeds:
    """The streams of noise of one seed for each row."""

    def __init__(self, seed: tf.Tensor, temperature: tf.Tensor) -> None:
        self.seed = seed
        self.temperature = temperature
        self.streams = count_from()

    def normal(self, sides: tuple[int, ...]) -> tf.Tensor:
        epsilon = self._rows(tf.raw_ops.StatelessRandomNormalV2, sides)
        return tf.reshape(self.temperature, (-1, *[1] * len(sides))) * epsilon

    def uniform(self, sides: tuple[int, ...]) -> tf.Tensor:
        return self._rows(tf.raw_ops.StatelessRandomUniformV2, sides)

    def _rows(self, sample: Any, sides: tuple[int, ...]) -> tf.Tensor:
        """Noise of the next stream, each row from its own seed alone, [B, *sides].

        `tf.random.stateless_normal` and its like give the same numbers in twice the operations,
        which counts where every seed has its own.
        """
        stream = next(self.streams)

        def row(seed: tf.Tensor) -> tf.Tensor:
            key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=tf.stack([seed, stream]))
            return sample(shape=list(sides), key=key, counter=counter, alg=PHILOX)

        return tf.map_fn(row, self.seed, fn_output_signature=tf.TensorSpec(sides, tf.float32))


_SEEDS: ContextVar[_Seeds | None] = ContextVar("seeds", default=None)
