"""Ways to fit the direction of one attribute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..probes import score
from .cells import Cells

RESAMPLES = 200


@dataclass(frozen=True)
class Fit:
    """The direction of one attribute, and its bootstrap replicates.

    Attributes:
        direction: Δ, [L].
        threshold: An image counts as having the attribute where z·Δ lies above this.
        replicates: Δ as other samples of images would have given it, [S, L].
    """

    direction: np.ndarray
    threshold: float
    replicates: np.ndarray

    def scores(self, z: np.ndarray, present: np.ndarray) -> tuple[float, float, float]:
        """Measure how z·Δ separates images with the attribute from those without.

        Args:
            z: Latents of held-out images, [N, L].
            present: Whether an image has the attribute, bool [N].

        Returns:
            Area under the ROC curve, accuracy and balanced accuracy; NaN if all are alike.
        """
        if present.all() or not present.any():
            return (np.nan,) * 3
        projection = z @ self.direction
        return score(present, projection, projection > self.threshold)


def bootstrap_multipliers(images: int, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Sample how often each image is in each resample, minus the once that it is in the sample.

    An estimate's replicates are the estimate + multipliers @ the images' influence on it: one
    matrix product in place of as many fits as there are resamples. That is a bootstrap to first
    order; the images are resampled within the cells that their attributes make.

    Returns:
        Poisson(1) − 1, float32 [S, N].
    """
    counts = np.random.default_rng(seed).poisson(1.0, (resamples, images))
    return counts.astype(np.float32) - 1


def fit_mean(z: np.ndarray, cells: Cells, multipliers: np.ndarray) -> Fit:
    """Compute Δ = mean z with the attribute − mean z without.

    The "smile vector" of Foster 2023 (chapter 3, Latent Space Arithmetic), Jiang 2024 (section 5)
    and the Wolfram note. The threshold is midway between the two means.

    Args:
        z: Latents, float [N, L].
        cells: The images' cells, none of them empty.
        multipliers: See `bootstrap_multipliers`, [S, N].
    """
    without, having = cells.means(z).mean(axis=0)
    delta = having - without
    sizes = np.where(cells.present, 1, -1) * cells.strata * cells.counts.reshape(-1)[cells.index]
    influence = cells.deviations(z) / sizes[:, None].astype(z.dtype)
    return Fit(delta, delta @ (having + without) / 2, delta + multipliers @ influence)


def fit_logistic(z: np.ndarray, cells: Cells, multipliers: np.ndarray) -> Fit:
    """Take the normal of a logistic regression's hyperplane (Astorga et al. 2025, section 5).

    The regression is that of scikit-learn's defaults (ridge penalty, C = 1) on standardized
    latents; divided by the standard deviations, its coefficients are the normal in the space of z.
    Δ is the normal at the length of the mean difference, so that morphs by either go equally far.
    (The distance of the groups' means along the normal would be several times smaller: the normal
    points where the groups differ much for their standard deviation, not where they differ most.)

    Args:
        z: See `fit_mean`.
        cells: See `fit_mean`; they give the weights of the images.
        multipliers: See `fit_mean`. Replicates take one Newton step from the coefficients (the
            score bootstrap of Kline and Santos 2012).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(z)
    x = scaler.transform(z)
    # Newton steps through the L×L Hessian: much faster than L-BFGS where images outnumber latents.
    model = LogisticRegression(solver="newton-cholesky")
    model.fit(x, cells.present, sample_weight=cells.weights)
    normal = model.coef_[0] / scaler.scale_
    normals = normal + _newton_steps(model, x, cells, multipliers) / scaler.scale_
    mean = fit_mean(z, cells, multipliers)
    factor = np.linalg.norm(mean.direction) / np.linalg.norm(normal)
    threshold = factor * (normal @ scaler.mean_ - model.intercept_[0])
    lengths, norms = (
        np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (mean.replicates, normals)
    )
    return Fit(factor * normal, threshold, normals * lengths / norms)


METHODS: dict[str, Callable[[np.ndarray, Cells, np.ndarray], Fit]] = {
    "mean": fit_mean,
    "logistic": fit_logistic,
}


def check_latents(z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check that two arrays belong together.

    Returns:
        z, and whether labels are positive.

    Raises:
        ValueError: If they are not [N, L] and [N, A].
    """
    z, present = np.asarray(z), np.asarray(labels) > 0
    if z.ndim != 2 or present.ndim != 2 or len(z) != len(present):
        raise ValueError(
            "`z` and `labels` must be [N, L] and [N, A]. "
            f"Received: {list(z.shape)} and {list(present.shape)}."
        )
    return z, present


def _newton_steps(
    model: object, x: np.ndarray, cells: Cells, multipliers: np.ndarray
) -> np.ndarray:
    """How far coefficients move in each resample, to first order: [S, L]."""
    probability = model.predict_proba(x)[:, 1]
    x = np.column_stack([x, np.ones(len(x), x.dtype)])  # the last coefficient is the intercept
    slopes = cells.weights * (cells.present - probability)
    scores = cells.deviations(x * slopes[:, None].astype(x.dtype))
    curvature = cells.weights * probability * (1 - probability)
    hessian = (x * curvature[:, None].astype(x.dtype)).T @ x
    ridge = np.diag([1.0] * (x.shape[1] - 1) + [0.0])
    return np.linalg.solve(hessian + ridge, (multipliers @ scores).T).T[:, :-1]
