"""Layers that a VAE needs beside Keras's own: drawing z, its scale, fast normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ..ops.convolutions import chain
from ..ops.registration import package

POSTERIOR_SCALES = ("log_variance", "log_sigma", "softplus")
NORMALIZATIONS = ("none", "batch", "instance")


@package
class Sampling(keras.layers.Layer):
    """Draws z = μ + σε, ε ~ N(0, I): the reparameterisation (Kingma and Welling 2013, eq. 10).

    The only place where noise is drawn. Each replica of a distribution strategy draws its own: a
    SeedGenerator hands every replica the same seed, so the replica's index is folded in.

    Args:
        seed: Integer; None takes a random one.

    Call arguments:
        inputs: z_mean and z_log_var, each [..., L].

    Returns:
        z [..., L].
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Draw z."""
        z_mean, z_log_var = inputs
        epsilon = tf.random.stateless_normal(tf.shape(z_mean), self._replica_seed())
        return z_mean + ops.exp(0.5 * z_log_var) * ops.cast(epsilon, z_mean.dtype)

    def _replica_seed(self) -> tf.Tensor:
        seed = tf.cast(self.seed_generator.next(), tf.int64)
        context = tf.distribute.get_replica_context()  # None where Keras only looks at shapes
        replica = context.replica_id_in_sync_group if context else 0
        return tf.random.experimental.stateless_fold_in(seed, tf.cast(replica, tf.int64))

    def save_own_variables(self, store: Any) -> None:
        """Save the generator's state, which Keras leaves out: a resumed run draws on from it."""
        store["seed_state"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        """Restore the generator's state."""
        self.seed_generator.state.assign(store["seed_state"])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "seed": self.seed}


@package
class LogVariance(keras.layers.Layer):
    """Reads log σ² from what the encoder's second head returns.

    Args:
        scale: "log_variance": the head is log σ² (Kingma and Welling 2013). "log_sigma": it is
            log σ, so σ = exp(head) (Astorga et al. 2025). "softplus": σ² = softplus(head) + 1e-8
            (Zhao 2023).

    Raises:
        ValueError: If `scale` is none of these.
    """

    def __init__(self, scale: str = "log_variance", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if scale not in POSTERIOR_SCALES:
            raise ValueError(f"`scale` must be one of {POSTERIOR_SCALES}. Received: {scale!r}.")
        self.scale = scale

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return log σ² [..., L]."""
        if self.scale == "log_variance":
            return inputs
        if self.scale == "log_sigma":
            return 2.0 * inputs
        return ops.log(ops.softplus(inputs) + 1e-8)

    def inverse(self, z_log_var: tf.Tensor) -> tf.Tensor:
        """Return what the head must return for log σ² [..., L]."""
        if self.scale == "log_variance":
            return z_log_var
        if self.scale == "log_sigma":
            return 0.5 * z_log_var
        return ops.log(ops.expm1(ops.exp(z_log_var) - 1e-8))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "scale": self.scale}


@package
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's BatchNormalization over the last axis of images, through TensorFlow's fused kernel.

    Weights, arguments and results are those of the parent, which computes moments and the
    normalisation as separate passes over memory. What the kernel does not know is left to the
    parent: a mask, other axes, no γ or β, batch renormalisation, moments over the replicas.
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalise images [B, H, W, C]."""
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
        """Whether the kernel computes what the arguments ask for."""
        last_of_four = len(inputs.shape) == 4 and self.axis in (-1, 3)
        plain = self.center and self.scale and not (self.renorm or self.synchronized)
        return last_of_four and plain

    def _keep(self, moving: keras.Variable, batch: tf.Tensor) -> None:
        moving.assign(moving * self.momentum + ops.cast(batch, moving.dtype) * (1 - self.momentum))


def spread_dense(units: int, **kwargs: Any) -> keras.layers.Dense:
    """Dense layer that reads a latent and starts with its units' hinges spread over the prior.

    With Keras's start (small weights, biases of zero) the hinges of all units pass through the
    origin: in few dimensions the decoder begins as a cone and spends its epochs on leaving it.
    Measured in docs/decisions/0004.
    """
    return keras.layers.Dense(
        units,
        kernel_initializer=keras.initializers.VarianceScaling(3.0, "fan_in", "untruncated_normal"),
        bias_initializer=keras.initializers.RandomUniform(-2.0, 2.0),
        **kwargs,
    )


def norm_act(
    normalization: str, activation: str, *, name: str, dtype: Any = None
) -> Callable[[Any], Any]:
    """Normalisation and activation, named after the layer that they follow.

    Raises:
        ValueError: If `normalization` is unknown.
    """
    layers = []
    if normalization == "batch":
        layers.append(FusedBatchNormalization(name=f"{name}_norm", dtype=dtype))
    elif normalization == "instance":
        # One group for each channel and no parameters: PyTorch's InstanceNorm2d by default.
        layers.append(
            keras.layers.GroupNormalization(
                groups=-1,
                epsilon=1e-5,
                center=False,
                scale=False,
                name=f"{name}_norm",
                dtype=dtype,
            )
        )
    elif normalization != "none":
        raise ValueError(
            f"`normalization` must be one of {NORMALIZATIONS}. Received: {normalization!r}."
        )
    layers.append(_activation(activation, name=f"{name}_{activation}", dtype=dtype))
    return chain(layers)


def _activation(activation: str, **kwargs: Any) -> keras.layers.Layer:
    if activation == "leaky_relu":  # the layer's slope, 0.3, is the book's; the function's is 0.2
        return keras.layers.LeakyReLU(**kwargs)
    return keras.layers.Activation(activation, **kwargs)


def recast(
    network: keras.Model, dtype: Any, normalization: type[keras.layers.Layer] | None = None
) -> keras.Model:
    """Copy a network as plain variables under a dtype policy, uncompiled, however it was trained.

    Args:
        network: A functional model.
        dtype: Keras dtype policy of every layer of the copy.
        normalization: Class that batch normalisations become; None: they stay what they are.
    """

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        kind = normalization if normalization and normalizes else type(layer)
        return kind.from_config({**layer.get_config(), "dtype": dtype})

    plain = keras.Model(network.inputs, network.outputs, name=network.name)
    clone = keras.models.clone_model(plain, clone_function=copy)
    clone.set_weights(plain.get_weights())
    return clone
