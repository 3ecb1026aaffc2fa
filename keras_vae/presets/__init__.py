"""Presets: the network, objective and training of a report, as data.

This package imports only the standard library. A new entry in `PRESETS` adds a paper's network.
"""

from .entries import DEFAULT_PRESETS, PRESETS, default_preset, get_preset
from .network import Conv, ConvNetwork, DenseNetwork, Network, PrincipalNetwork, ResidualNetwork
from .objective import LIKELIHOODS, Objective
from .preset import OUTPUT_RANGES, Preset

__all__ = [
    "DEFAULT_PRESETS",
    "LIKELIHOODS",
    "OUTPUT_RANGES",
    "PRESETS",
    "Conv",
    "ConvNetwork",
    "DenseNetwork",
    "Network",
    "Objective",
    "Preset",
    "PrincipalNetwork",
    "ResidualNetwork",
    "default_preset",
    "get_preset",
]
