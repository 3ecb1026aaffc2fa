"""q(z|x, y): layers from images to distributions of z."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ..ops.registration import package
from .composite import Composite, apply_network, condition_of
from .distributions import Delta, DiagonalGaussian
from .sampling import Sampling


@package
class GaussianPosterior(Composite, keras.layers.Layer):
    """Diagonal Gaussian whose parameters an encoder returns (Kingma and Welling 2013).

    Args:
        encoder: Model from x [B, H, W, C] (and y, if it has a second input) to z_mean and
            z_log_var, each [B, L]; further outputs are ignored.
        seed: Seed of the noise; None takes a random one.
        latent_dim: L, where the encoder is a subclass of `keras.Model`, which does not have it.

    Example:
        >>> posterior = GaussianPosterior(encoder, seed=0)
        >>> posterior(tf.zeros((4, 28, 28, 1))).sample().shape  # z ~ q(z|x)
        TensorShape([4, 2])
    """

    PARTS = ("encoder",)
    stochastic = True

    def __init__(
        self,
        encoder: keras.Model,
        seed: int | None = None,
        latent_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.encoder = encoder
        self.seed = seed
        self.latent_dim = latent_dim
        self.sampling = Sampling(seed, name="sampling")
        self.built = encoder.built

    @property
    def latent_spec(self) -> tf.TensorSpec:
        """z: float32 [None, L]."""
        latent_dim = self.latent_dim or self.encoder.output_shape[0][-1]
        return tf.TensorSpec((None, latent_dim), tf.float32, "z")

    @property
    def condition_spec(self) -> tf.TensorSpec | None:
        """y, or None."""
        return condition_of(self.encoder, 1)

    def call(self, x: tf.Tensor, y: Any = None, training: bool = False) -> DiagonalGaussian | Delta:
        """Return q(z|x, y)."""
        z_mean, z_log_var, *_ = apply_network(self.encoder, x, y, training)
        return self.distribution(*(tf.cast(each, tf.float32) for each in (z_mean, z_log_var)))

    def distribution(self, z_mean: tf.Tensor, z_log_var: tf.Tensor) -> DiagonalGaussian | Delta:
        """The distribution of these parameters, each [B, L]."""
        return DiagonalGaussian(z_mean, z_log_var, self.sampling)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "seed": self.seed, "latent_dim": self.latent_dim}


@package
class DeterministicPosterior(GaussianPosterior):
    """z = z_mean: a plain autoencoder.

    Args:
        encoder: See `GaussianPosterior`.
        seed: Not used.
        latent_dim: See `GaussianPosterior`.

    Example:
        >>> DeterministicPosterior(encoder)(tf.zeros((4, 28, 28, 1))).kl(None).numpy().tolist()
        [0.0, 0.0, 0.0, 0.0]
    """

    stochastic = False

    def distribution(self, z_mean: tf.Tensor, z_log_var: tf.Tensor) -> DiagonalGaussian | Delta:
        """The distribution that is all at z_mean."""
        return Delta(z_mean, z_log_var)
