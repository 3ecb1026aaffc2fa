"""How much the latents know: linear probes for attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Probe:
    """How well a linear classifier reads one attribute from the latents of unseen images.

    Attributes:
        name: The attribute.
        auc: Area under the ROC curve.
        accuracy: Share of right answers.
        balanced_accuracy: Mean of the shares among images with and without the attribute.
    """

    name: str
    auc: float
    accuracy: float
    balanced_accuracy: float


def linear_probes(
    train: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    names: Sequence[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Probe]:
    """Fit a logistic regression for each attribute, and measure it on held-out images.

    Astorga et al. 2025, section 5.2.4. Latents are standardised on the training images.

    Args:
        train: z_mean [N, L] and attributes [N, A] (positive where present) to fit on.
        held_out: The same of images to measure on.
        names: A names.
        progress: Called with (done, total) attributes.

    Returns:
        A probe for each attribute that is present in some and absent in some images of both.
    """
    scaler = StandardScaler().fit(train[0])
    fit_z, test_z = (scaler.transform(z) for z in (train[0], held_out[0]))
    probes = []
    for index, name in enumerate(names):
        fit_y, test_y = (labels[:, index] > 0 for labels in (train[1], held_out[1]))
        if _varies(fit_y) and _varies(test_y):
            probes.append(_probe(name, fit_z, fit_y, test_z, test_y))
        if progress:
            progress(index + 1, len(names))
    return probes


def _probe(
    name: str, fit_z: np.ndarray, fit_y: np.ndarray, test_z: np.ndarray, test_y: np.ndarray
) -> Probe:
    # Newton steps through the L×L Hessian: much faster than L-BFGS where images outnumber latents.
    model = LogisticRegression(solver="newton-cholesky", max_iter=100).fit(fit_z, fit_y)
    decided = model.predict(test_z)
    return Probe(
        name,
        auc=float(roc_auc_score(test_y, model.decision_function(test_z))),
        accuracy=float(np.mean(decided == test_y)),
        balanced_accuracy=float(balanced_accuracy_score(test_y, decided)),
    )


def _varies(labels: np.ndarray) -> bool:
    return bool(labels.any() and not labels.all())
