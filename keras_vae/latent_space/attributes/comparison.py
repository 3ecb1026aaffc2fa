"""Attribute directions compared: dot products, cosine similarities, their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .directions import Attributes

CONFIDENCE = 1.96  # standard errors to either side: 95 % of a normal distribution

Interval = tuple[float, float]


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


def contributions(attributes: Attributes, to: str) -> list[Contribution]:
    """Measure how far every other attribute points along one of them (Jiang 2024, section 5.4).

    Jiang ranks by the dot product. A long vector has a large one at any angle (rare attributes have
    long and noisy vectors), so the cosine similarity is given as well.

    Args:
        attributes: The directions, with or without standard errors.
        to: The attribute that the others may contribute to.

    Returns:
        One entry for each other attribute, the largest dot product first.

    Raises:
        ValueError: If there is no attribute of that name; the message lists near ones.

    Example:
        >>> contributions(keras_vae.load("celeba64").attributes, to="Attractive")[0].name
        'Wearing_Lipstick'
    """
    target, directions = attributes.index(to), np.asarray(attributes.directions, np.float64)
    dots, angles = directions @ directions[target], cosines(directions)[target]
    columns = [attributes.names, dots.tolist(), angles.tolist()]
    if attributes.dot_errors is not None:
        columns.append(_intervals(dots, attributes.dot_errors[target]))
        columns.append(_intervals(angles, attributes.cosine_errors[target], most=1.0))
    others = (Contribution(*entry) for entry in zip(*columns, strict=True) if entry[0] != to)
    return sorted(others, key=lambda entry: entry.dot, reverse=True)


def standard_errors(replicates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure bootstrap standard errors of the products of A directions with one another.

    A 95 % interval is the product ± 1.96 of them (Efron and Tibshirani 1993, chapter 12). Quantiles
    of the replicates would be too low for cosines: every replicate adds noise to both directions,
    which turns them away from each other.

    Args:
        replicates: Directions in each resample, [S, A, L]; the same resamples for all A.

    Returns:
        Those of the dot products and of the cosine similarities, float32 [A, A] each.
    """
    dots, angles = replicates @ replicates.swapaxes(1, 2), cosines(replicates)  # [S, A, A]
    return tuple(products.std(axis=0, ddof=1).astype(np.float32) for products in (dots, angles))


def cosines(directions: np.ndarray) -> np.ndarray:
    """Measure the cosine of each pair of directions [..., A, L].

    Returns:
        float64 [..., A, A], symmetric, with ones on the diagonal; 0 beside a direction of length 0.

    Args:
        directions: Δ of A attributes, [..., A, L].

    Example:
        >>> cosines(np.array([[1.0, 0.0], [0.0, 2.0]])).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
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


def _intervals(values: np.ndarray, errors: np.ndarray, most: float = np.inf) -> list[Interval]:
    """The 95 % intervals around values [A], within ± most."""
    reach = CONFIDENCE * errors.astype(np.float64)
    bounds = np.clip([values - reach, values + reach], -most, most)
    return list(zip(*bounds.tolist(), strict=True))
