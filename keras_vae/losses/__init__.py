"""The terms of the loss: one value for each image. Your own is a subclass of `LossTerm`."""

from .adversarial import Adversarial as Adversarial
from .distillation import Distillation as Distillation
from .elbo import KL as KL
from .elbo import Reconstruction as Reconstruction
from .elbo import elbo_terms as elbo_terms
from .identity import Identity as Identity
from .importance_weighted import ImportanceWeighted as ImportanceWeighted
from .mmd import MMD as MMD
from .perceptual import Perceptual as Perceptual
from .teacher import Teacher as Teacher
from .term import LossTerm as LossTerm
