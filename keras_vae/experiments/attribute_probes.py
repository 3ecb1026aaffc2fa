"""Astorga et al. 2025, section 5.2.4: whether the attributes are separable in the latents."""

from __future__ import annotations

from PIL.Image import Image

from ..plotting import dot_plot
from .claims import TRAVERSED
from .results import Results
from .verdicts import Verdict
from .workspace import Arrays, Row

# Separable: a probe's area under the ROC curve is above 0.75 for each attribute; "in direction" if
# it is on average. A traversal works if the probability of the attribute rises with every n.
SEPARABLE = 0.75
NAMED = 4  # attributes of the lowest areas that the verdict names
MODELS = ("celeba-astorga, z = 64", "the shipped celeba, z = 200")
AXES = {
    "area under the ROC curve": "probe_auc",
    "balanced accuracy": "probe_balanced_accuracy",
}


def figures(results: Results) -> dict[str, Image]:
    """Every attribute's probe."""
    arrays = dict(zip(MODELS, map(results.arrays, results.rows), strict=True))
    title = "Linear probes on z_mean: logistic regressions on 10,000 latents"
    panels = {
        axis: {name: _by_attribute(each, column) for name, each in arrays.items()}
        for axis, column in AXES.items()
    }
    return {"attribute-probes.png": dot_plot(panels, title=title)}


def verdicts(results: Results) -> list[Verdict]:
    """A3: attributes are separable, and their directions change them."""
    ours = results.rows[0]
    whole = ours["least_auc"] > SEPARABLE and all(_rises(ours, name) for name in TRAVERSED)
    lines = [
        {**row, "name": name, **_line(row, results.arrays(row))}
        for name, row in zip(MODELS, results.rows, strict=True)
    ]
    return [Verdict.of("A3", whole, ours["mean_auc"] > SEPARABLE, lines)]


def _by_attribute(arrays: Arrays, column: str) -> dict[str, float]:
    return dict(zip(arrays["probe_names"].tolist(), arrays[column].tolist(), strict=True))


def _rises(row: Row, name: str) -> bool:
    return row[f"{name}_least_rise"] > 0


def _line(row: Row, arrays: Arrays) -> dict[str, object]:
    low = sorted((auc, name) for name, auc in _by_attribute(arrays, "probe_auc").items())
    lowest = ", ".join(name for auc, name in low[:NAMED] if auc <= SEPARABLE)
    traversals = ", ".join(
        f"{name} {row[f'{name}_rise']:+.2f}{'' if _rises(row, name) else ', not at each step'}"
        for name in TRAVERSED
    )
    above = sum(auc > SEPARABLE for auc, _ in low)
    counts = {"count": len(low), "above": above, "lowest": lowest or low[0][1]}
    return {**counts, "traversals": traversals}
