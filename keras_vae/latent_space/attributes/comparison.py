"""Directions beside one another: dot products, cosines, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...files.naming import near_names

if TYPE_CHECKING:
    from .bootstrap import StandardErrors

CONFIDENCE = 1.96  # standard errors to either side: 95 % of a normal distribution

Interval = tuple[float, float]


@dataclass(frozen=True)
class Contribution:
    """How far one direction points along another.

    Attributes:
        name: The attribute's name.
        dot: Dot product of the two directions; it grows with the length of both.
        cosine: Dot product of the two made unit length.
        dot_interval: 95 % bootstrap interval of the dot product; None where it is not known.
        cosine_interval: The same of the cosine.
    """

    name: str
    dot: float
    cosine: float
    dot_interval: Interval | None = None
    cosine_interval: Interval | None = None


def contributions(
    directions: np.ndarray,
    names: Sequence[str],
    to: str,
    standard_errors: StandardErrors | None = None,
) -> list[Contribution]:
    """Measure how far every other attribute points along one of them (Jiang 2024, section 5.4).

    Jiang ranks by the dot product, which a long vector wins whatever its angle (rare attributes
    have long and noisy ones), so the cosine stands beside it.

    Args:
        directions: Δ of each attribute, [A, L].
        names: A names.
        to: The attribute that the others may contribute to.
        standard_errors: Those of the directions' products, for intervals.

    Returns:
        One entry for each other attribute, the largest dot product first.

    Raises:
        ValueError: If `to` is none of the names; the message lists near ones.
    """
    if to not in names:
        raise ValueError(f"No attribute is called {to!r}. {near_names(to, names)}")
    target = list(names).index(to)
    dots = directions.astype(np.float64) @ directions[target].astype(np.float64)
    angles = cosines(directions)[target]
    table = []
    for index, name in enumerate(names):
        intervals: tuple[Interval | None, ...] = (None, None)
        if standard_errors is not None:
            low, high = _interval(angles[index], standard_errors.cosine[target, index])
            angle = max(low, -1.0), min(high, 1.0)
            intervals = _interval(dots[index], standard_errors.dot[target, index]), angle
        table.append(Contribution(name, float(dots[index]), float(angles[index]), *intervals))
    del table[target]
    return sorted(table, key=lambda entry: entry.dot, reverse=True)


def cosines(directions: np.ndarray) -> np.ndarray:
    """Measure the cosine of each pair of directions [..., A, L].

    Returns:
        float64 [..., A, A], symmetric, with ones on the diagonal; 0 beside a direction of length 0.
    """
    directions = np.asarray(directions, np.float64)
    lengths = np.linalg.norm(directions, axis=-1, keepdims=True)
    units = np.divide(directions, lengths, out=np.zeros_like(directions), where=lengths > 0)
    matrix = np.clip(units @ units.swapaxes(-1, -2), -1.0, 1.0)
    diagonal = np.arange(matrix.shape[-1])
    matrix[..., diagonal, diagonal] = 1.0
    return matrix


def cluster_order(cosines: np.ndarray) -> np.ndarray:
    """Order attributes so that alike ones are neighbours.

    Average linkage of the distances 1 − cosine; among the orders that its tree allows, the one
    with the shortest way from neighbour to neighbour (Bar-Joseph et al. 2001).

    Args:
        cosines: [A, A].

    Returns:
        A permutation, int [A].
    """
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(cosines) < 2:
        return np.arange(len(cosines))
    distances = 1 - cosines[np.triu_indices(len(cosines), 1)]
    return leaves_list(linkage(distances, "average", optimal_ordering=True))


def _interval(value: float, standard_error: float) -> Interval:
    reach = CONFIDENCE * float(standard_error)
    return float(value) - reach, float(value) + reach
