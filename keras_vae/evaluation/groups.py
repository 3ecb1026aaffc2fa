"""For whom a model works less well: reconstruction errors by attribute or class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..datasets import ImageDataset
from ..latent_space.grouping import LABEL, Grouping
from .likelihood import standard_error


@dataclass(frozen=True)
class Group:
    """The images that agree in some facts.

    Attributes:
        name: The facts, such as "Male, not Young".
        count: How many images.
        mse: Squared error of a pixel in [0, 1], mean over them.
        mse_error: Its standard error over images; NaN for one image.
    """

    name: str
    count: int
    mse: float
    mse_error: float


def group_images(
    dataset: ImageDataset, rows: np.ndarray, by: Sequence[str]
) -> list[tuple[str, np.ndarray]]:
    """Split images by every combination of some facts.

    Args:
        dataset: Where the images come from.
        rows: Their rows in it, [N].
        by: Attributes, or "label" for the class.

    Returns:
        A name and a mask, bool [N], for each combination that some image has.

    Raises:
        ValueError: If the data set does not know a fact; the message lists near ones.
    """
    if not by:
        return []
    groupings = [Grouping.of(dataset, rows, name) for name in by]
    index = np.stack([grouping.index for grouping in groupings], axis=1)  # [N, facts]
    groups = []
    for combination in np.unique(index, axis=0):
        facts = zip(by, groupings, combination, strict=True)
        words = [_words(fact, grouping.names[place]) for fact, grouping, place in facts]
        groups.append((", ".join(words), (index == combination).all(axis=1)))
    return groups


def errors_by_group(
    errors: np.ndarray, groups: Sequence[tuple[str, np.ndarray]]
) -> tuple[Group, ...]:
    """Average the errors [N] of each group's images."""
    return tuple(
        Group(name, int(mask.sum()), float(errors[mask].mean()), standard_error(errors[mask]))
        for name, mask in groups
    )


def _words(fact: str, name: str) -> str:
    return f"{LABEL} {name}" if fact == LABEL else name
