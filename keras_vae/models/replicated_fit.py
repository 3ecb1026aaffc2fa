"""The repair of Keras's `fit` over several replicas and processes.

Keras 3 cannot train under MultiWorkerMirroredStrategy (github.com/keras-team/keras/issues/20585):
it averages the results of a step, which are scalars, along an axis that they lack, and it averages
a batch of images over the workers to learn its shape. `ReplicatedFit` leaves neither to Keras; all
of the repair is here. A test fails when plain Keras trains, so that the class can then go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class ReplicatedFit:
    """Mixin of a Keras model that is built before `fit` and whose steps return global scalars.

    A step must itself reduce what it returns over the replicas; Keras then has nothing to reduce.
    """

    @property
    def distribute_strategy(self) -> Any:
        """The strategy that the model was made under, with results that need no reduction."""
        strategy = super().distribute_strategy
        return strategy if strategy.num_replicas_in_sync == 1 else _FirstReplica(strategy)

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Build optimizer and metrics; Keras would reduce a batch over the replicas for it."""
        self._build_optimizer()
        with self.distribute_strategy.scope():
            if self._compile_metrics is not None and not self._compile_metrics.built:
                image = keras.KerasTensor((None, *self.image_shape))
                self._compile_metrics.build(image, image)

    def _build_optimizer(self) -> None:
        """Create the optimizer's variables, such as its moments, if it has none yet."""
        optimizer = getattr(self, "optimizer", None)  # before `compile` there is none
        if optimizer is not None and not optimizer.built:
            with self.distribute_strategy.scope():
                optimizer.build(self.trainable_variables)


class _FirstReplica:
    """A strategy whose `run` returns scalars as the first replica of this process has them."""

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self.strategy = strategy

    def __getattr__(self, name: str) -> Any:
        return getattr(self.strategy, name)

    def run(self, step: Callable[..., Any], args: tuple[Any, ...] = ()) -> Any:
        """Run a step in each replica."""
        return tf.nest.map_structure(self._first, self.strategy.run(step, args=args))

    def _first(self, value: Any) -> Any:
        if not isinstance(value, tf.distribute.DistributedValues):
            return value
        values = self.strategy.experimental_local_results(value)
        return values[0] if values[0].shape.rank == 0 else value
