"""Linear probes: how well an attribute can be predicted from z_mean by a linear classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..files.progress import Progress


@dataclass(frozen=True)
class Probe:
    """How well a linear classifier predicts one attribute of unseen images from their latents.

    Attributes:
        name: The attribute.
        auc: Area under the ROC curve.
        accuracy: Share of correct predictions.
        balanced_accuracy: Mean of the accuracies for images with and without the attribute.
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
    progress: Progress | None = None,
) -> list[Probe]:
    """Fit a logistic regression for each attribute, and measure it on held-out images.

    Astorga et al. 2025, section 5.2.4. Latents are standardized on the training images.

    Args:
        train: z_mean [N, L] and attributes [N, A] (positive where present) to fit on.
        held_out: The same of images to measure on.
        names: A names.
        progress: Called with (done, total) attributes.

    Returns:
        A probe for each attribute that is present in some and absent in some images of both.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train[0])
    fit_z, test_z = (scaler.transform(z) for z in (train[0], held_out[0]))
    probes = []
    for index, name in enumerate(names):
        fit_y, test_y = (labels[:, index] > 0 for labels in (train[1], held_out[1]))
        if all(0 < present.mean() < 1 for present in (fit_y, test_y)):
            # Newton steps through the L×L Hessian: much faster than L-BFGS on many images.
            model = LogisticRegression(solver="newton-cholesky").fit(fit_z, fit_y)
            scores = score(test_y, model.decision_function(test_z), model.predict(test_z))
            probes.append(Probe(name, *scores))
        if progress:
            progress(index + 1, len(names))
    return probes


def score(
    present: np.ndarray, projection: np.ndarray, decided: np.ndarray
) -> tuple[float, float, float]:
    """Measure how a number, and a decision by it, agree with the presence of an attribute.

    Args:
        present: Whether an image has the attribute, bool [N], not all alike.
        projection: Large where the attribute is likely, [N].
        decided: The decision, bool [N].

    Returns:
        Area under the ROC curve, accuracy and balanced accuracy.
    """
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    return (
        float(roc_auc_score(present, projection)),
        float(np.mean(decided == present)),
        float(balanced_accuracy_score(present, decided)),
    )
