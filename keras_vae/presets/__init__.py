"""Presets: the network, objective and training of a report, as data.

This package imports only the standard library. One more table in presets.toml adds a
paper's network.
"""

from .bounds import ELBO as ELBO
from .bounds import Annealing as Annealing
from .bounds import Bound as Bound
from .bounds import Constant as Constant
from .bounds import Cyclical as Cyclical
from .bounds import ImportanceWeighted as ImportanceWeighted
from .bounds import Linear as Linear
from .configuration import Configuration as Configuration
from .entries import DEFAULT_PRESETS as DEFAULT_PRESETS
from .entries import LEAST_IMAGES as LEAST_IMAGES
from .entries import PRESETS as PRESETS
from .entries import default_preset as default_preset
from .entries import get_preset as get_preset
from .latents import DeterministicPosterior as DeterministicPosterior
from .latents import GaussianPosterior as GaussianPosterior
from .latents import Posterior as Posterior
from .latents import Prior as Prior
from .latents import StandardNormal as StandardNormal
from .likelihoods import Bernoulli as Bernoulli
from .likelihoods import DiscretizedLogistic as DiscretizedLogistic
from .likelihoods import Gaussian as Gaussian
from .likelihoods import LearnedGaussian as LearnedGaussian
from .likelihoods import Likelihood as Likelihood
from .likelihoods import MeanSquaredError as MeanSquaredError
from .likelihoods import OptimalGaussian as OptimalGaussian
from .likelihoods import PositionalGaussian as PositionalGaussian
from .likelihoods import SquaredError as SquaredError
from .networks import Conv as Conv
from .networks import ConvNetwork as ConvNetwork
from .networks import DenseNetwork as DenseNetwork
from .networks import Network as Network
from .networks import PCANetwork as PCANetwork
from .networks import PCAResidualNetwork as PCAResidualNetwork
from .networks import ResidualNetwork as ResidualNetwork
from .objective import Objective as Objective
from .own_images import PATIENCE as PATIENCE
from .own_images import fine_tuning as fine_tuning
from .own_images import own_size as own_size
from .own_images import with_size as with_size
from .preset import OUTPUT_RANGES as OUTPUT_RANGES
from .preset import Preset as Preset
from .terms import MMD as MMD
from .terms import Adversarial as Adversarial
from .terms import Distillation as Distillation
from .terms import Identity as Identity
from .terms import Perceptual as Perceptual
from .terms import Term as Term
from .terms import Texture as Texture
