"""The named presets, as data: which network, which objective, which training, after which report.

Standard library only. Another paper's network is one more entry in `PRESETS`, and no code.
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
