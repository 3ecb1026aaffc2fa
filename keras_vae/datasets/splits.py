"""Train, validation and test: official where a set has them, seeded where it has not."""

from __future__ import annotations

import numpy as np

# The codes are those of CelebA's list_eval_partition.
SPLITS = {"train": 0, "validation": 1, "test": 2}
LEFT_OUT = -1

VALIDATION_LIMIT = 5_000


def assign_splits(partition: np.ndarray | None, count: int, seed: int) -> tuple[np.ndarray, str]:
    """Give each image a split.

    Official splits stay as they are. Where only train and test are given (MNIST), a tenth of the
    training images, but at most 5,000, becomes the validation split. Where nothing is held out,
    80 % train, 10 % validate and 10 % test.

    Args:
        partition: The official codes, int8 [N], or None.
        count: N.
        seed: Of the split that has to be drawn.

    Returns:
        The codes, int8 [N], and the rule they follow, in words.
    """
    held_out = set() if partition is None else set(np.unique(partition).tolist()) - {0}
    if SPLITS["validation"] in held_out:
        return partition.astype(np.int8), "official"
    if held_out:
        return _carve_validation(partition, seed)
    return _split_all(count, seed), "random 80 % train, 10 % validation, 10 % test"


def limit_training(partition: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """Keep a seeded choice of `limit` training images; the other splits stay whole.

    Args:
        partition: Codes, int8 [N].
        limit: The most training images to keep.
        seed: Of the choice.

    Returns:
        Codes, int8 [N], with −1 for the training images that are left out.

    Raises:
        ValueError: If `limit` is below 1.
    """
    if limit < 1:
        raise ValueError(f"`limit` must be at least 1. Received: {limit}.")
    limited = partition.copy()
    training = np.random.default_rng(seed).permutation(np.flatnonzero(partition == SPLITS["train"]))
    limited[training[limit:]] = LEFT_OUT
    return limited


def _carve_validation(partition: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    training = np.flatnonzero(partition == SPLITS["train"])
    size = min(VALIDATION_LIMIT, len(training) // 10)
    codes = partition.astype(np.int8)
    codes[np.random.default_rng(seed).permutation(training)[:size]] = SPLITS["validation"]
    return codes, f"official test; validation: {size} drawn at random from the official train"


def _split_all(count: int, seed: int) -> np.ndarray:
    order = np.random.default_rng(seed).permutation(count)
    tenth = count // 10
    codes = np.zeros(count, np.int8)
    codes[order[:tenth]] = SPLITS["validation"]
    codes[order[tenth : 2 * tenth]] = SPLITS["test"]
    return codes
