"""Jiang 2024, section 5.4: what contributes to attractiveness, as the raters saw it."""

from __future__ import annotations

import numpy as np
from PIL.Image import Image
from scipy import stats

from ..latent_space.attributes import Contribution
from ..plotting import contribution_chart
from .results import Results
from .verdicts import Verdict
from .workspace import Row

CLAIMED = {  # dot products with Attractive's direction
    "Young": 10.556,
    "Blond_Hair": 2.479,
    "Pale_Skin": 1.858,
    "Smiling": -1.408,
    "Male": -3.765,
    "Eyeglasses": -6.977,
}
RANKED = 0.7  # least rank correlation of the six that confirms the direction
COLUMNS = ("name", "dot", "cosine", "dot_interval", "cosine_interval")
MODELS = {  # file → name of the model
    "contributions-jiang.png": "celeba-jiang",
    "contributions-shipped.png": "the shipped celeba",
}


def figures(results: Results) -> dict[str, Image]:
    """Bars of all 39 attributes, for both models."""
    return {
        file: contribution_chart(_table(results, row), f"Attractive: {name}")
        for (file, name), row in zip(MODELS.items(), results.rows, strict=True)
    }


def verdicts(results: Results) -> list[Verdict]:
    """J5: the six have the report's signs, beyond their intervals; or at least its order."""
    tables = [{entry.name: entry for entry in _table(results, row)} for row in results.rows]
    lines = [
        {
            "name": name,
            "products": ", ".join(_product(table[attribute]) for attribute in CLAIMED),
            "held": signs_held(table),
            "correlation": rank_correlation(table),
        }
        for name, table in zip(MODELS.values(), tables, strict=True)
    ]
    jiang = lines[0]
    whole, direction = jiang["held"] == len(CLAIMED), jiang["correlation"] > RANKED
    return [Verdict.of("J5", whole, direction, lines)]


def signs_held(table: dict[str, Contribution]) -> int:
    """Of how many attributes the whole interval has the claimed sign."""
    return sum(
        min(np.sign(claimed) * np.array(table[name].dot_interval)) > 0
        for name, claimed in CLAIMED.items()
    )


def rank_correlation(table: dict[str, Contribution]) -> float:
    """Spearman's, of the six dot products with the report's."""
    ours = [table[name].dot for name in CLAIMED]
    return float(stats.spearmanr(ours, list(CLAIMED.values())).statistic)


def _product(entry: Contribution) -> str:
    low, high = entry.dot_interval
    text = f"{entry.name} {entry.dot:+.3f} [{low:+.3f}, {high:+.3f}] cos {entry.cosine:+.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _table(results: Results, row: Row) -> list[Contribution]:
    """The contributions that were measured."""
    arrays = results.arrays(row)
    columns = (arrays[f"contribution_{column}"].tolist() for column in COLUMNS)
    return [Contribution(*entry) for entry in zip(*columns, strict=True)]
