"""The variational autoencoder and its parts: posteriors, priors, likelihoods, networks."""

from .composite import Composite
from .distributions import Delta, DiagonalGaussian
from .likelihoods import Likelihood
from .networks import build_decoder, build_encoder
from .posteriors import DeterministicPosterior, GaussianPosterior
from .priors import StandardNormal
from .protocols import Distribution, ForwardPass, ImageDistribution
from .sampling import Sampling
from .vae import VAE

__all__ = [
    "VAE",
    "Composite",
    "Delta",
    "DeterministicPosterior",
    "DiagonalGaussian",
    "Distribution",
    "ForwardPass",
    "GaussianPosterior",
    "ImageDistribution",
    "Likelihood",
    "Sampling",
    "StandardNormal",
    "build_decoder",
    "build_encoder",
]
