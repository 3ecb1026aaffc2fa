"""Normalization with a fused kernel, and the activation that follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ..choices import NORMALIZATIONS
from .activations import LeakyReLU
from .convolutions import chain
from .registration import package


@package
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's BatchNormalization over the last axis of images, with TensorFlow's fused kernel.

    Weights, arguments and results are those of the parent, which computes moments and normalization
    in separate passes over memory. The parent also computes what the kernel does not support: a
    mask, other axes, no γ or β, batch renormalization, moments over the replicas.
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalize images [B, H, W, C]."""
        if mask is not None or not self._fits(inputs):
            return super().call(inputs, training=training, mask=mask)
        learning = bool(training and self.trainable)
        moments = () if learning else (self.moving_mean, self.moving_variance)
        gamma, beta, *moments = (ops.cast(v, "float32") for v in (self.gamma, self.beta, *moments))
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, *moments, epsilon=self.epsilon, is_training=learning
        )
        if learning:
            # The kernel returns the unbiased variance; the parent keeps the biased one.
            count = ops.cast(ops.size(inputs) // inputs.shape[-1], "float32")
            self._keep(self.moving_mean, mean)
            self._keep(self.moving_variance, variance * (count - 1.0) / count)
        return outputs

    def _fits(self, inputs: tf.Tensor) -> bool:
        """Whether the kernel supports the inputs and the arguments."""
        last_of_four = len(inputs.shape) == 4 and self.axis in (-1, 3)
        plain = self.center and self.scale and not (self.renorm or self.synchronized)
        return last_of_four and plain

    def _keep(self, moving: keras.Variable, batch: tf.Tensor) -> None:
        moving.assign(moving * self.momentum + ops.cast(batch, moving.dtype) * (1 - self.momentum))


def norm_act(
    normalization: str, activation: str, *, name: str, dtype: Any = None
) -> Callable[[Any], Any]:
    """Normalization and activation, named after the layer that they follow.

    Raises:
        ValueError: If `normalization` is unknown.
    """
    if normalization not in NORMALIZATIONS:
        known = ", ".join(NORMALIZATIONS)
        raise ValueError(f"`normalization` must be one of {known}. Received: {normalization!r}.")
    options = {"name": f"{name}_{activation}", "dtype": dtype}
    if activation == "leaky_relu":  # the layer's slope, 0.3, is the book's; the function's is 0.2
        # Without a normalization it may follow a sum.
        kind = LeakyReLU if normalization == "none" else keras.layers.LeakyReLU
        layers = [kind(**options)]
    else:
        layers = [keras.layers.Activation(activation, **options)]
    if normalization != "none":
        kind = FusedBatchNormalization if normalization == "batch" else _instance_normalization
        layers.insert(0, kind(name=f"{name}_norm", dtype=dtype))
    return chain(layers)


def _instance_normalization(**options: Any) -> keras.layers.Layer:
    # One group for each channel and no parameters: PyTorch's InstanceNorm2d by default.
    return keras.layers.GroupNormalization(
        groups=-1, epsilon=1e-5, center=False, scale=False, **options
    )
