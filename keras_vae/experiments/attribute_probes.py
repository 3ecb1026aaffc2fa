"""Astorga et al. 2025, section 5.2.4: whether attributes can be read from the latents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import latent_dim_faces
from .cell import Cell
from .conventions import STRENGTHS, TRAVERSED
from .experiment import Experiment
from .results import Results
from .store import Row
from .study import Study
from .verdicts import Verdict, judge

if TYPE_CHECKING:
    from PIL.Image import Image

# Separable: a probe's area under the ROC curve is above 0.75 for each attribute; "in direction" if
# it is on average. A traversal works if the judged probability rises with every n.
SEPARABLE = 0.75
NAMED = 4  # attributes that are read worst
LATENT = 64
NAMES = {"preset": f"celeba-astorga, z = {LATENT}", "model": "the shipped celeba, z = 200"}
AXES = {
    "area under the ROC curve": "probe_auc",
    "balanced accuracy": "probe_balanced_accuracy",
}


def cells() -> list[Cell]:
    """The report's model of z = 64, one of `latent-dim-faces`; and the shipped one."""
    return [latent_dim_faces.cell(LATENT), Study("celeba", ("probes", "traversals"))]


def figures(results: Results) -> dict[str, Image]:
    """Every attribute's probe; the two traversals of the report's figure 5."""
    from ..plotting import dot_plot, number_label, strip

    arrays = {_name(row): results.arrays(row) for row in results.rows}
    title = "Attributes read from z_mean by logistic regressions on 10,000 latents"
    panels = {
        axis: {name: _by_attribute(each, column) for name, each in arrays.items()}
        for axis, column in AXES.items()
    }
    pictures = {"attribute-probes.png": dot_plot(panels, title=title)}
    first = next(iter(arrays.values()))
    for name in TRAVERSED:
        labels = [
            f"n = {number_label(n)}\n{score:.0%}"
            for n, score in zip(STRENGTHS, first[f"scores_{name}"], strict=True)
        ]
        title = f"{NAMES['preset']}: drawn faces along {name}; below n the judged mean of 200"
        pictures[_file(name)] = strip(first[f"walk_{name}"], labels, None, title, cell=96)
    return pictures


def verdicts(results: Results) -> list[Verdict]:
    """A3: attributes are separable, and directions change what they are named after."""
    ours = results.rows[0]
    whole = ours["least_auc"] > SEPARABLE and all(_rises(ours, name) for name in TRAVERSED)
    direction = ours["mean_auc"] > SEPARABLE
    measured = "; ".join(_line(row, results.arrays(row)) for row in results.rows)
    why = (
        "The report gives no numbers. Accuracy alone says little where few faces have an "
        "attribute, so it is balanced. The probability is that of a classifier of the 40 "
        "attributes, trained on the same photos, at the mean of 200 drawn faces."
    )
    figures = ("attribute-probes.png", *map(_file, TRAVERSED))
    return [Verdict("A3", judge(whole, direction), measured, why, figures)]


def _file(name: str) -> str:
    return f"traversal-{name.lower()}.png"


def _name(row: Row) -> str:
    return next(name for column, name in NAMES.items() if column in row)


def _by_attribute(arrays: dict, column: str) -> dict[str, float]:
    return dict(zip(arrays["probe_names"].tolist(), arrays[column].tolist(), strict=True))


def _rises(row: Row, name: str) -> bool:
    return row[f"{name}_least_rise"] > 0


def _line(row: Row, arrays: dict) -> str:
    low = sorted((auc, name) for name, auc in _by_attribute(arrays, "probe_auc").items())
    lowest = ", ".join(name for auc, name in low[:NAMED] if auc <= SEPARABLE)
    above = sum(auc > SEPARABLE for auc, _ in low)
    traversals = ", ".join(
        f"{name} {row[f'{name}_rise']:+.2f}{'' if _rises(row, name) else ', not at each step'}"
        for name in TRAVERSED
    )
    return (
        f"{_name(row)}: AUC {row['mean_auc']:.3f} on average over {len(low)} attributes, above "
        f"{SEPARABLE} for {above}, from {row['least_auc']:.3f} up for {lowest or low[0][1]}; "
        f"balanced accuracy {row['mean_balanced_accuracy']:.3f}; "
        f"judged probability from n = −3 to 3: {traversals}"
    )


EXPERIMENT = Experiment(
    "attribute-probes",
    ("A3",),
    "The model of `latent-dim-faces` with z = 64; the shipped model of faces",
    cells,
    figures,
    verdicts,
)
