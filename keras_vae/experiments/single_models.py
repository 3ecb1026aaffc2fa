"""Single models whose numbers the reports state: Zhao 2023, section 3.3; Jiang 2024, section 3."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .latent_dim import CLAIMED as NETWORKS
from .results import Results
from .verdicts import Verdict, near
from .workspace import Arrays, Row

MNIST, FASHION = "mnist", "fashion_mnist"
TITLES = {MNIST: "MNIST", FASHION: "Fashion-MNIST"}
CLAIMED = {MNIST: 322, FASHION: 246}  # losses of the convolutional network
OVERFIT = 0.05  # relative difference of test and training error that counts as overfitting


def verdicts(results: Results) -> list[Verdict]:
    """Judge Z1, Z2, Z3, J3 and J4."""
    dense, convolutional = (
        {data: results.row(preset=preset, dataset=data) for data in TITLES} for preset in NETWORKS
    )
    jiang = results.row(preset="mnist")
    return [
        _terms("Z1", dense[MNIST], (293, 14)),
        _terms("Z2", dense[FASHION], (216, 13.4)),
        _convolutional(dense, convolutional),
        _neighbours(results.arrays(jiang)),
        _overfitting(jiang),
    ]


def _terms(claim: str, row: Row, claimed: tuple[float, float]) -> Verdict:
    """Z1, Z2: the loss and its two terms on the training images."""
    terms = row["train_reconstruction_loss"], row["train_kl_loss"]
    total = near(row["train_loss"], sum(claimed))
    parts = all(near(a, b, 0.1) for a, b in zip(terms, claimed, strict=True))
    return Verdict.of(claim, total and parts, total or parts, double_kl=2 * terms[1], **row)


def _convolutional(dense: dict[str, Row], convolutional: dict[str, Row]) -> Verdict:
    """Z3: the convolutional network's losses."""
    losses = {data: row["train_loss"] for data, row in convolutional.items()}
    whole = all(near(losses[data], loss) for data, loss in CLAIMED.items())
    direction = all(losses[data] > dense[data]["train_loss"] for data in CLAIMED)
    lines = [
        {**row, "title": TITLES[data], "dense": dense[data]["train_loss"]}
        for data, row in convolutional.items()
    ]
    return Verdict.of("Z3", whole, direction, lines)


def _neighbours(arrays: Arrays) -> Verdict:
    """J3: digits gather in the plane: the nearest neighbour is often the same digit."""
    share = same_neighbour(arrays["z_mean"], arrays["labels"])
    return Verdict.of("J3", share > 0.5, share > 0.2, share=share)


def _overfitting(row: Row) -> Verdict:
    """J4: the test error is close to the training error."""
    gap = row["test_mse"] / row["train_mse"] - 1
    return Verdict.of("J4", gap < OVERFIT, gap < 3 * OVERFIT, gap=gap, **row)


def same_neighbour(points: np.ndarray, labels: np.ndarray) -> float:
    """Share of points whose nearest other point has the same label.

    Args:
        points: [N, L].
        labels: [N].
    """
    _, nearest = cKDTree(points).query(points, k=2)
    return float(np.mean(labels[nearest[:, 1]] == labels))
