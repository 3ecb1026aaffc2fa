"""Sample quality: FID and KID between the features of generated and of real images. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .means import mean_and_error

if TYPE_CHECKING:
    from .extractors import Extractor

LARGEST_SUBSET = 1000  # images, as in Bińkowski et al. 2018
FEWEST_SUBSETS = 10  # for the standard error
FEWEST_IMAGES = 2 * FEWEST_SUBSETS


@dataclass(frozen=True)
class SampleQuality:
    """Two distances of generated images from real ones; 0 for equal distributions.

    Distances by different extractors, or from different counts of images (FID falls as they grow),
    may not be compared.

    Attributes:
        fid: Fréchet distance.
        kid: Squared maximum mean discrepancy; unbiased, so it may fall below 0.
        kid_error: Standard error of `kid`.
        count: Generated images.
        real_count: Real images.
        extractor: Name of the feature extractor.
        preprocessing: Its preprocessing of the images.
        features: Number of features of an image.
        near_chance: Whether the extractor is a classifier that predicts little more than chance.

    Example:
        >>> result.samples["Gaussian mixture"].fid
    """

    fid: float
    kid: float
    kid_error: float
    count: int
    real_count: int
    extractor: str
    preprocessing: str
    features: int = 0
    near_chance: bool = False

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the Fréchet distance means little, if it does.

        The covariance of fewer images than features is singular, and the distance is dominated by
        its bias.
        """
        fewest = min(self.count, self.real_count)
        doubts = []
        if fewest < self.features:
            doubts.append(f"fewer images than features: {fewest:,} < {self.features:,}")
        if self.near_chance:
            doubts.append("the extractor predicts little more than chance")
        return tuple(doubts)


def compare_features(features: np.ndarray, real: np.ndarray, extractor: Extractor) -> SampleQuality:
    """Measure FID and KID from features.

    Args:
        features: Features of generated images, [N, F].
        real: Features of real images, [M, F].
        extractor: The feature extractor.

    Raises:
        ValueError: If there are too few images for `kid`.
    """
    return SampleQuality(
        fid(features, real),
        *kid(features, real),
        count=len(features),
        real_count=len(real),
        extractor=extractor.name,
        preprocessing=str(extractor.preprocessing),
        features=features.shape[1],
        near_chance=extractor.near_chance,
    )


def fid(features: np.ndarray, real: np.ndarray) -> float:
    """Fréchet distance of the Gaussians with the moments of two sets of features.

    Heusel et al. 2017. It is biased upwards, the more the fewer images there are.

    Args:
        features: Features of generated images, [N, F].
        real: Features of real images, [M, F].

    Example:
        >>> features = np.random.default_rng(0).normal(size=(100, 4))
        >>> round(fid(features + 1.0, features), 6)  # four means differ by 1
        4.0
    """
    moments = [
        (values.mean(axis=0), np.cov(values, rowvar=False).reshape(values.shape[1], -1))
        for values in (features.astype(np.float64), real.astype(np.float64))
    ]
    return frechet_distance(*moments[0], *moments[1])


def frechet_distance(
    mean_1: np.ndarray, cov_1: np.ndarray, mean_2: np.ndarray, cov_2: np.ndarray
) -> float:
    """Squared Fréchet distance of two Gaussians: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½).

    Σ₁ Σ₂ has the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½, whose square roots need no general
    matrix square root: none can come out complex, and singular covariances are as good as others.

    Args:
        mean_1: [F].
        cov_1: [F, F].
        mean_2: [F].
        cov_2: [F, F].
    """
    values, vectors = np.linalg.eigh(cov_1)
    root = (vectors * np.sqrt(values.clip(0.0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ cov_2 @ root).clip(0.0)).sum()
    shift = np.square(mean_1 - mean_2).sum()
    return float(max(shift + np.trace(cov_1) + np.trace(cov_2) - 2.0 * shared, 0.0))


def kid(features: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """Kernel distance: the mean of `polynomial_mmd` over subsets, and its standard error.

    Bińkowski et al. 2018. The subsets have at most 1,000 images each and share none, so they are
    independent: at least ten, and as many as the smaller set yields.

    Args:
        features: Features of generated images, [N, F].
        real: Features of real images, [M, F].

    Raises:
        ValueError: If there are fewer than 20 images of either kind.

    Example:
        >>> features = np.random.default_rng(0).normal(size=(2, 200, 4))
        >>> distance, error = kid(*features)
        >>> abs(distance) < 3 * error  # samples of one distribution
        True
    """
    fewest = min(len(features), len(real))
    if fewest < FEWEST_IMAGES:
        raise ValueError(
            f"KID needs at least {FEWEST_IMAGES} images of either kind. Received: "
            f"{len(features)} generated and {len(real)} real ones."
        )
    size = min(LARGEST_SUBSET, fewest // FEWEST_SUBSETS)
    rng = np.random.default_rng(0)
    subsets = [
        each[rng.permutation(len(each))[: fewest // size * size]].reshape(-1, size, each.shape[1])
        for each in (features, real)
    ]
    return mean_and_error(np.array([polynomial_mmd(*pair) for pair in zip(*subsets, strict=True)]))


def polynomial_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy under the cubic kernel (x·y / F + 1)³.

    Gretton et al. 2012, eq. 3, for as many x as y.

    Args:
        x: Features, [N, F].
        y: Features, [N, F].
    """
    from sklearn.metrics.pairwise import polynomial_kernel  # by default this kernel

    x, y = x.astype(np.float64), y.astype(np.float64)

    def mean_of_others(values: np.ndarray) -> float:  # an image is not compared with itself
        matrix, count = polynomial_kernel(values), len(values)
        return (matrix.sum() - np.trace(matrix)) / (count * (count - 1))

    within = mean_of_others(x) + mean_of_others(y)
    return float(within - 2.0 * polynomial_kernel(x, y).mean())
