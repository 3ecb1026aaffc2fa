"""The importance-weighted bound on log p(x)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.registration import package
from ..presets import Annealing, Constant
from ..presets.configuration import plain
from ..presets.ranges import Count, in_range
from .elbo import annealed_weight


def bound_terms(samples: int, annealing: Annealing) -> list[LossTerm]:
    """The one term of `presets.ImportanceWeighted`."""
    return [ImportanceWeighted(samples, annealing)]


@package
class ImportanceWeighted(LossTerm):
    """−log of the mean importance weight of k samples of z (Burda et al. 2015, eq. 8).

    That is at weight 1. While it is annealed, each sample's log q(z|x) − log p(z) is weighted, as
    the KL divergence is that it estimates. Logged are the means over the samples.

    Args:
        samples: k.
        annealing: How the weight grows to 1.

    Example:
        >>> vae = VAE.from_networks(encoder, decoder, terms=[ImportanceWeighted(samples=50)])
        >>> vae.samples
        50
    """

    logged = ("reconstruction_loss", "kl_loss")

    @in_range
    def __init__(self, samples: Count, annealing: Annealing | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.samples = samples
        self.annealing = annealing or Constant()

    def __call__(self, forward: ForwardPass) -> tf.Tensor:
        """Return the weighted bound, [B]; at a weight of 1 in nats."""

        def by_sample(values: tf.Tensor) -> tf.Tensor:  # [k · B] → [k, B]
            return tf.reshape(values, (self.samples, -1))

        reconstruction = by_sample(-forward.likelihood.log_prob(forward.x))
        log_ratio = forward.posterior.log_prob(forward.z) - forward.prior.log_prob(forward.z)
        log_ratio = by_sample(log_ratio)
        for name, values in zip(self.logged, (reconstruction, log_ratio), strict=True):
            forward.log(name, tf.reduce_mean(values, axis=0))
        weight = annealed_weight(forward.step, self.annealing)
        return self.weight * importance_weighted_bound(-reconstruction - weight * log_ratio)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        annealing = plain(self.annealing)
        return {**super().get_config(), "samples": self.samples, "annealing": annealing}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImportanceWeighted:
        """Rebuild from `get_config`."""
        return cls(**{**config, "annealing": Annealing.from_dict(config["annealing"])})


def importance_weighted_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """−log of the mean importance weight (Burda et al. 2015, eq. 8).

    Args:
        log_weights: log p(x, z) − log q(z|x) of k samples, [k, B].

    Returns:
        Nats, [B]; −ELBO at k = 1, and less the more samples there are.

    Example:
        >>> importance_weighted_bound(tf.constant([[-100.0], [-100.0]])).numpy().tolist()
        [100.0]
    """
    samples = tf.cast(tf.shape(log_weights)[0], log_weights.dtype)
    return tf.math.log(samples) - tf.reduce_logsumexp(log_weights, axis=0)
