"""Evaluation of a model: likelihood, reconstructions, posterior, samples and linear probes."""

from ..latent_space.probes import Probe, linear_probes
from .evaluator import Settings, check_model, evaluate
from .report import Evaluation, incomparable, notes, sections, table

__all__ = [
    "Evaluation",
    "Probe",
    "Settings",
    "check_model",
    "evaluate",
    "incomparable",
    "linear_probes",
    "notes",
    "sections",
    "table",
]
