"""Train, validation and test: official where a set has them, otherwise random from a seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# The numbers are those of CelebA's list_eval_partition.
SPLITS = {"train": 0, "validation": 1, "test": 2}
LEFT_OUT = -1

# How folders and lists name them.
_SPELLINGS = {
    "train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "dev": 1, "eval": 1,
    "test": 2, "testing": 2,
}  # fmt: skip

VALIDATION_LIMIT = 5_000


def split_named(word: str) -> int | None:
    """Return the number of a split by a name that people give it; None for other words."""
    return _SPELLINGS.get(word.strip().casefold())


def counted(counts: Mapping[str, int]) -> str:
    """Write how many images each split has."""
    return ", ".join(f"{count:,} {split}" for split, count in counts.items())


def assign_splits(partition: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """Give each image a split.

    Official splits are unchanged. Where only train and test are given (MNIST), a tenth of the
    training images, but at most 5,000, becomes the validation split. Where all images are training
    images, 80 % train, 10 % validate and 10 % test. Of fewer than 10 none is taken from training.

    Args:
        partition: The official split of each image, int8 [N].
        seed: Of a random split.

    Returns:
        The split of each image, int8 [N], and the rule that it follows, in words.
    """
    rng = np.random.default_rng(seed)
    partition = partition.astype(np.int8)
    if not partition.any():
        order, tenth = rng.permutation(len(partition)), len(partition) // 10
        if not tenth:
            return partition, "fewer than 10 images, of which all train"
        partition[order[:tenth]] = SPLITS["validation"]
        partition[order[tenth : 2 * tenth]] = SPLITS["test"]
        return partition, "random 80 % train, 10 % validation, 10 % test"
    if SPLITS["validation"] in partition:
        return partition, "official"
    training = np.flatnonzero(partition == SPLITS["train"])
    size = min(VALIDATION_LIMIT, len(training) // 10)
    partition[rng.permutation(training)[:size]] = SPLITS["validation"]
    if not size:
        return partition, "official; fewer than 10 training images, of which none validates"
    return partition, f"official test; validation: {size} chosen at random from the official train"


def limit_training(partition: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """Keep at most `limit` training images, chosen at random; the other splits stay complete.

    Args:
        partition: The split of each image, int8 [N].
        limit: The most training images to keep.
        seed: Of the choice.

    Returns:
        The split of each image, int8 [N], with −1 for the training images that are left out.

    Raises:
        ValueError: If `limit` is below 1.
    """
    if limit < 1:
        raise ValueError(f"`limit` must be at least 1. Received: {limit}.")
    limited = partition.copy()
    training = np.random.default_rng(seed).permutation(np.flatnonzero(partition == SPLITS["train"]))
    limited[training[limit:]] = LEFT_OUT
    return limited
