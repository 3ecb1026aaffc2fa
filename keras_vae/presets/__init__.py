"""Presets: the network, objective and training of a report, as data.

This package imports only the standard library. A new entry in `PRESETS` adds a paper's network.
"""

from .bounds import ELBO, Annealing, Bound, Constant, Cyclical, ImportanceWeighted, Linear
from .configuration import Configuration
from .entries import DEFAULT_PRESETS, PRESETS, default_preset, get_preset
from .latents import (
    DeterministicPosterior,
    GaussianPosterior,
    Posterior,
    Prior,
    StandardNormal,
)
from .likelihoods import (
    Bernoulli,
    DiscretizedLogistic,
    Gaussian,
    LearnedGaussian,
    Likelihood,
    MeanSquaredError,
    OptimalGaussian,
    SquaredError,
)
from .networks import Conv, ConvNetwork, DenseNetwork, Network, PCANetwork, ResidualNetwork
from .objective import Objective
from .preset import OUTPUT_RANGES, Preset
from .terms import MMD, Distillation, Perceptual, Term

__all__ = [
    "DEFAULT_PRESETS",
    "ELBO",
    "MMD",
    "OUTPUT_RANGES",
    "PRESETS",
    "Annealing",
    "Bernoulli",
    "Bound",
    "Configuration",
    "Constant",
    "Conv",
    "ConvNetwork",
    "Cyclical",
    "DenseNetwork",
    "DeterministicPosterior",
    "DiscretizedLogistic",
    "Distillation",
    "Gaussian",
    "GaussianPosterior",
    "ImportanceWeighted",
    "LearnedGaussian",
    "Likelihood",
    "Linear",
    "MeanSquaredError",
    "Network",
    "Objective",
    "OptimalGaussian",
    "PCANetwork",
    "Perceptual",
    "Posterior",
    "Preset",
    "Prior",
    "ResidualNetwork",
    "SquaredError",
    "StandardNormal",
    "Term",
    "default_preset",
    "get_preset",
]
