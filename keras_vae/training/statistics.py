"""Statistics of the training images that inference uses, re-estimated before each validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from ..models.sampling import seeded
from .averaging import averaged_weights

IMAGES = 2_048  # that the statistics are estimated from, or one pass over a smaller set
LONG_EPOCH = 1_000  # steps after which moving averages of momentum 0.99 are those of the weights

# From the context of a replica to its batches: what `distribute_datasets_from_function` takes.
Batches = Callable[[tf.distribute.InputContext], tf.data.Dataset]


class NormalizationStatistics(keras.callbacks.Callback):
    """Re-estimates what inference uses in place of a batch's own statistics.

    Batch normalization and a Gaussian with the optimal variance keep moving averages, which follow
    the weights over hundreds of steps: an epoch of a small set has a dozen. Before each validation
    and before the checkpoint of an epoch, they become the means over the same training batches with
    the weights at hand (docs/decisions/0018). Weights, other variables and the training's noise are
    unchanged. The same weights give the same statistics, so that a resumed training equals an
    uninterrupted one.

    Args:
        batches: Makes the training batches of each replica.
        count: Number of batches of a replica.
        at_start: Whether they are also estimated before the first step: an initialized model is
            measured then.
    """

    def __init__(self, batches: Batches, count: int, *, at_start: bool = False) -> None:
        super().__init__()
        self.batches = batches
        self.count = count
        self.at_start = at_start

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Find the statistics, and compile what observes them."""
        strategy = self.model.distribute_strategy
        self.images = strategy.distribute_datasets_from_function(self.batches)
        self.layers = averaging_layers(self.model)
        self.estimated = False
        steps = (self._values, self._values_of_batch, self._assign_values)
        self._read, self._observe, self._assign = map(self._replicated, steps)
        if self.at_start:
            self.estimate()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Note that the weights have changed."""
        self.estimated = False

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Estimate before the validation."""
        self._update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Estimate before the checkpoint is written, also without a validation split."""
        self._update()

    def estimate(self) -> None:
        """Estimate the statistics with the weights at hand, averaged if they are for validation."""
        batches = iter(self.images)  # from the first one again
        before = self._read()
        with _without_momentum(self.layers), averaged_weights(self.model):
            observed = [self._observe(next(batches), tf.constant(n)) for n in range(self.count)]
        statistics = {id(weight) for layer in self.layers for weight in layer.non_trainable_weights}
        means = [
            tf.reduce_mean(values, axis=0) if id(weight) in statistics else value
            for weight, value, *values in zip(
                self.model.moving_averages, before, *observed, strict=True
            )
        ]
        self._assign(means)
        self.estimated = True

    def _update(self) -> None:
        if not self.estimated:
            self.estimate()

    def _replicated(self, step: Callable[..., Any]) -> Callable[..., list[tf.Tensor]]:
        """Compile a step of every replica; its results are those of the first."""
        strategy = self.model.distribute_strategy

        def run(*args: Any) -> list[tf.Tensor]:
            values = strategy.run(step, args=args) or []
            return [strategy.experimental_local_results(value)[0] for value in values]

        return tf.function(run, autograph=False)

    def _values(self) -> list[tf.Tensor]:
        """Means over the replicas."""
        # A copy is placed on the replica's device; the variable's tensor has no device.
        values = [tf.identity(weight) for weight in self.model.moving_averages]
        return tf.distribute.get_replica_context().all_reduce("MEAN", values)

    def _values_of_batch(self, batch: Any, number: tf.Tensor) -> list[tf.Tensor]:
        """Statistics of one batch, with noise of its own that is not the training's."""
        replica = tf.distribute.get_replica_context()
        share = number * replica.num_replicas_in_sync + replica.replica_id_in_sync_group
        images, y, _ = self.model.batch_of(batch, "train")
        rows = tf.shape(images)[0]
        with seeded(tf.cast(share * rows + tf.range(rows), tf.int64), tf.ones(rows)):
            forward = self.model.forward(images, y, training=True)
            forward.likelihood.log_prob(forward.x)
        return self._values()

    def _assign_values(self, values: list[tf.Tensor]) -> None:
        for weight, value in zip(self.model.moving_averages, values, strict=True):
            weight.assign(value)


def averaging_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a model that keep moving averages, as Keras's batch normalization does."""
    parts = (model.posterior, model.prior, model.likelihood)
    layers = (layer for part in parts for layer in part._flatten_layers())
    return [layer for layer in layers if hasattr(layer, "momentum")]


@contextmanager
def _without_momentum(layers: list[keras.layers.Layer]) -> Iterator[None]:
    """Let layers keep the statistics of the last batch alone, while a step is traced."""
    momentum = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = 0.0
        yield
    finally:
        for layer, value in zip(layers, momentum, strict=True):
            layer.momentum = value
