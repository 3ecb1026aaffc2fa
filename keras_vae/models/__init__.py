"""The variational autoencoder and its parts: posteriors, priors, likelihoods, networks."""

from ..ops import backend as backend  # refuses other backends than TensorFlow
from .composite import Composite as Composite
from .distributions import Delta as Delta
from .distributions import DiagonalGaussian as DiagonalGaussian
from .likelihoods import Likelihood as Likelihood
from .loss_terms import FunctionTerm as FunctionTerm
from .loss_terms import LossTerm as LossTerm
from .networks import build_decoder as build_decoder
from .networks import build_encoder as build_encoder
from .posteriors import DeterministicPosterior as DeterministicPosterior
from .posteriors import GaussianPosterior as GaussianPosterior
from .priors import StandardNormal as StandardNormal
from .protocols import Distribution as Distribution
from .protocols import ForwardPass as ForwardPass
from .protocols import ImageDistribution as ImageDistribution
from .sampling import Sampling as Sampling
from .vae import VAE as VAE
