"""The terms of −ELBO: reconstruction loss and KL divergence."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..models.loss_terms import LossTerm
from ..models.protocols import ForwardPass
from ..ops.registration import package
from ..ops.replicas import cross_replica_mean
from ..presets import Annealing, Constant
from ..presets.configuration import plain
from ..presets.ranges import NotNegative, in_range


def elbo_terms(
    beta: float = 1.0, annealing: Annealing | None = None, free_bits: float = 0.0
) -> list[LossTerm]:
    """The terms of `presets.ELBO`: with a β of 1 and no free bits their sum is −ELBO.

    Args:
        beta: Weight of the KL divergence.
        annealing: How the weight grows; None: not at all.
        free_bits: KL per dimension (nats) that is not penalized.

    Returns:
        `Reconstruction` and `KL`.

    Example:
        >>> vae = VAE.from_networks(encoder, decoder, terms=elbo_terms(beta=4.0))
    """
    return [Reconstruction(), KL(beta, annealing, free_bits)]


@package
class Reconstruction(LossTerm):
    """Reconstruction loss: −log p(x|z), or what the likelihood has in its place.

    Args:
        weight: Factor of the loss.

    Example:
        >>> VAE.from_networks(encoder, decoder, terms=[Reconstruction()]).terms[0].logged
        ('reconstruction_loss',)
    """

    def value(self, forward: ForwardPass) -> tf.Tensor:
        """Return the loss, [B]."""
        return -forward.likelihood.log_prob(forward.x)


@package
class KL(LossTerm):
    """β · KL(q(z|x) ‖ p(z)); logged is the KL divergence itself, in nats.

    Args:
        weight: β, the final weight.
        annealing: How the weight grows during training; outside training it is the final one.
        free_bits: KL per dimension (nats) that is not penalized: see `free_bits_kl`.

    Raises:
        ValueError: If a number is negative; when it is called, if `free_bits` is not 0 and the KL
            divergence of a dimension has no closed form.

    Example:
        >>> terms = [Reconstruction(), KL(4.0, free_bits=0.1)]
        >>> vae = VAE.from_networks(encoder, decoder, terms=terms)
    """

    @in_range
    def __init__(
        self,
        weight: NotNegative = 1.0,
        annealing: Annealing | None = None,
        free_bits: NotNegative = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, **kwargs)
        self.annealing = annealing or Constant()
        self.free_bits = free_bits

    def __call__(self, forward: ForwardPass) -> tf.Tensor:
        """Return the weighted divergence, [B]."""
        kl = forward.kl()
        forward.log(self.logged[0], kl)
        if self.free_bits:
            kl = free_bits_kl(self._kl_per_dimension(forward), self.free_bits)
        return annealed_weight(forward.step, self.annealing, self.weight) * kl

    def _kl_per_dimension(self, forward: ForwardPass) -> tf.Tensor:
        by_dimension = getattr(forward.posterior, "kl_per_dimension", lambda prior: None)
        kl = by_dimension(forward.prior)
        if kl is None:
            raise ValueError(
                "`free_bits` must be 0 where the KL divergence of a dimension has no closed form. "
                f"Received: {self.free_bits}."
            )
        return kl

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        numbers = {"annealing": plain(self.annealing), "free_bits": self.free_bits}
        return {**super().get_config(), **numbers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KL:
        """Rebuild from `get_config`."""
        return cls(**{**config, "annealing": Annealing.from_dict(config["annealing"])})


def free_bits_kl(kl: tf.Tensor, free_bits: float) -> tf.Tensor:
    """KL divergence of which `free_bits` nats in each dimension are not penalized.

    Kingma et al. 2016, eq. 15: the minimum holds for the mean over the batch, here over that of all
    replicas, so a dimension below it has no gradient towards the prior.

    Args:
        kl: Nats by dimension, [B, L].
        free_bits: λ, in nats.

    Returns:
        Nats, [B].

    Example:
        >>> free_bits_kl(tf.constant([[0.1, 2.0], [0.3, 1.0]]), 0.5).numpy().tolist()
        [2.5, 1.5]
    """
    enough = cross_replica_mean(kl) > free_bits  # [L]
    return tf.reduce_sum(tf.where(enough, kl, free_bits), axis=-1)


def annealed_weight(step: tf.Tensor | None, annealing: Annealing, weight: float = 1.0) -> tf.Tensor:
    """Weight of the KL divergence at an optimizer step, a scalar.

    Args:
        step: Steps until now; None for the final weight.
        annealing: Linear: from 0 to the final weight over its steps (Bowman et al. 2016). Cyclical:
            in each cycle of its steps from 0 to it over the first half (Fu et al. 2019).
        weight: The final weight.

    Raises:
        ValueError: If the annealing has no steps.

    Example:
        >>> annealing = keras_vae.presets.Linear(steps=2_000)
        >>> float(annealed_weight(tf.constant(500), annealing, weight=4.0))
        1.0
    """
    annealing.check()
    if step is None or annealing.kind == "constant":
        return tf.constant(weight, tf.float32)
    step, steps = tf.cast(step, tf.float32), annealing.steps
    if annealing.kind == "linear":
        return weight * tf.minimum(step / steps, 1.0)
    return weight * tf.minimum(tf.math.floormod(step, float(steps)) / (0.5 * steps), 1.0)
