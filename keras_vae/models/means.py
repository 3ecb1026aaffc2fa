"""What `fit` logs: the means of the loss and its terms, and the metrics of `compile`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ..ops.replicas import replica_count
from .distributions import repeated
from .protocols import ForwardPass

REGULARIZATION = "regularization_loss"


class ReplicatedMean(keras.metrics.Mean):
    """A mean that gets the same values in every replica, and is read from the first."""

    def add_variable(self, *args: Any, **kwargs: Any) -> keras.Variable:
        """Make a variable that needs no reduction over the replicas."""
        return super().add_variable(*args, **{**kwargs, "aggregation": "only_first_replica"})


class LoggedMeans:
    """Mixin of a Keras model whose steps return global means, the same in every replica.

    Attributes:
        means: The means by name.
        regularized: Whether layers add to the loss, which is known when a step is traced.
    """

    means: dict[str, ReplicatedMean]
    regularized = False

    def log_means_of(self, logged: list[str]) -> None:
        """Create the means of a loss and of what is logged beside it."""
        names = ("loss", *logged, REGULARIZATION, "mse")
        self.means = {name: ReplicatedMean(name=name) for name in names}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The means that `fit` resets each epoch, and the metrics of `compile`."""
        unused = None if self.regularized else REGULARIZATION
        means = [mean for name, mean in self.means.items() if name != unused]
        return means if self._compile_metrics is None else [*means, self._compile_metrics]

    def track(
        self, losses: dict[str, tf.Tensor], forward: ForwardPass, weight: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """Add the images of all replicas to the means and metrics, and return these.

        Args:
            losses: What is logged, one value for each image, [B].
            forward: The pass that it is of.
            weight: Sample weights [B]; None: all are 1.
        """
        images = tf.cast(tf.size(losses["loss"]), tf.float32)
        weights = images if weight is None else tf.reduce_sum(weight)
        sums = tf.stack([*map(tf.reduce_sum, losses.values()), images, weights])
        if replica_count() > 1:
            sums = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, sums)
        *totals, images, weights = tf.unstack(sums)
        for name, total in zip(losses, totals, strict=True):
            count = weights if name == "mse" else images
            mean = tf.math.divide_no_nan(total, count)
            self.means[name].update_state(mean, sample_weight=count)
        logged = {name: self.means[name].result() for name in losses}
        return {**logged, **self._compiled_metrics(forward, weight)}

    def _compiled_metrics(
        self, forward: ForwardPass, weight: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """Update the metrics of `compile`: images and reconstructions in [0, 1]."""
        if self._compile_metrics is None:
            return {}
        images = self.likelihood.unscale(forward.likelihood.mode())
        weight = None if weight is None else repeated(weight, forward.samples)
        self._compile_metrics.update_state(forward.images / 255.0, images / 255.0, weight)
        return self._compile_metrics.result()
