"""Charts of attribute directions: bars of contributions, the matrix of cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..latent_space.attributes import Contribution
from .figures import picture_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES = {"dot": "dot product", "cosine": "cosine"}
POSITIVE, NEGATIVE = "#3e7cb2", "#b2543e"
ROW = 0.22  # inches that a name takes


def contribution_chart(table: Sequence[Contribution], to: str) -> Image.Image:
    """Draw contributions to an attribute as bars: dot products, and cosines beside them.

    Args:
        table: What `attributes.contributions` returned; intervals are drawn where it has them.
        to: The attribute.

    Returns:
        The picture.
    """
    from matplotlib.figure import Figure

    known = bool(table) and table[0].dot_interval is not None
    figure = Figure(figsize=(9, 1.5 + ROW * len(table)), dpi=150, layout="constrained")
    figure.suptitle(f"Contributions to {to}")
    panels = zip(figure.subplots(1, 2, sharey=True), MEASURES.items(), strict=True)
    for axes, (measure, label) in panels:
        _draw_bars(axes, list(reversed(table)), measure, known)
        axes.set_xlabel(label)
    if known:
        figure.supxlabel("Lines are 95 % bootstrap intervals.", fontsize=9)
    return picture_of(figure)


def _draw_bars(axes: Axes, table: Sequence[Contribution], measure: str, intervals: bool) -> None:
    names = [entry.name for entry in table]
    values = [getattr(entry, measure) for entry in table]
    axes.barh(names, values, color=[NEGATIVE if value < 0 else POSITIVE for value in values])
    if intervals:
        lows, highs = zip(*(getattr(entry, f"{measure}_interval") for entry in table), strict=True)
        axes.hlines(names, lows, highs, color="black", linewidth=1.5)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.margins(y=0.01)
    axes.locator_params(axis="x", nbins=6)  # more numbers would touch
    axes.spines[["top", "right"]].set_visible(False)


def similarity_chart(cosines: np.ndarray, names: Sequence[str], title: str) -> Image.Image:
    """Draw the cosines of directions with one another: red alike, white at right angles.

    Args:
        cosines: float [A, A].
        names: A names.
        title: What stands above.

    Returns:
        The picture.
    """
    from matplotlib.figure import Figure

    side = 3 + ROW * len(names)  # inches
    figure = Figure(figsize=(side + 0.8, side), dpi=150, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(cosines, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.set_title(title, fontsize=13, pad=12)
    figure.colorbar(image, label="cosine", shrink=0.6, aspect=30)
    return picture_of(figure)
