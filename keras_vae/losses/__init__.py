"""The terms of the loss: one value for each image.

Your own term is a function from a `ForwardPass` to a tensor [B], or a subclass of `LossTerm`.
"""

from ..models.loss_terms import FunctionTerm as FunctionTerm
from ..models.loss_terms import LossTerm as LossTerm
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
from .texture import Texture as Texture
