"""Perriu and Amadi, figures 5 to 14: the way from face to face, and a stronger pull to 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import kl_weight_faces
from .experiment import Experiment
from .kl_weight_faces import BEST_LATENT, BEST_WEIGHT, BY_LATENT, BY_WEIGHT, name_of
from .results import Results
from .verdicts import Verdict, judge

if TYPE_CHECKING:
    from PIL.Image import Image

# Interpolation is smooth where the largest of nine steps is less than 1.5 mean ones, on average
# over 200 pairs, and 2 for 95 % of them; "in direction" where it is less than 2 on average.
SMOOTH, SMOOTH_95 = 1.5, 2.0
STRONGER = 1e-4  # ten times the report's best λ
SETTINGS = tuple(dict.fromkeys(BY_WEIGHT + BY_LATENT))
FEW = ("Pale_Skin", "not Pale_Skin", "Male", "not Male")


def figures(results: Results) -> dict[str, Image]:
    """The way between two drawn faces, for each setting."""
    from ..plotting import strip

    rows = [_row(results, *setting) for setting in SETTINGS]
    paths = [results.arrays(row)["interpolations"][0] for row in rows]
    labels = [f"t = {t:.2f}" for t in np.linspace(0, 1, len(paths[0]))]
    names = [name_of(setting) for setting in SETTINGS]
    title = "celeba-perriu: the way between two draws from the prior"
    return {"interpolation.png": strip(paths, labels, names, title, cell=96)}


def verdicts(results: Results) -> list[Verdict]:
    """Judge P3 and P4."""
    return [_smooth_everywhere(results), _stronger_pull(results)]


def _row(results: Results, beta: float, latent_dim: int) -> dict:
    return results.where(beta=beta, latent_dim=latent_dim, seed=0)[0]


def _is_smooth(row: dict) -> bool:
    return row["step_ratio"] < SMOOTH and row["step_ratio_95"] < SMOOTH_95


def _smooth_everywhere(results: Results) -> Verdict:
    rows = {setting: _row(results, *setting) for setting in SETTINGS}
    whole = all(map(_is_smooth, rows.values()))
    direction = all(row["step_ratio"] < SMOOTH_95 for row in rows.values())
    lines = [
        f"{name_of(setting)}: {row['step_ratio']:.2f} (95 % below {row['step_ratio_95']:.2f})"
        for setting, row in rows.items()
    ]
    measured = "largest step between neighbours over the mean step: " + "; ".join(lines)
    why = (
        "Ten images between each of 200 pairs of held-out photos; steps are root mean squares of "
        "pixels, and even steps would give 1. The figure shows drawn faces, since no photo of the "
        "data set may be shown."
    )
    return Verdict("P3", judge(whole, direction), measured, why, ("interpolation.png",))


def _stronger_pull(results: Results) -> Verdict:
    """P4: errors grow more for pale faces and for women, and interpolation stays smooth."""
    usual, pulled = (_row(results, weight, BEST_LATENT) for weight in (BEST_WEIGHT, STRONGER))
    growth = {name: _error(pulled, name) / _error(usual, name) - 1.0 for name in FEW}
    pale = growth["Pale_Skin"] > growth["not Pale_Skin"]
    women = growth["not Male"] > growth["Male"]
    smooth = _is_smooth(pulled)
    lines = [
        f"{name} {_error(usual, name):.4f} to {_error(pulled, name):.4f} ({share:+.0%})"
        for name, share in growth.items()
    ]
    measured = (
        f"from λ = 1e-5 to 1e-4 the MSE grows for {', '.join(lines)}; largest step over the mean "
        f"{usual['step_ratio']:.2f} to {pulled['step_ratio']:.2f}"
    )
    why = (
        "The report adds 1 to the KL divergence; a constant has no gradient, so it is read as a "
        "larger weight. It sees deformed faces where skin is very light, women's above all."
    )
    verdict = judge(pale and women and smooth, smooth and (pale or women))
    return Verdict("P4", verdict, measured, why, ("interpolation.png",))


def _error(row: dict, name: str) -> float:
    return row[f"mse_{name.replace(' ', '_')}"]


EXPERIMENT = Experiment(
    "interpolation",
    ("P3", "P4"),
    "The 6 models of `kl-weight-faces`",
    kl_weight_faces.cells,
    figures,
    verdicts,
)
