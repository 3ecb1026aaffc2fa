"""Measurements of a model: likelihood, reconstructions, posterior, samples, linear probes."""

from .comparison import incomparable as incomparable
from .evaluator import Settings as Settings
from .evaluator import check_model as check_model
from .evaluator import evaluate as evaluate
from .report import Evaluation as Evaluation
from .tables import table as table
