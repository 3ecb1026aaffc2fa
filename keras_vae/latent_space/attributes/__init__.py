"""Attribute directions, as arrays: fitting to labelled latents, saving and comparison."""

from .bootstrap import StandardErrors
from .comparison import Contribution, cluster_order, contributions, cosines
from .directions import Attributes, check_choices
from .fitting import METHODS, mean_difference

__all__ = [
    "METHODS",
    "Attributes",
    "Contribution",
    "StandardErrors",
    "check_choices",
    "cluster_order",
    "contributions",
    "cosines",
    "mean_difference",
]
