"""Binarization of grayscale images: published likelihoods differ by which of the four is used."""

from __future__ import annotations

import numpy as np

from ..choices import BINARIZATIONS

RANDOM = ("static", "dynamic")  # those that sample pixels
STATIC_SEED = 0  # of the one sample that every user of "static" shares


def binarize(images: np.ndarray, binarization: str, seed: int = 0) -> np.ndarray:
    """Binarize images.

    Likelihoods of binarized images may be compared only if the images were binarized in the same
    way: thresholded digits are tens of nats easier than sampled ones.

    Args:
        images: uint8 [N, ...].
        binarization: "none" keeps the gray levels. "static" samples each pixel once, white with
            probability pixel / 255, the same sample for everybody (as Larochelle and Murray 2011
            did with another sample). "dynamic" samples anew each time (Salakhutdinov and Murray
            2008; Burda et al. 2015), here by `seed`. "threshold" makes 128 and above white.
        seed: Of "dynamic".

    Returns:
        uint8 [N, ...] of 0 and 255; for "none" the images themselves.

    Raises:
        ValueError: If `binarization` is none of these.
    """
    if binarization == "none":
        return images
    return above(thresholds(images.shape, binarization, seed), images)


def thresholds(shape: tuple[int, ...], binarization: str, seed: int = 0) -> np.ndarray:
    """Make the thresholds of each pixel of a set, for images that are read batch by batch.

    Args:
        shape: Of the whole set, [N, ...].
        binarization: See `binarize`; not "none".
        seed: Of "dynamic".

    Returns:
        uint8 [N, ...]; a pixel above its threshold becomes white.

    Raises:
        ValueError: If `binarization` is none of these.
    """
    if binarization not in BINARIZATIONS[1:]:
        known = ", ".join(BINARIZATIONS)
        raise ValueError(f"`binarization` must be one of {known}. Received: {binarization!r}.")
    if binarization == "threshold":
        return np.broadcast_to(np.uint8(127), shape)
    rng = np.random.default_rng(STATIC_SEED if binarization == "static" else seed)
    return rng.integers(0, 255, shape, dtype=np.uint8)


def above(levels: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Make pixels above their thresholds white, 255, and others black, 0; uint8 [N, ...]."""
    return np.where(images > levels, 255, 0).astype(np.uint8)


def binarize_rows(images: np.ndarray, rows: np.ndarray, binarization: str) -> np.ndarray:
    """Binarize some images of a set, each to the pixels that it has in the whole set binarized.

    The sample of an image depends on its row, so that a split, a limit or a preview shows the same
    pixels as training.

    Args:
        images: uint8 [N, ...], the whole set, memory-mapped or not.
        rows: Which of them, int64 [M].
        binarization: See `binarize`.

    Returns:
        uint8 [M, ...], `binarize(images, binarization)[rows]`.

    Raises:
        ValueError: If `binarization` is none of `choices.BINARIZATIONS`.
    """
    if binarization not in RANDOM:
        return binarize(np.asarray(images[rows]), binarization)
    # One generator samples the set from its first row: nothing after the last row matters.
    return binarize(images[: rows.max(initial=-1) + 1], binarization)[rows]
