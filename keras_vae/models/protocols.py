"""What the core asks of the parts of a VAE: any kind that keeps these promises fits.

A kind of VAE is a posterior q(z|x, y), a prior p(z|y) and a likelihood p(x|z, y), Keras layers that
return distributions, and the terms of its loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import tensorflow as tf


class Distribution(Protocol):
    """q(z|x, y) or p(z|y); z is a tensor [B, …] or a nest of them.

    Example:
        >>> posterior = vae.encode(images)  # a `DiagonalGaussian` has these methods
        >>> z = posterior.sample()
        >>> prior = vae.prior(tf.constant(16))
        >>> posterior.log_prob(z).shape, posterior.kl(prior).shape
        (TensorShape([16]), TensorShape([16]))
    """

    def sample(self) -> Any:
        """Sample z; gradients flow to the parameters."""

    def mode(self) -> Any:
        """The most probable z, or one that stands for it."""

    def log_prob(self, value: Any) -> tf.Tensor:
        """Log probability of z in nats, [B]."""

    def kl(self, other: Any) -> tf.Tensor | None:
        """KL divergence from `other` in closed form, nats [B]; None: it is estimated from z."""


class ImageDistribution(Protocol):
    """p(x|z, y).

    Example:
        >>> likelihood = vae.likelihood(tf.zeros((4, 2)))  # p(x|z)
        >>> likelihood.mode().shape
        TensorShape([4, 28, 28, 1])
    """

    def mode(self) -> tf.Tensor:
        """The mean image, [B, H, W, C], in the range of x."""

    def log_prob(self, value: tf.Tensor) -> tf.Tensor:
        """Log probability of x [B, H, W, C] in nats, [B], or minus a reconstruction loss."""


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """One pass of a batch: everything that a loss term may look at.

    With several samples of z for each image every field has as many rows for each, sample by
    sample: [S · B, …].

    Attributes:
        images: Pixels 0 … 255, float32 [B, H, W, C].
        x: The images in the range of the likelihood, [B, H, W, C].
        y: The condition, or None.
        posterior: q(z|x, y).
        z: Sampled from the posterior.
        prior: p(z|y).
        likelihood: p(x|z, y).
        training: Whether it is a step of training.
        step: Optimizer steps until now; None outside training, where weights are the final ones.
        samples: S.
        regularization: Sum of what layers add to the loss, such as kernel regularizers; or None.
        logs: What is reported beside the loss, by name, [B]: see `log`.

    Example:
        >>> forward = vae.forward(tf.cast(images, tf.float32))
        >>> forward.z.shape, forward.kl().shape
        (TensorShape([16, 2]), TensorShape([16]))
    """

    images: tf.Tensor
    x: tf.Tensor
    y: Any
    posterior: Any
    z: Any
    prior: Any
    likelihood: Any
    training: bool
    step: tf.Tensor | None = None
    samples: int = 1
    regularization: tf.Tensor | None = None
    logs: dict[str, tf.Tensor] = field(default_factory=dict)

    def log(self, name: str, values: tf.Tensor) -> None:
        """Report values, [B], under a name that the term's `logged` lists."""
        self.logs[name] = values

    def kl(self) -> tf.Tensor:
        """KL divergence of the posterior from the prior in nats, [B].

        In closed form where there is one, else estimated from z as log q(z|x) − log p(z).
        """
        closed = self.posterior.kl(self.prior)
        if closed is not None:
            return closed
        return self.posterior.log_prob(self.z) - self.prior.log_prob(self.z)
