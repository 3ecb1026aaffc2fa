"""Distributions of z: what posteriors and priors return."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import tensorflow as tf

from .sampling import Sampling

LOG_TWO_PI = math.log(2.0 * math.pi)


@dataclass(frozen=True, eq=False)
class StandardNormal:
    """N(0, I).

    Attributes:
        count: B.
        latent_dim: L.
        sampling: Source of noise.

    Example:
        >>> StandardNormal(10, 2, Sampling(seed=0)).sample().shape
        TensorShape([10, 2])
    """

    count: int | tf.Tensor
    latent_dim: int
    sampling: Sampling

    def sample(self) -> tf.Tensor:
        """Sample z [B, L]."""
        return self.sampling.normal(self.count, self.latent_dim)

    def mode(self) -> tf.Tensor:
        """0, [B, L]."""
        return tf.zeros((self.count, self.latent_dim))

    def log_prob(self, z: tf.Tensor) -> tf.Tensor:
        """Log density of z [B, L] in nats, [B]."""
        return log_normal(z, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class DiagonalGaussian:
    """N(μ, diag σ²).

    Attributes:
        mean: μ, [B, L].
        log_var: log σ², [B, L].
        sampling: Source of noise.

    Example:
        >>> posterior = DiagonalGaussian(tf.zeros((4, 2)), tf.zeros((4, 2)), Sampling(seed=0))
        >>> posterior.kl(StandardNormal(4, 2, Sampling())).numpy().tolist()  # nats
        [0.0, 0.0, 0.0, 0.0]
    """

    mean: tf.Tensor
    log_var: tf.Tensor
    sampling: Sampling

    def parameters(self) -> dict[str, tf.Tensor]:
        """What an encoder returns, each [B, L]."""
        return {"z_mean": self.mean, "z_log_var": self.log_var}

    def sample(self) -> tf.Tensor:
        """Sample z [B, L] by the reparameterization."""
        return self.sampling((self.mean, self.log_var))

    def mode(self) -> tf.Tensor:
        """μ, [B, L]."""
        return self.mean

    def log_prob(self, z: tf.Tensor) -> tf.Tensor:
        """Log density of z [B, L] in nats, [B]."""
        return log_normal(z, self.mean, self.log_var)

    def kl_per_dimension(self, other: object) -> tf.Tensor | None:
        """KL divergence from a Gaussian by dimension, in nats, [B, L].

        Kingma and Welling 2013, appendix B.

        Returns:
            None where `other` is no diagonal Gaussian.
        """
        if isinstance(other, StandardNormal):
            return 0.5 * (tf.square(self.mean) + tf.exp(self.log_var) - 1.0 - self.log_var)
        if isinstance(other, DiagonalGaussian):
            variance = tf.exp(self.log_var) + tf.square(self.mean - other.mean)
            log_ratio = other.log_var - self.log_var
            return 0.5 * (variance * tf.exp(-other.log_var) - 1.0 + log_ratio)
        return None

    def kl(self, other: object) -> tf.Tensor | None:
        """KL divergence from a Gaussian in nats, [B]; None where `other` is none."""
        values = self.kl_per_dimension(other)
        return None if values is None else tf.reduce_sum(values, axis=-1)


@dataclass(frozen=True, eq=False)
class Delta:
    """All probability at one z: what the encoder of a plain autoencoder returns.

    Attributes:
        mean: z, [B, L].
        log_var: What the encoder returns beside z, [B, L]; it has no part in the model.

    Example:
        >>> Delta(tf.ones((4, 2)), tf.zeros((4, 2))).sample().shape
        TensorShape([4, 2])
    """

    mean: tf.Tensor
    log_var: tf.Tensor

    def parameters(self) -> dict[str, tf.Tensor]:
        """What an encoder returns, each [B, L]."""
        return {"z_mean": self.mean, "z_log_var": self.log_var}

    def sample(self) -> tf.Tensor:
        """z, [B, L]."""
        return self.mean

    def mode(self) -> tf.Tensor:
        """z, [B, L]."""
        return self.mean

    def kl(self, other: object) -> tf.Tensor:
        """0, [B]: a plain autoencoder has no posterior to pull towards the prior."""
        return tf.zeros_like(self.mean[:, 0])

    def kl_per_dimension(self, other: object) -> tf.Tensor:
        """No values, [B, 0]: no dimension has a KL divergence, nor free bits."""
        return tf.zeros_like(self.mean[:, :0])


def log_normal(z: tf.Tensor, mean: tf.Tensor | float, log_var: tf.Tensor | float) -> tf.Tensor:
    """Log density of a diagonal Gaussian, summed over the last axis, in nats."""
    scaled = tf.square(z - mean) * tf.exp(-log_var)
    return -0.5 * tf.reduce_sum(LOG_TWO_PI + log_var + scaled, axis=-1)


def repeated(value: Any, samples: int) -> Any:
    """A batch [B, …] repeated sample by sample, [S · B, …]; None stays None."""
    if value is None or samples == 1:
        return value
    return tf.tile(value, [samples, *[1] * (len(value.shape) - 1)])


def repeated_distribution(distribution: Any, samples: int) -> Any:
    """A distribution, a data class of tensors, repeated sample by sample."""
    tensors = {field.name: getattr(distribution, field.name) for field in fields(distribution)}
    rows = {name: repeated(each, samples) for name, each in tensors.items() if _batch(each)}
    return replace(distribution, **rows)


def _batch(value: Any) -> bool:
    return isinstance(value, np.ndarray) or tf.is_tensor(value)
