"""A scatter plot of points in groups, with the mean of each as a disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .figures import COLOURS, TEN, fix_layout, literal, new_figure, picture_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        axes: Labels of the two axes.
        title: Title above the points.
        caption: Caption below them; long lines are broken.

    Returns:
        The picture.

    Raises:
        ValueError: If there are more than ten groups, none, or a group without points; or if the
            arrays have another type or shape.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(100, 2))
        >>> picture = scatter(points, np.arange(100) % 2, ["even", "odd"], axes=("z₀", "z₁"))
    """
    _check(points, groups, names)
    colours = np.array(TEN if len(names) > 2 else COLOURS)[: len(names)]
    figure, (panel,) = new_figure((9, 7.6), title=title, caption=caption)
    panel.set(xlabel=literal(axes[0]), ylabel=literal(axes[1]))
    panel.set_aspect("equal", adjustable="datalim")
    _draw_points(panel, points, colours[groups])
    handles = [panel.plot([], [], "o", markersize=8, color=colour)[0] for colour in colours]
    counts = zip(names, np.bincount(groups), strict=True)
    labels = [literal(f"{name} ({count:,})") for name, count in counts]
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    fix_layout(figure)
    means = np.array([points[groups == group].mean(axis=0) for group in range(len(names))])
    _draw_means(panel, means, colours, names)
    return picture_of(figure)


def _check(points: np.ndarray, groups: np.ndarray, names: Sequence[str]) -> None:
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"`points` must have shape [N, 2]. Received: {list(points.shape)}.")
    if groups.dtype.kind not in "iu" or groups.shape != points.shape[:1]:
        raise ValueError(
            f"`groups` must be whole numbers, one for each of {len(points)} points. "
            f"Received: {groups.dtype} of shape {list(groups.shape)}."
        )
    used = np.unique(groups)
    if not 1 <= len(names) <= len(TEN) or not np.array_equal(used, np.arange(len(names))):
        raise ValueError(
            f"`groups` must use each of at most {len(TEN)} groups. "
            f"Received: {len(names)} names, points in {len(used)} groups."
        )


def _draw_points(panel: Axes, points: np.ndarray, colours: np.ndarray) -> None:
    count = len(points)
    order = np.random.default_rng(0).permutation(count)
    size = float(np.clip(70_000 / count, 4, 30))  # square typographical points
    alpha = float(np.clip(8_000 / count, 0.45, 0.9))
    panel.scatter(*points[order].T, s=size, c=colours[order], alpha=alpha, linewidths=0)


def _draw_means(panel: Axes, means: np.ndarray, colours: np.ndarray, names: Sequence[str]) -> None:
    """Draw the disks, with the name inside if it is short, such as a digit; layout must be final.

    Disks that would overlap move apart, and a line leads from each to its mean.
    """
    from matplotlib.patheffects import withStroke

    diameter = (DISK**0.5 + EDGE) * panel.figure.dpi / 72  # pixels
    pixels = keep_apart(panel.transData.transform(means), diameter)
    places = panel.transData.inverted().transform(pixels)
    halo = [withStroke(linewidth=EDGE, foreground="white")]
    for mean, place in zip(means, places, strict=True):
        line = {"color": "black", "linewidth": 1.2, "zorder": 3, "path_effects": halo}
        panel.plot(*zip(mean, place, strict=True), marker="o", markersize=3, **line)
    for group, (name, colour) in enumerate(zip(names, colours, strict=True)):
        above = {"zorder": 4 + group, "path_effects": halo}
        edge = {"edgecolors": "black", "linewidths": 1.2}
        panel.scatter(*places[group], s=DISK, c=colour, clip_on=False, **edge, **above)
        if len(name) <= 2:
            panel.text(
                *places[group], literal(name), weight="bold", ha="center", va="center", **above
            )


def keep_apart(positions: np.ndarray, distance: float) -> np.ndarray:
    """Move positions, float [N, 2], as little as possible until no two are nearer than a distance.

    Each of a pair that is too near moves half of what is lacking; positions that coincide move in
    different directions.
    """
    angles = np.arange(len(positions)) * 2.4  # the golden angle: all directions, none twice
    moved = positions + 1e-3 * distance * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(200):
        gaps = moved[:, np.newaxis] - moved
        lengths = np.linalg.norm(gaps, axis=-1) + np.diag(np.full(len(moved), np.inf))
        lacking = np.maximum(distance - lengths, 0.0)
        if not lacking.any():
            break
        moved = moved + 0.52 * np.sum((lacking / lengths)[..., np.newaxis] * gaps, axis=1)
    return moved
