"""A line plot: panels of lines, with intervals or with labelled points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .figures import COLOURS, fix_layout, literal, new_figure, picture_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL, LARGE = (6.2, 4.8), (10.0, 8.0)  # inches of a panel without and with labelled points


@dataclass(frozen=True)
class Line:
    """A line through points.

    Attributes:
        name: Its name in the legend; a name of several panels is listed once, an empty one never.
        xs: Abscissae, ascending.
        ys: Ordinates.
        errors: Half the widths of their intervals; empty draws none.
        colour: Number of its colour, in [0, 7).
        dashed: Whether the line is dashed.
        labels: A text for each point, whose line is then dotted; empty writes none.

    Raises:
        ValueError: If there is no such colour, or there are not as many ordinates, errors or labels
            as abscissae.

    Example:
        >>> Line("−ELBO", xs=[1, 2, 3], ys=[120.0, 105.0, 101.0]).colour
        0
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    errors: Sequence[float] = ()
    colour: int = 0
    dashed: bool = False
    labels: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.colour not in range(len(COLOURS)):
            raise ValueError(f"`colour` must be in [0, {len(COLOURS)}). Received: {self.colour}.")
        for name in ("ys", "errors", "labels"):
            count, expected = len(getattr(self, name)), len(self.xs)
            if count != expected and (count or name == "ys"):
                raise ValueError(
                    f"`{name}` must have as many values as `xs`, {expected}. Received: {count}."
                )


@dataclass(frozen=True)
class Panel:
    """A panel of lines.

    Attributes:
        title: Title above the panel.
        axes: Labels of the x and y axes.
        lines: The lines.
        log: Which axes are logarithmic: "", "x", "y" or "xy".
        ticks: Marks on the x axis, such as the sizes of a latent; empty leaves them to Matplotlib.
        circled: The label of a point that has a ring; None rings none.

    Example:
        >>> panel = Panel("MNIST", ("epoch", "nats"), [Line("−ELBO", [1, 2], [120.0, 105.0])])
    """

    title: str
    axes: tuple[str, str]
    lines: Sequence[Line] = ()
    log: str = ""
    ticks: Sequence[float] = ()
    circled: str | None = None

    @property
    def points(self) -> list[tuple[float, float, str, str]]:
        """The labelled points: x, y, label and colour of each."""
        return [
            (x, y, label, COLOURS[line.colour])
            for line in self.lines
            for x, y, label in zip(line.xs, line.ys, line.labels, strict=False)
        ]


def line_plot(panels: Sequence[Panel], *, title: str, caption: str = "") -> Image.Image:
    """Draw panels of lines: up to three in a row, or two of many.

    Args:
        panels: The panels.
        title: Title above the panels.
        caption: Caption below the panels.

    Returns:
        The picture. Labels overlap neither each other nor points.

    Raises:
        ValueError: If there are no panels.

    Example:
        >>> line = Line("−ELBO", xs=[1, 2, 3], ys=[120.0, 105.0, 101.0])
        >>> picture = line_plot([Panel("MNIST", ("epoch", "nats per image"), [line])], title="Loss")
    """
    if not len(panels):
        raise ValueError("`panels` must hold at least one panel. Received: none.")
    columns = len(panels) if len(panels) <= 3 else 2
    rows = math.ceil(len(panels) / columns)
    width, height = LARGE if any(panel.points for panel in panels) else SMALL
    size = (width * columns, height * rows + 0.9)
    figure, places = new_figure(size, rows, columns, title=title, caption=caption)
    handles = [_draw(place, panel) for place, panel in zip(places, panels, strict=False)]
    for empty in places[len(panels) :]:
        empty.set_visible(False)
    _legend(figure, places, handles)
    fix_layout(figure)
    for place, panel in zip(places, panels, strict=False):
        _label(place, panel)
    return picture_of(figure)


def _draw(place: Axes, panel: Panel) -> dict[str, Any]:
    """Draw a panel, and return the handle of each name for the legend."""
    xlabel, ylabel = map(literal, panel.axes)
    place.set(title=literal(panel.title), xlabel=xlabel, ylabel=ylabel)
    handles = {}
    place.set_xscale("log" if "x" in panel.log else "linear")
    place.set_yscale("log" if "y" in panel.log else "linear")
    for line in panel.lines:
        handles[line.name] = place.errorbar(
            line.xs,
            line.ys,
            yerr=line.errors if len(line.errors) else None,
            color=COLOURS[line.colour],
            linestyle=":" if line.labels else "--" if line.dashed else "-",
            marker="o" if len(line.xs) <= 12 else None,
            markersize=4,
            linewidth=0.6 if line.labels else 1.4,
            capsize=3,
        )
    if len(panel.ticks):
        place.set_xticks(panel.ticks, [f"{tick:g}" for tick in panel.ticks])
        place.minorticks_off()
    if panel.points:
        place.margins(x=0.12, y=0.15)  # room for labels
    else:
        place.grid(alpha=0.25)
    return {name: handle for name, handle in handles.items() if name}


def _label(place: Axes, panel: Panel) -> None:
    """Write labels beside their points, the most crowded first; the layout must be final."""
    import textalloc
    from matplotlib.patheffects import withStroke
    from scipy.spatial.distance import cdist

    if not panel.points:
        return
    xs, ys, labels, colours = map(np.array, zip(*panel.points, strict=True))
    ring = {"markersize": 13, "markerfacecolor": "none", "markeredgewidth": 1.5}
    chosen = labels == panel.circled
    place.plot(xs[chosen], ys[chosen], "o", color="black", **ring)
    pixels = place.transData.transform(np.stack([xs, ys], axis=1))
    order = np.argsort(np.sort(cdist(pixels, pixels))[:, :5].sum(axis=1))
    textalloc.allocate(
        place,
        xs[order],
        ys[order],
        [*map(literal, labels[order])],
        x_scatter=xs,
        y_scatter=ys,
        textsize=9,
        textcolor=list(colours[order]),
        linecolor=list(colours[order]),
        linewidth=0.6,
        path_effects=[withStroke(linewidth=2, foreground="white")],  # lines may pass below
        zorder=5,
    )


def _legend(figure: Figure, places: Sequence[Axes], handles: Sequence[Mapping[str, Any]]) -> None:
    """One legend for all panels, to the right of them; inside the only panel that has names."""
    known = {name: handle for each in handles for name, handle in each.items()}
    legend = known.values(), [*map(literal, known)]
    named = [place for place, names in zip(places, handles, strict=False) if names]
    if len(named) == 1 < len(places):
        named[0].legend(*legend)
    else:
        figure.legend(*legend, loc="outside right upper", frameon=False)
