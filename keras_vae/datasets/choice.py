"""Some images of a split, chosen at random."""

from __future__ import annotations

import numpy as np

from .dataset import ImageDataset
from .splits import SPLITS


def choose_rows(dataset: ImageDataset, split: str, limit: int | None, seed: int) -> np.ndarray:
    """Choose at most so many images of a split; a smaller limit chooses some of the same.

    Args:
        dataset: The data set.
        split: "train", "validation" or "test".
        limit: How many at most; None takes all.
        seed: Of the choice.

    Returns:
        Rows of the data set, ascending, int64 [N].

    Raises:
        ValueError: If the split has no images; the message names those that have some.
    """
    rows = dataset.indices(split)
    if not len(rows):
        counts = {name: dataset.count(name) for name in SPLITS}
        held = ", ".join(f"{name} ({count:,})" for name, count in counts.items() if count)
        raise ValueError(f"{dataset.name!r} has no {split} images. It has: {held}.")
    order = np.random.default_rng(seed).permutation(len(rows))
    return rows[np.sort(order[:limit])]
