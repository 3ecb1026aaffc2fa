"""Single models whose numbers the reports state: Zhao 2023, section 3.3; Jiang 2024, section 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import elbo_curve, latent_dim
from .cell import Cell, Training
from .experiment import Experiment
from .latent_dim import CONVOLUTIONAL, DENSE
from .results import Results
from .store import Row
from .verdicts import Verdict, judge, near

if TYPE_CHECKING:
    from PIL.Image import Image

MNIST, FASHION = "mnist", "fashion_mnist"
TITLES = {MNIST: "MNIST", FASHION: "Fashion-MNIST"}
JIANG = Training(
    "mnist",
    {"latent_dim": 2, "epochs": 30, **elbo_curve.AS_REPORTED},
    measures=("losses", "batch", "latents", "manifold"),
)
OVERFIT = 0.05  # by which share the test error of a model may exceed its training error


def cells() -> list[Cell]:
    """Zhao's two networks on both data sets; Jiang's at z = 2."""
    pairs = [(preset, data) for preset in (DENSE, CONVOLUTIONAL) for data in TITLES]
    # MNIST is the presets' own: the same cells as of `latent-dim`.
    zhao = [
        latent_dim.zhao(preset, 2, dataset=None if data == MNIST else data)
        for preset, data in pairs
    ]
    return [*zhao, JIANG]


def figures(results: Results) -> dict[str, Image]:
    """The manifold of each, and Jiang's scatter."""
    from ..latent_space.arithmetic import gaussian_quantiles
    from ..plotting import plane, scatter

    pictures = {}
    for row in results.rows:
        images = results.arrays(row)["manifold"]
        steps = gaussian_quantiles(len(images))
        name = f"manifold-{row['preset']}-{row['dataset']}.png"
        pictures[name] = plane(images, steps, steps, ("z 0", "z 1"))
    (row,) = results.where(preset="mnist")
    arrays = results.arrays(row)
    pictures["latent-jiang.png"] = scatter(
        arrays["z_mean"],
        arrays["labels"],
        [str(digit) for digit in np.unique(arrays["labels"])],
        axes=("z 0", "z 1"),
        title="MNIST's test images, z = 2, one hidden layer of 512",
        caption="z_mean by digit, as Jiang's figure 4. Disks are group means.",
    )
    return pictures


def verdicts(results: Results) -> list[Verdict]:
    """Judge Z1, Z2, Z3, J3 and J4."""
    (jiang,) = results.where(preset="mnist")
    return [
        _terms("Z1", _zhao(results, DENSE, MNIST), (293, 14)),
        _terms("Z2", _zhao(results, DENSE, FASHION), (216, 13.4)),
        _convolutional(results),
        _scatter(results, jiang),
        _overfitting(jiang),
    ]


def _zhao(results: Results, preset: str, data: str) -> Row:
    (row,) = results.where(preset=preset, dataset=data)
    return row


def _terms(claim: str, row: Row, claimed: tuple[float, float]) -> Verdict:
    """The loss and its two terms on the training images."""
    ours = row["train_reconstruction_loss"], row["train_kl_loss"]
    total = near(row["train_loss"], sum(claimed))
    parts = all(near(a, b, 0.1) for a, b in zip(ours, claimed, strict=True))
    measured = f"{row['train_loss']:.1f} = {ours[0]:.1f} + {ours[1]:.1f} on training images, "
    measured += f"{row['test_loss']:.1f} on test images; last epoch {row['epoch_loss']:.1f}"
    why = (
        "As one sum within 3 % and its terms within 10 %; in direction where one of the two holds. "
        "The report does not say how it starts the weights, nor how it adds up the KL divergence: "
        f"without its factor of a half ours would be {2 * ours[1]:.1f}."
    )
    figure = f"manifold-{row['preset']}-{row['dataset']}.png"
    return Verdict(claim, judge(total and parts, total or parts), measured, why, (figure,))


def _convolutional(results: Results) -> Verdict:
    claimed = {MNIST: 322, FASHION: 246}
    rows = {data: _zhao(results, CONVOLUTIONAL, data) for data in claimed}
    whole = all(near(rows[data]["train_loss"], loss) for data, loss in claimed.items())
    dense = {data: _zhao(results, DENSE, data)["train_loss"] for data in claimed}
    worse = all(rows[data]["train_loss"] > dense[data] for data in claimed)
    measured = "; ".join(
        f"{TITLES[data]}: {row['train_loss']:.1f} on training images, {row['test_loss']:.1f} on "
        f"test images (dense: {dense[data]:.1f})"
        for data, row in rows.items()
    )
    why = "In direction: at z = 2 the convolutional network's loss is above the dense one's."
    figures = tuple(f"manifold-{CONVOLUTIONAL}-{data}.png" for data in claimed)
    return Verdict("Z3", judge(whole, worse), measured, why, figures)


def _scatter(results: Results, row: Row) -> Verdict:
    """J3: digits gather in the plane; measured by how often the nearest neighbour is the same."""
    arrays = results.arrays(row)
    share = same_neighbour(arrays["z_mean"], arrays["labels"])
    measured = f"the nearest neighbour of {share:.1%} of the test codes is of the same digit"
    figures = ("latent-jiang.png", f"manifold-mnist-{MNIST}.png")
    return Verdict("J3", judge(share > 0.5, share > 0.2), measured, "By chance 10 %.", figures)


def _overfitting(row: Row) -> Verdict:
    train, test, batch = row["train_mse"], row["test_mse"], row["batch_mse"]
    measured = f"MSE {train:.4f} (training), {test:.4f} (test), {batch:.4f} (one batch of 128)"
    gap = test / train - 1
    return Verdict("J4", judge(gap < OVERFIT, gap < 3 * OVERFIT), measured, f"Gap {gap:+.1%}.")


def same_neighbour(points: np.ndarray, labels: np.ndarray) -> float:
    """Share of points whose nearest other point has the same label.

    Args:
        points: [N, L].
        labels: [N].
    """
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(points).query(points, k=2)
    return float(np.mean(labels[nearest[:, 1]] == labels))


EXPERIMENT = Experiment(
    "single-models",
    ("Z1", "Z2", "Z3", "J3", "J4"),
    "5 models of MNIST and Fashion-MNIST, 15 (Zhao) and 30 epochs (Jiang)",
    cells,
    figures,
    verdicts,
)
