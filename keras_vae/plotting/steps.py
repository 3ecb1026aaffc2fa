"""Steps along a path through the latent space: how their labels are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from math import isfinite

import numpy as np

from .lettering import number_label

EXACT = 4  # decimals up to which steps are not rounded
LEAST = 2  # decimals of steps that have more
TOLERANCE = 0.15  # largest error of a label, as a share of the smallest distance of two steps


def step_labels(
    steps: Sequence[float], name: str = "n", notes: Mapping[float, str] = {}
) -> list[str]:
    """Label steps, such as "n = −0.5": the same in a strip, in a table and in an animation.

    Steps of at most four decimals are not rounded. Others, such as thirds, are rounded to two
    decimals, or to more if their distance needs them.

    Args:
        steps: The values.
        name: What is changed: "n" along an attribute, "z" along a dimension, "t" from one image to
            the next.
        notes: A second line for some values, such as {0: "reconstruction"}.

    Returns:
        A label for each step.

    Raises:
        ValueError: If a step is not finite.

    Example:
        >>> step_labels([-0.5, 0, 0.5])
        ['n = −0.5', 'n = 0', 'n = 0.5']
    """
    check_finite(steps, "steps")
    decimals = _decimals([float(step) for step in steps])
    labels = [f"{name} = {number_label(round(float(step), decimals))}" for step in steps]
    return [
        f"{label}\n({notes[step]})" if step in notes else label
        for step, label in zip(steps, labels, strict=True)
    ]


def check_finite(values: Sequence[float], name: str) -> None:
    """Check values along a path.

    Args:
        values: The values.
        name: Of the argument, for the error.

    Raises:
        ValueError: If one is infinite or NaN.
    """
    for value in values:
        if not isfinite(value):
            raise ValueError(f"`{name}` must be finite. Received: {value}.")


def _decimals(steps: Sequence[float]) -> int:
    """The decimals of the labels; a rounded step cannot be mistaken for another."""

    def error(decimals: int) -> float:
        # Not NumPy's round: it multiplies, and overflows for large numbers and for many decimals.
        return max((abs(round(step, decimals) - step) for step in steps), default=0.0)

    if error(EXACT) < 1e-9:
        return EXACT
    distance = float(np.diff(np.unique(steps)).min(initial=1.0))
    return next(d for d in count(LEAST) if error(d) <= TOLERANCE * distance)
