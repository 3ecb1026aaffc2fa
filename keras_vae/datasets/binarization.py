"""Grey pixels made black or white: one of the four ways that the literature's numbers differ by."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

BINARIZATIONS = ("none", "static", "dynamic", "threshold")
DRAWN = ("static", "dynamic")  # those of them that chance has a part in
STATIC_SEED = 0  # of the one draw that every user of "static" shares


def binarize(images: np.ndarray, how: str, seed: int = 0) -> np.ndarray:
    """Binarise images.

    A likelihood of binarised images may be compared with another only if both were binarised in the
    same way: thresholded digits are tens of nats easier than drawn ones.

    Args:
        images: uint8 [N, ...].
        how: "none" leaves grey levels. "static" draws each pixel once, white with probability
            pixel / 255, the same draw for everybody (as Larochelle and Murray 2011 did with
            another draw). "dynamic" draws anew at each look (Salakhutdinov and Murray 2008; Burda
            et al. 2015), here by `seed`. "threshold" makes 128 and above white.
        seed: Of "dynamic".

    Returns:
        uint8 [N, ...] of 0 and 255; for "none" the images themselves.

    Raises:
        ValueError: If `how` is none of these.
    """
    check_binarization(how)
    if how == "none":
        return images
    if how == "threshold":
        return np.where(images >= 128, 255, 0).astype(np.uint8)
    rng = np.random.default_rng(STATIC_SEED if how == "static" else seed)
    drawn = rng.integers(0, 255, images.shape, dtype=np.uint8) < images
    return np.where(drawn, 255, 0).astype(np.uint8)


def binarize_rows(images: np.ndarray, rows: np.ndarray, how: str, seed: int = 0) -> np.ndarray:
    """Binarise some images of a set, each to the pixels that it has in the whole set binarised.

    A draw follows from an image's row, so that a split, a limit or a preview shows no other pixels
    than training does.

    Args:
        images: uint8 [N, ...], the whole set, memory-mapped or not.
        rows: Which of them, int64 [M].
        how: See `binarize`.
        seed: Of "dynamic".

    Returns:
        uint8 [M, ...], `binarize(images, how, seed)[rows]`.

    Raises:
        ValueError: If `how` is none of `BINARIZATIONS`.
    """
    if how not in DRAWN:
        return binarize(np.asarray(images[rows]), how)
    # One generator goes through the set from its start: nothing after the last row matters.
    return binarize(images[: rows.max(initial=-1) + 1], how, seed)[rows]


def draw_binary(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw each pixel of a batch, white with probability pixel / 255, as a graph operation.

    Args:
        images: uint8 [B, H, W, C].
        seed: Two integers, of which the draw is a function.

    Returns:
        uint8 [B, H, W, C] of 0 and 255.
    """
    # 16 random bits decide each pixel, two pixels to a word: to within 1/65,536 of pixel / 255.
    count = tf.size(images)
    words = tf.random.stateless_uniform(
        [count // 2 + 1], seed, minval=None, maxval=None, dtype=tf.int32
    )
    levels = tf.reshape(tf.bitcast(words, tf.uint16), [-1])[:count]
    levels = tf.minimum(tf.reshape(levels, tf.shape(images)), 65534)  # 255 is white for certain
    drawn = levels < tf.cast(images, tf.uint16) * 257
    return tf.cast(drawn, tf.uint8) * 255


def check_binarization(how: str) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: If `how` is not one of `BINARIZATIONS`.
    """
    if how not in BINARIZATIONS:
        raise ValueError(f"`binarization` must be one of {BINARIZATIONS}. Received: {how!r}.")
