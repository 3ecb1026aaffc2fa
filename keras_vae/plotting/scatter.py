"""A scatter of points in groups, with the mean of each as a disk."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .figures import fix_layout, picture_of
from .labels import keep_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that colour-blind eyes tell apart: blue and vermilion of Okabe and Ito (2008), and the
# ten that Petroff (2021) found for scatter plots.
PAIR = ("#0072b2", "#d55e00")
TEN = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
TITLE_WIDTH, CAPTION_WIDTH = 70, 120  # characters
DISK = 230  # square typographical points
EDGE = 3.5  # typographical points


def scatter(
    points: np.ndarray,
    groups: np.ndarray,
    names: Sequence[str],
    *,
    axes: tuple[str, str] = ("", ""),
    title: str = "",
    caption: str = "",
) -> Image.Image:
    """Draw points in the colours of their groups, and a disk at the mean of each group.

    Points are drawn in a random order, so that no group hides another; the more there are, the
    smaller and fainter they are.

    Args:
        points: float [N, 2].
        groups: Each point's group, int [N], in [0, G).
        names: G names, at most ten.
        axes: What stands along the two axes.
        title: What stands above.
        caption: What stands below; long lines are broken.

    Returns:
        The picture.

    Raises:
        ValueError: If there are more than ten groups, or a group without points.
    """
    from matplotlib.figure import Figure

    counts = np.bincount(groups, minlength=len(names))
    if len(names) > len(TEN) or len(counts) > len(names) or not counts.all():
        raise ValueError(
            f"`groups` must use each of at most {len(TEN)} groups. "
            f"Received: {len(names)} names, points in {np.count_nonzero(counts)} groups."
        )
    colours = np.array(PAIR if len(names) <= len(PAIR) else TEN)[: len(names)]
    figure = Figure(figsize=(9, 7.6), dpi=150, layout="constrained")
    panel = figure.subplots()
    _draw_points(panel, points, colours[groups])
    panel.set(xlabel=axes[0], ylabel=axes[1])
    panel.set_aspect("equal", adjustable="datalim")
    panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(fill(title, TITLE_WIDTH), fontsize=14)
    lines = (fill(line, CAPTION_WIDTH) for line in caption.splitlines())
    figure.supxlabel("\n".join(lines), fontsize=9)
    _draw_legend(figure, colours, [f"{n} ({c:,})" for n, c in zip(names, counts, strict=True)])
    means = np.array([points[groups == group].mean(axis=0) for group in range(len(names))])
    fix_layout(figure)
    _draw_means(panel, means, colours, names)
    return picture_of(figure)


def _draw_points(panel: Axes, points: np.ndarray, colours: np.ndarray) -> None:
    count = len(points)
    order = np.random.default_rng(0).permutation(count)
    size = float(np.clip(70_000 / count, 4, 30))  # square typographical points
    alpha = float(np.clip(8_000 / count, 0.45, 0.9))
    panel.scatter(*points[order].T, s=size, c=colours[order], alpha=alpha, linewidths=0)


def _draw_means(panel: Axes, means: np.ndarray, colours: np.ndarray, names: Sequence[str]) -> None:
    """Draw the disks; a short name, such as a digit, stands in its disk.

    Of two means that all but coincide, the larger disk shows around the smaller one. More disks
    step aside for each other, and a line leads from each to its mean.
    """
    from matplotlib.patheffects import withStroke

    places, sizes = means, [2.5 * DISK, DISK]
    if len(names) != 2:
        places, sizes = _apart(panel, means), [DISK] * len(names)
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for mean, place in zip(means, places, strict=True):
        line = {"color": "black", "linewidth": 1.2, "zorder": 3, "path_effects": halo}
        panel.plot(*zip(mean, place, strict=True), marker="o", markersize=3, **line)
    for group, (name, colour, size) in enumerate(zip(names, colours, sizes, strict=True)):
        for edge, width in (("white", EDGE), ("black", 1.2)):
            disk = {"s": size, "edgecolors": edge, "linewidths": width, "zorder": 4 + group}
            panel.scatter(*places[group], c=colour, clip_on=False, **disk)
        if len(name) <= 2:
            centred = {"ha": "center", "va": "center", "zorder": 4 + group}
            panel.text(*places[group], name, weight="bold", path_effects=halo, **centred)


def _apart(panel: Axes, means: np.ndarray) -> np.ndarray:
    """Where disks at these means, float [G, 2], do not hide each other; layout must be final."""
    diameter = (DISK**0.5 + EDGE) * panel.figure.dpi / 72  # pixels
    pixels = keep_apart(panel.transData.transform(means), diameter)
    return panel.transData.inverted().transform(pixels)


def _draw_legend(figure: Figure, colours: np.ndarray, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=8, color=colour, label=name)
        for colour, name in zip(colours, names, strict=True)
    ]
    figure.legend(handles=handles, loc="outside right upper", frameon=False)
