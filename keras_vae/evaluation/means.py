"""Means over images with their standard errors."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import sem


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Return the mean of values [N] and its standard error; the error of one value is NaN."""
    return float(values.mean()), float(sem(values)) if len(values) > 1 else math.nan
