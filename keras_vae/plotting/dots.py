"""Dots beside names: one number for each, in several series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from .charts import ROW
from .figures import picture_of
from .panels import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Dots:
    """A panel of dots.

    Attributes:
        axis: What is along x.
        series: Name → value, for each series by its name; all have the same names.
    """

    axis: str
    series: Mapping[str, Mapping[str, float]]


def dot_chart(panels: Sequence[Dots], *, title: str) -> Image.Image:
    """Draw panels of dots, with the names in the order of the first series' values.

    Args:
        panels: What to draw; all have the same series and names.
        title: What stands above.

    Returns:
        The picture, with the largest value of the first series on top.
    """
    from matplotlib.figure import Figure

    first = next(iter(panels[0].series.values()))
    names = sorted(first, key=first.__getitem__)
    size = (2.5 + 4.5 * len(panels), 2 + ROW * len(names))
    figure = Figure(size, dpi=150, layout="constrained")
    places = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for place, panel in zip(places, panels, strict=True):
        _draw(place, panel, names)
    figure.suptitle(title, fontsize=13)
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return picture_of(figure)


def _draw(place: Axes, panel: Dots, names: Sequence[str]) -> None:
    for colour, (name, values) in enumerate(panel.series.items()):
        heights = range(len(names))
        xs = [values[each] for each in names]
        place.plot(xs, heights, "o", color=COLOURS[colour], markersize=5, label=name)
    place.set_yticks(range(len(names)), names)
    place.set_ylim(-0.7, len(names) - 0.3)
    place.set_xlabel(panel.axis)
    place.grid(alpha=0.3)
    place.tick_params(length=0)
    place.spines[["top", "right", "left"]].set_visible(False)
