"""How much products of directions would vary from one sample of images to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .comparison import cosines

RESAMPLES = 200


def multipliers(images: int, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Draw how often each image is in each resample, minus the once that it is in the sample.

    An estimate's replicates are the estimate + multipliers @ the images' influence on it: one
    matrix product in place of as many fits as there are resamples. That is a bootstrap to first
    order; the images are drawn within the cells that their attributes make.

    Returns:
        Poisson(1) − 1, float32 [S, N].
    """
    draws = np.random.default_rng(seed).poisson(1.0, (resamples, images))
    return draws.astype(np.float32) - 1


@dataclass(frozen=True)
class StandardErrors:
    """Bootstrap standard errors of the products of A directions with one another.

    A 95 % interval is the product ± 1.96 of them (Efron and Tibshirani 1993, chapter 12). Quantiles
    of the replicates would be too low for cosines: every replicate adds noise to both directions,
    which turns them away from each other.

    Attributes:
        dot: Of the dot products, float32 [A, A].
        cosine: Of the cosines, float32 [A, A].
    """

    dot: np.ndarray
    cosine: np.ndarray

    @classmethod
    def of(cls, replicates: np.ndarray) -> StandardErrors:
        """Measure them.

        Args:
            replicates: Directions in each resample, [S, A, L]; the same resamples for all A.
        """
        dots = replicates @ replicates.swapaxes(1, 2)  # [S, A, A]
        spreads = (products.std(axis=0, ddof=1) for products in (dots, cosines(replicates)))
        return cls(*(spread.astype(np.float32) for spread in spreads))
