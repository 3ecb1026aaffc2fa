"""Channels of feature maps: their statistics, and those that vary most. Arrays only."""

from __future__ import annotations

import numpy as np


def statistics(maps: np.ndarray) -> dict[str, np.ndarray]:
    """Return statistics of each channel of one layer over the positions of an image.

    Args:
        maps: Feature maps of one image, [H, W, C].

    Returns:
        Minimum, maximum, mean and variance of each channel, [C], by name.
    """
    functions = {"min": np.min, "max": np.max, "mean": np.mean, "variance": np.var}
    return {name: function(maps, axis=(0, 1)) for name, function in functions.items()}


def most_varied(maps: np.ndarray, count: int) -> np.ndarray:
    """Find the channels whose variance over the positions of an image is largest.

    Args:
        maps: Feature maps of one image, [H, W, C].
        count: Number of channels; a layer with fewer channels returns all.

    Returns:
        Numbers of channels, the largest variance first, int [min(count, C)].
    """
    return np.argsort(-statistics(maps)["variance"], kind="stable")[:count]
