"""Attribute directions compared: dot products, cosine similarities, their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...files.naming import near_names

CONFIDENCE = 1.96  # standard errors to either side: 95 % of a normal distribution

Interval = tuple[float, float]


@dataclass(frozen=True)
class StandardErrors:
    """Bootstrap standard errors of the products of A directions with one another.

    A 95 % interval is the product ± 1.96 of them (Efron and Tibshirani 1993, chapter 12). Quantiles
    of the replicates would be too low for cosines: every replicate adds noise to both directions,
    which turns them away from each other.

    Attributes:
        dot: Of the dot products, float32 [A, A].
        cosine: Of the cosine similarities, float32 [A, A].
    """

    dot: np.ndarray
    cosine: np.ndarray

    @classmethod
    def of(cls, replicates: np.ndarray) -> StandardErrors:
        """Measure them.

        Args:
            replicates: Directions in each resample, [S, A, L]; the same resamples for all A.
        """
        dots = replicates @ replicates.swapaxes(1, 2)  # [S, A, A]
        errors = (products.std(axis=0, ddof=1) for products in (dots, cosines(replicates)))
        return cls(*(each.astype(np.float32) for each in errors))


@dataclass(frozen=True)
class Contribution:
    """How far one direction points along another.

    Attributes:
        name: The attribute's name.
        dot: Dot product of the two directions; it grows with the length of both.
        cosine: Their cosine similarity.
        dot_interval: 95 % bootstrap interval of the dot product; None without standard errors.
        cosine_interval: The same of the cosine similarity.
    """

    name: str
    dot: float
    cosine: float
    dot_interval: Interval | None = None
    cosine_interval: Interval | None = None


def attribute_index(name: str, names: Sequence[str]) -> int:
    """Look up the index of an attribute.

    Raises:
        ValueError: If there is none of that name; the message lists near ones.
    """
    if name not in names:
        raise ValueError(f"No attribute is called {name!r}. {near_names(name, names)}")
    return list(names).index(name)


def contributions(
    directions: np.ndarray,
    names: Sequence[str],
    to: str,
    standard_errors: StandardErrors | None = None,
) -> list[Contribution]:
    """Measure how far every other attribute points along one of them (Jiang 2024, section 5.4).

    Jiang ranks by the dot product. A long vector has a large one at any angle (rare attributes have
    long and noisy vectors), so the cosine similarity is given as well.

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
    target, directions = attribute_index(to, names), np.asarray(directions, np.float64)
    dots, angles = directions @ directions[target], cosines(directions)[target]
    intervals: list[list[Interval | None]] = [[None] * len(names)] * 2
    if standard_errors is not None:
        around_dot = _intervals(dots, standard_errors.dot[target])
        around_angle = _intervals(angles, standard_errors.cosine[target]).clip(-1.0, 1.0)
        intervals = [list(map(tuple, each.tolist())) for each in (around_dot, around_angle)]
    entries = zip(names, dots.tolist(), angles.tolist(), *intervals, strict=True)
    others = (Contribution(*entry) for entry in entries if entry[0] != to)
    return sorted(others, key=lambda entry: entry.dot, reverse=True)


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


def _intervals(values: np.ndarray, standard_errors: np.ndarray) -> np.ndarray:
    """The 95 % intervals around values [A], [A, 2]."""
    reach = CONFIDENCE * standard_errors.astype(np.float64)
    return np.stack([values - reach, values + reach], axis=1)
