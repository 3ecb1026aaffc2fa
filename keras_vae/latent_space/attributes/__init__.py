"""Attribute directions: fitted to labelled latents, saved, compared. Arrays only."""

from .comparison import Contribution as Contribution
from .comparison import cluster_order as cluster_order
from .comparison import contributions as contributions
from .comparison import cosines as cosines
from .directions import Attributes as Attributes
from .directions import check_choices as check_choices
from .fitting import METHODS as METHODS
