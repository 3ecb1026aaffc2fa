"""Perriu and Amadi, figures 5 to 14: interpolation between faces, and a larger KL weight."""

from __future__ import annotations

import numpy as np
from PIL.Image import Image

from ..plotting import strip
from .figures import CELL, labelled
from .kl_weight_faces import BEST, LABEL
from .results import Results
from .verdicts import Verdict
from .workspace import Row

# Interpolation is smooth where the largest of nine steps is less than 1.5 mean steps, on average
# over 200 pairs, and 2 for 95 % of them; "in direction" where it is less than 2 on average.
SMOOTH, SMOOTH_95 = 1.5, 2.0
STRONGER = 1e-4  # ten times the report's best λ
GROUPS = ("Pale_Skin", "not Pale_Skin", "Male", "not Male")


def figures(results: Results) -> dict[str, Image]:
    """The interpolation between two generated faces, for each setting."""
    rows = results.where(seed=0)
    paths = [results.arrays(row)["interpolations"][0] for row in rows]
    labels = [f"t = {t:.2f}" for t in np.linspace(0, 1, len(paths[0]))]
    title = "celeba-perriu: interpolation between two samples from the prior"
    names = [labelled(LABEL, row) for row in rows]
    return {"interpolation.png": strip(paths, labels, names, title, CELL)}


def verdicts(results: Results) -> list[Verdict]:
    """Judge P3 and P4."""
    usual, pulled = results.row(**BEST), results.row(**{**BEST, "beta": STRONGER})
    return [_smooth_everywhere(results.where(seed=0)), _larger_weight(usual, pulled)]


def _is_smooth(row: Row) -> bool:
    return row["step_ratio"] < SMOOTH and row["step_ratio_95"] < SMOOTH_95


def _smooth_everywhere(rows: list[Row]) -> Verdict:
    direction = all(row["step_ratio"] < SMOOTH_95 for row in rows)
    lines = [{"name": labelled(LABEL, row), **row} for row in rows]
    return Verdict.of("P3", all(map(_is_smooth, rows)), direction, lines)


def _larger_weight(usual: Row, pulled: Row) -> Verdict:
    """P4: errors grow more for pale faces and for women, and interpolation stays smooth."""
    lines = []
    for name in GROUPS:
        before, after = (row[f"mse_{name.replace(' ', '_')}"] for row in (usual, pulled))
        lines.append(
            {"name": name, "before": before, "after": after, "growth": after / before - 1.0}
        )
    pale, others, men, women = (line["growth"] for line in lines)
    both, either = pale > others and women > men, pale > others or women > men
    smooth = _is_smooth(pulled)
    ratios = {"before": usual["step_ratio"], "after": pulled["step_ratio"]}
    return Verdict.of("P4", both and smooth, either and smooth, lines, **ratios)
