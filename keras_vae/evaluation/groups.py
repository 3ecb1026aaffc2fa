"""Reconstruction errors by attribute or class: for whom a model works less well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets import ImageDataset
from ..latent_space.grouping import LABEL, Grouping
from .means import mean_and_error


@dataclass(frozen=True)
class Group:
    """Images with the same attributes.

    Attributes:
        name: The attributes, such as "Male, not Young".
        count: Number of images.
        mse: Squared error of a pixel in [0, 1], mean over the images.
        mse_error: Its standard error over images; NaN for one image.
    """

    name: str
    count: int
    mse: float
    mse_error: float


def group_images(
    dataset: ImageDataset, rows: np.ndarray, by: Sequence[str]
) -> list[tuple[str, np.ndarray]]:
    """Group images by every combination of some attributes.

    Args:
        dataset: The data set.
        rows: Rows of the images in it, [N].
        by: Attributes, or "label" for the class.

    Returns:
        A name and a mask, bool [N], for each combination that some image has.

    Raises:
        ValueError: If the data set has no such attribute; the message lists near names.
    """
    if not by:
        return []
    groupings = [Grouping.of(dataset, rows, name) for name in by]
    index = np.stack([grouping.index for grouping in groupings], axis=1)  # [N, len(by)]
    groups = []
    for combination in np.unique(index, axis=0):
        names = [each.names[at] for each, at in zip(groupings, combination, strict=True)]
        words = [f"{LABEL} {n}" if fact == LABEL else n for fact, n in zip(by, names, strict=True)]
        groups.append((", ".join(words), (index == combination).all(axis=1)))
    return groups


def errors_by_group(
    errors: np.ndarray, groups: Sequence[tuple[str, np.ndarray]]
) -> tuple[Group, ...]:
    """Average the errors [N] of the images of each group."""
    return tuple(
        Group(name, int(mask.sum()), *mean_and_error(errors[mask])) for name, mask in groups
    )
