"""The terms of the loss: one value for each image. Your own is a subclass of `LossTerm`."""

from .distillation import Distillation
from .elbo import KL, Reconstruction, elbo_terms
from .importance_weighted import ImportanceWeighted
from .mmd import MMD
from .perceptual import Perceptual
from .teacher import Teacher
from .term import LossTerm

__all__ = [
    "KL",
    "MMD",
    "Distillation",
    "ImportanceWeighted",
    "LossTerm",
    "Perceptual",
    "Reconstruction",
    "Teacher",
    "elbo_terms",
]
