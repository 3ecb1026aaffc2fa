"""p(z|y): layers from a number of samples to distributions of z."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ..ops.registration import package
from . import distributions
from .sampling import Sampling


@package
class StandardNormal(keras.layers.Layer):
    """N(0, I) over L dimensions.

    Args:
        latent_dim: L.
        seed: Seed of the noise; None takes a random one.

    Call arguments:
        count: B, an integer tensor.
        y: Ignored.

    Example:
        >>> prior = StandardNormal(latent_dim=2, seed=0)
        >>> prior(tf.constant(10)).sample().shape
        TensorShape([10, 2])
    """

    def __init__(self, latent_dim: int, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.latent_dim = latent_dim
        self.seed = seed
        self.sampling = Sampling(seed, name="sampling")
        self.built = True

    def call(self, count: tf.Tensor, y: Any = None) -> distributions.StandardNormal:
        """Return p(z) for `count` samples."""
        return distributions.StandardNormal(count, self.latent_dim, self.sampling)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "latent_dim": self.latent_dim, "seed": self.seed}
