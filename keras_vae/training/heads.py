"""The linear heads of a training that starts from a trained model."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

from ..files.progress import Progress
from ..models.vae import VAE

RIDGE = 10.0  # added to the squares of each latent, of some thousand images


def fit_heads(
    vae: VAE, batches: Iterable[Any], count: int, progress: Progress | None = None
) -> None:
    """Fit the heads of the loss's terms on z_mean by least squares.

    They are not exported, and a new one would teach the encoder of a trained model nothing but its
    initialization for an epoch (docs/decisions/0015).

    Args:
        vae: A model with the weights of a trained one.
        batches: Of training images, with labels if it is conditional, all of one size.
        count: Of the batches, how many are looked at.
        progress: Called with (done, total) images.
    """
    terms = [term for term in vae.terms if term.head is not None]
    if not terms:
        return
    latents: list[np.ndarray] = []
    targets: list[list[np.ndarray]] = []
    for done, batch in enumerate(islice(batches, count), start=1):
        images, *labels = tf.nest.flatten(batch)
        latents.append(tf.cast(vae.encode(images, *labels).mode(), tf.float64).numpy())
        pixels = tf.cast(images, tf.float32)
        targets.append([term.head_targets(pixels).numpy() for term in terms])
        if progress:
            progress(done * len(images), count * len(images))
    z = np.concatenate(latents)
    for term, parts in zip(terms, zip(*targets, strict=True), strict=True):
        kernel, bias = _ridge(z, np.concatenate(parts))
        term.head.kernel.assign(kernel)
        term.head.bias.assign(bias)


def _ridge(z: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights [L, T] and bias [T] of the least squares; the bias is not drawn to 0."""
    mean, rest = z.mean(axis=0), z - z.mean(axis=0)
    squares = rest.T @ rest + RIDGE * np.eye(z.shape[1])
    weights = np.linalg.solve(squares, rest.T @ (targets - targets.mean(axis=0)))
    return weights, targets.mean(axis=0) - mean @ weights
