"""Jiang 2024, section 5.4: what contributes to attractiveness, as the raters saw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from .cell import Cell, Training
from .experiment import Experiment
from .results import Results
from .store import Row
from .study import Study
from .verdicts import Verdict, judge

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..latent_space.attributes import Contribution

CLAIMED = {  # dot products with Attractive's direction
    "Young": 10.556,
    "Blond_Hair": 2.479,
    "Pale_Skin": 1.858,
    "Smiling": -1.408,
    "Male": -3.765,
    "Eyeglasses": -6.977,
}
RANKED = 0.7  # least rank correlation of the six that confirms the direction
JIANG = Training(
    "celeba-jiang",
    {"epochs": 5},
    limit=30_000,
    measures=("losses", "samples", "contributions"),
)
SHIPPED = Study("celeba", ("contributions",))
NAMES = {"preset": "celeba-jiang", "model": "the shipped celeba"}  # by the column that tells them


def cells() -> list[Cell]:
    """The report's model, and the shipped one, which keeps more of a face."""
    return [JIANG, SHIPPED]


def figures(results: Results) -> dict[str, Image]:
    """Bars of all 39 attributes, for either model."""
    from ..plotting import contribution_chart

    files = ("contributions-jiang.png", "contributions-shipped.png")
    return {
        file: contribution_chart(_table(results, row), f"Attractive: {_name(row)}")
        for file, row in zip(files, results.rows, strict=True)
    }


def verdicts(results: Results) -> list[Verdict]:
    """J5: the six have the report's signs, beyond their intervals; or at least its order."""
    jiang, _ = tables = [
        {entry.name: entry for entry in _table(results, row)} for row in results.rows
    ]
    whole = all(sign_holds(jiang[name], claimed) for name, claimed in CLAIMED.items())
    order = rank_correlation(jiang)
    lines = []
    for row, table in zip(results.rows, tables, strict=True):
        held = sum(sign_holds(table[name], claimed) for name, claimed in CLAIMED.items())
        parts = ", ".join(_line(table[name]) for name in CLAIMED)
        lines.append(
            f"{_name(row)}: {parts} ({held} of 6 signs; rank correlation "
            f"{rank_correlation(table):.2f})"
        )
    why = (
        "Dot product [95 % bootstrap interval] and cosine. Dot products follow the scale of a "
        "model's latent and the lengths of both directions, so their signs and order are compared. "
        "`Attractive` is the raters' taste, and no fact about a person. Jiang's preset was trained "
        "on 30,000 faces for 5 epochs; the report does not state its numbers."
    )
    figures = ("contributions-jiang.png", "contributions-shipped.png")
    return [Verdict("J5", judge(whole, order > RANKED), "; ".join(lines), why, figures)]


def sign_holds(entry: Contribution, claimed: float) -> bool:
    """Whether the whole interval lies on the claimed side of 0."""
    return min(np.sign(claimed) * np.array(entry.dot_interval)) > 0


def rank_correlation(table: dict[str, Contribution]) -> float:
    """Spearman's, of the six dot products with the report's."""
    ours = [table[name].dot for name in CLAIMED]
    return float(stats.spearmanr(ours, list(CLAIMED.values())).statistic)


def _name(row: Row) -> str:
    return next(name for column, name in NAMES.items() if column in row)


def _line(entry: Contribution) -> str:
    low, high = entry.dot_interval
    text = f"{entry.name} {entry.dot:+.3f} [{low:+.3f}, {high:+.3f}] cos {entry.cosine:+.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _table(results: Results, row: Row) -> list[Contribution]:
    """What `attributes.contributions` returned, read again."""
    from ..latent_space.attributes import Contribution

    arrays = results.arrays(row)
    columns = ("name", "dot", "cosine", "dot_interval", "cosine_interval")
    parts = (arrays[f"contribution_{column}"].tolist() for column in columns)
    return [Contribution(*entry) for entry in zip(*parts, strict=True)]


EXPERIMENT = Experiment(
    "attribute-contributions",
    ("J5",),
    "One model of 30,000 faces of 64×64, 5 epochs; the shipped model of faces",
    cells,
    figures,
    verdicts,
)
