"""Kinds of posteriors q(z|x) and priors p(z), as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from .configuration import Configuration
from .ranges import OneOf

POSTERIOR_SCALES = ("log_variance", "log_sigma", "softplus")
Scale = Annotated[str, OneOf(POSTERIOR_SCALES)]


class Posterior(Configuration):
    """q(z|x): how z follows from the encoder's output.

    Attributes:
        stochastic: Whether z is sampled.
        scale: What the encoder's second head returns: "log_variance", "log_sigma" (σ = exp,
            Astorga) or "softplus" (σ² = softplus + 1e-8, Zhao).

    Example:
        >>> sorted(Posterior.kinds)
        ['deterministic', 'gaussian']
    """

    stochastic: ClassVar[bool]
    scale: Scale

    def argument(self, name: str) -> str:
        """Name of a field, with "posterior" before it."""
        return f"posterior_{name}"

    def build(self, encoder: Any, seed: int | None = None, latent_dim: int | None = None) -> Any:
        """Build the layer around an encoder, whose second head has the scale already."""
        return self.implementation()(encoder, seed, latent_dim)


@dataclass(frozen=True)
class GaussianPosterior(
    Posterior, kind="gaussian", builds="keras_vae.models.posteriors.GaussianPosterior"
):
    """Diagonal Gaussian (Kingma and Welling 2013).

    Attributes:
        scale: See `Posterior`.

    Example:
        >>> GaussianPosterior(scale="softplus").stochastic
        True
    """

    scale: Scale = "log_variance"
    stochastic: ClassVar[bool] = True


@dataclass(frozen=True)
class DeterministicPosterior(
    Posterior, kind="deterministic", builds="keras_vae.models.posteriors.DeterministicPosterior"
):
    """z = z_mean: a plain autoencoder, without noise and KL divergence.

    Attributes:
        scale: See `Posterior`; it has no part in the model.

    Example:
        >>> get_preset("mnist").override(stochastic=False).posterior
        DeterministicPosterior(scale='log_variance')
    """

    scale: Scale = "log_variance"
    stochastic: ClassVar[bool] = False


class Prior(Configuration):
    """p(z).

    Example:
        >>> sorted(Prior.kinds)
        ['standard_normal']
    """


@dataclass(frozen=True)
class StandardNormal(
    Prior, kind="standard_normal", builds="keras_vae.models.priors.StandardNormal"
):
    """N(0, I).

    Example:
        >>> get_preset("mnist").prior
        StandardNormal()
    """
