"""Panels of labelled points, and panels of curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .figures import fix_layout, picture_of
from .labels import place_labels
from .scatter import PAIR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008): seven colours that colour-blind eyes tell apart, yellow left out.
COLOURS = (*PAIR, "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
CAPTION = 110  # characters in a line below a figure of two panels


@dataclass(frozen=True)
class Group:
    """Points of one colour, joined by a line from left to right.

    Attributes:
        name: What the legend says.
        xs: Abscissae, ascending.
        ys: Ordinates.
        labels: A text for each point; empty writes none.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Points:
    """A panel of labelled points.

    Attributes:
        title: What stands above.
        groups: The points.
        circled: The label of a point that has a ring; None rings none.
    """

    title: str
    groups: Sequence[Group]
    circled: str | None = None


@dataclass(frozen=True)
class Curve:
    """A line through numbers.

    Attributes:
        name: What the legend says; the same in several panels is listed once, an empty one never.
        xs: Abscissae, ascending.
        ys: Ordinates.
        errors: Half the widths of their intervals; empty draws none.
        colour: Number of its colour.
        dashed: Whether the line is.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    errors: Sequence[float] = ()
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Curves:
    """A panel of curves.

    Attributes:
        title: What stands above.
        axes: What is along x and y.
        curves: The lines.
        log: Which axes are logarithmic: "", "x", "y" or "xy".
        ticks: Places along x that are marked, such as the sizes of a latent; empty leaves it to
            Matplotlib.
    """

    title: str
    axes: tuple[str, str]
    curves: Sequence[Curve] = field(default_factory=tuple)
    log: str = ""
    ticks: Sequence[float] = ()


def labelled_panels(
    panels: Sequence[Points], *, axes: tuple[str, str], title: str, caption: str = ""
) -> Image.Image:
    """Draw panels of labelled points, x logarithmic.

    Args:
        panels: What to draw.
        axes: What is along x and y, in every panel.
        title: What stands above.
        caption: What stands below.

    Returns:
        The picture. Labels touch neither each other nor points.
    """
    figure, places = _figure(len(panels), (10, 8), title, caption)
    for place, panel in zip(places, panels, strict=True):
        place.set(title=panel.title, xlabel=axes[0], ylabel=axes[1], xscale="log")
        for number, group in enumerate(panel.groups):
            place.plot(
                group.xs,
                group.ys,
                marker="o",
                markersize=5,
                markeredgewidth=0,
                linewidth=0.6,
                linestyle=":",
                color=COLOURS[number],
                label=group.name,
            )
        place.margins(x=0.12, y=0.15)
    _legend(figure, places)
    fix_layout(figure)
    for place, panel in zip(places, panels, strict=True):
        _label(place, panel)
    return picture_of(figure)


def curve_panels(panels: Sequence[Curves], *, title: str, caption: str = "") -> Image.Image:
    """Draw panels of curves.

    Args:
        panels: What to draw.
        title: What stands above.
        caption: What stands below.

    Returns:
        The picture.
    """
    figure, places = _figure(len(panels), (6.2, 4.8), title, caption)
    for place, panel in zip(places, panels, strict=True):
        place.set(title=panel.title, xlabel=panel.axes[0], ylabel=panel.axes[1])
        if "x" in panel.log:
            place.set_xscale("log")
        if "y" in panel.log:
            place.set_yscale("log")
        for curve in panel.curves:
            _draw(place, curve)
        if len(panel.ticks):
            place.set_xticks(panel.ticks, [f"{tick:g}" for tick in panel.ticks])
            place.minorticks_off()
        place.grid(alpha=0.25)
    _legend(figure, places)
    return picture_of(figure)


def _draw(place: Axes, curve: Curve) -> None:
    place.errorbar(
        curve.xs,
        curve.ys,
        yerr=curve.errors if len(curve.errors) else None,
        label=curve.name,
        color=COLOURS[curve.colour],
        linestyle="--" if curve.dashed else "-",
        marker="o" if len(curve.xs) <= 12 else None,
        markersize=4,
        linewidth=1.4,
        capsize=3,
    )


def _label(place: Axes, panel: Points) -> None:
    points, texts, colours = [], [], []
    for number, group in enumerate(panel.groups):
        for x, y, text in zip(group.xs, group.ys, group.labels, strict=False):
            points.append((x, y))
            texts.append(text)
            colours.append(COLOURS[number])
    if panel.circled in texts:
        x, y = points[texts.index(panel.circled)]
        ring = {"markersize": 13, "markerfacecolor": "none", "markeredgewidth": 1.5}
        place.plot([x], [y], marker="o", color="black", **ring)
    if points:
        place_labels(place, np.array(points, float), texts, colours, size=9)


def _figure(
    count: int, size: tuple[float, float], title: str, caption: str
) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels of a size in inches: up to three in a row, or two of many."""
    from matplotlib.figure import Figure

    columns = count if count <= 3 else 2
    rows = math.ceil(count / columns)
    figure = Figure((size[0] * columns, size[1] * rows + 0.9), dpi=150, layout="constrained")
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for place in places:
        place.spines[["top", "right"]].set_visible(False)
    for empty in places[count:]:
        empty.set_visible(False)
    figure.suptitle(title, fontsize=15)
    figure.supxlabel(fill(caption, CAPTION * columns // 2 + 20), fontsize=9)
    return figure, places[:count]


def _legend(figure: Figure, places: Sequence[Axes]) -> None:
    """One legend for all panels, to the right of them; in the only panel that has names, if so."""
    named = [place for place in places if place.get_legend_handles_labels()[1]]
    if len(named) == 1 < len(places):
        named[0].legend()
        return
    known = {}
    for place in places:
        for handle, name in zip(*place.get_legend_handles_labels(), strict=True):
            known.setdefault(name, handle)
    figure.legend(known.values(), known.keys(), loc="outside right upper", frameon=False)
