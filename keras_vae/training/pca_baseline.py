"""The reconstruction error of principal components: what a network should improve on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import ImageDataset
from ..files.progress import Progress, parts_of
from ..models.principal_components import fit_pca
from ..presets import OUTPUT_RANGES, Preset

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

MOST_NUMBERS = 32_000 * 3_072  # of training images in memory; more change the components little
SHARE = 0.5  # of PCA's error: the network shall explain more
LEAST_VARIANCE = 1e-5  # of a pixel in [0, 1]: a level is 0.004, squared
CHUNK = 1_000  # images that are measured at a time


def pca_errors(
    dataset: ImageDataset,
    latent_dim: int,
    splits: Iterable[str],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Mean squared error of a pixel in [0, 1], reconstructed by scikit-learn's PCA.

    Args:
        dataset: Images; the components are fitted to its training split.
        latent_dim: Number of components; fewer if there are too few images or pixels.
        splits: Splits that are measured; those without images are left out.
        seed: Of the choice of images where the training split is too large for the memory.
        progress: Called with (done, total) images of the splits.

    Returns:
        The error of each split by its name; nothing where a single image trains.
    """
    if dataset.count("train") < 2:
        return {}
    pca, size = _fit(dataset, latent_dim, seed), math.prod(dataset.image_shape)

    def squared_error(rows: np.ndarray) -> float:
        pixels = _pixels(dataset, rows)
        return float(np.square(pixels - pca.inverse_transform(pca.transform(pixels))).sum())

    def mean_error(split: str, progress: Progress | None) -> float:
        rows, total = dataset.indices(split), 0.0
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            total += squared_error(chunk)
            if progress:
                progress(start + len(chunk), len(rows))
        return total / (len(rows) * size)

    splits = list(filter(dataset.count, splits))
    parts = parts_of(progress, list(map(dataset.count, splits)))
    return {split: mean_error(split, part) for split, part in zip(splits, parts, strict=True)}


def adapted(preset: Preset, dataset: ImageDataset, *, seed: int = 0) -> Preset:
    """Return an adaptive preset with half the variance of what PCA leaves unexplained.

    That is measured on the validation split. The variance of the training images would become too
    small: a network explains a few of them almost exactly, but no others (docs/decisions/0018).

    Args:
        preset: Any; it is unchanged if it is not adaptive.
        dataset: Images. Without a validation split the variance is unchanged.
        seed: See `pca_errors`.
    """
    if not preset.adaptive:
        return preset
    preset = replace(preset, adaptive=False)
    error = pca_errors(dataset, preset.latent_dim, ["validation"], seed=seed).get("validation")
    if error is None or preset.objective.likelihood.kind != "gaussian":
        return preset
    low, high = OUTPUT_RANGES[preset.output]
    variance = max(SHARE * error, LEAST_VARIANCE) * (high - low) ** 2
    return preset.override(variance=variance)


@lru_cache(maxsize=1)  # needed before and after a training
def _fit(dataset: ImageDataset, latent_dim: int, seed: int) -> PCA:
    size = math.prod(dataset.image_shape)
    rows = dataset.choose("train", max(2, MOST_NUMBERS // size), seed)
    return fit_pca(_pixels(dataset, rows), min(latent_dim, len(rows) - 1, size))


def _pixels(dataset: ImageDataset, rows: np.ndarray) -> np.ndarray:
    """Images as float32 vectors in [0, 1], [N, D]."""
    return dataset.images[rows].reshape(len(rows), -1).astype(np.float32) / 255.0
