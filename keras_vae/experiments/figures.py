"""Figures that several experiments draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
from PIL.Image import Image

from ..files.pictures import grid
from ..latent_space.arithmetic import gaussian_quantiles
from ..latent_space.labels import dimension_label
from ..plotting import Line, Panel, line_plot, plane, scatter, step_labels, strip
from .claims import STRENGTHS
from .results import Results
from .workspace import Arrays, Row

SHOWN = 10  # images in a row
CELL = 96  # pixels: digits of 28×28 are enlarged threefold, faces of 64×48 twofold
AXES = dimension_label(0), dimension_label(1)  # of a latent of two dimensions


def listed_figures(results: Results, about: Mapping[str, Any]) -> dict[str, Image]:
    """Draw the figures that `experiments.toml` lists for an experiment: file name → picture."""
    figures = {
        file: draw(results, **options)
        for kind, draw in FIGURES.items()
        for file, options in about.get(kind, {}).items()
    }
    for kind, draw in CELL_FIGURES.items():
        for file, options in about.get(kind, {}).items():
            drawn = {name: value for name, value in options.items() if name != "where"}
            for row in results.where(**options.get("where", {})):
                figures[file.format(**row)] = draw(row, results.arrays(row), **drawn)
    return figures


def sample_figure(
    results: Results,
    title: str,
    label: str | Sequence[str],
    where: Mapping[str, object] | None = None,
) -> Image:
    """Draw a row of samples for each setting, labelled with it: see `experiments.toml`."""
    rows = results.where(seed=0, **where or {})
    labels = [labelled(label, row) for row in rows] if isinstance(label, str) else label
    samples = [results.arrays(row)["samples"][:SHOWN] for row in rows]
    return strip(samples, [""] * SHOWN, labels, title, cell=CELL)


def labelled(label: str, row: Row) -> str:
    """Fill a format string with a row's values, 1e-5 without zeros in its exponent."""
    return label.format(**row).replace("e-0", "e-")


def curve_figure(
    results: Results, title: str, panels: Sequence[Mapping[str, Any]], caption: str = ""
) -> Image:
    """Draw columns along settings: see `curves` in `experiments.toml`."""
    colours = count()
    drawn = [_panel(results, colours, **panel) for panel in panels]
    return line_plot(drawn, title=title, caption=caption)


def _panel(
    results: Results,
    colours: Iterator[int],
    title: str,
    x: str,
    y: str,
    by: str,
    curves: Sequence[Mapping[str, Any]],
    where: Mapping[str, object] | None = None,
) -> Panel:
    """A panel of columns along the setting `by`, its values marked where it counts something."""
    lines = []
    for curve in curves:
        settings = {**(where or {}), **curve.get("where", {})}
        steps = sorted(results.distinct(by, **settings))
        series = results.series(curve["column"], by, steps, **settings)
        halves = [seeds.half if math.isfinite(seeds.half) else 0.0 for seeds in series]
        name, report = curve.get("name", ""), curve.get("report")
        colour = curve.get("colour", next(colours))
        ours = f"{name}, ours" if report else name
        lines.append(Line(ours, steps, series.means, halves if any(halves) else (), colour))
        if report:
            lines.append(Line(f"{name}, report", steps, report, colour=colour, dashed=True))
    return Panel(title, (x, y), lines, "x", steps if isinstance(steps[0], int) else ())


def latent_scatter(row: Row, arrays: Arrays, title: str, caption: str) -> Image:
    """Draw z_mean of digits in a latent of two dimensions, coloured by digit."""
    names = [str(digit) for digit in np.unique(arrays["labels"])]
    options = {"axes": AXES, "title": title, "caption": caption.format(**row)}
    return scatter(arrays["z_mean"], arrays["labels"], names, **options)


def manifold(_: Row, arrays: Arrays) -> Image:
    """Draw the decoded plane of a latent of two dimensions."""
    steps = gaussian_quantiles(len(arrays["manifold"]))
    return plane(arrays["manifold"], steps, steps, AXES)


def sample_grid(_: Row, arrays: Arrays, array: str = "samples") -> Image:
    """Draw all samples as an image grid."""
    return grid(arrays[array])


def image_rows(_: Row, arrays: Arrays, title: str, rows: Mapping[str, str]) -> Image:
    """Draw the first images of several arrays in labelled rows."""
    images = [arrays[name][:SHOWN] for name in rows]
    return strip(images, [""] * SHOWN, list(rows.values()), title, cell=CELL)


def walk(_: Row, arrays: Arrays, name: str, title: str, **options: int) -> Image:
    """Draw faces moved along an attribute, with its mean probability below each n."""
    labels = [
        f"{label}\n{score:.0%}"
        for label, score in zip(step_labels(STRENGTHS), arrays[f"scores_{name}"], strict=True)
    ]
    return strip(arrays[f"walk_{name}"], labels, None, title, **options)


# The kinds of figures in `experiments.toml`: of all cells, and of each cell.
FIGURES = {"curves": curve_figure, "samples": sample_figure}
CELL_FIGURES = {
    "scatters": latent_scatter,
    "manifolds": manifold,
    "grids": sample_grid,
    "rows": image_rows,
    "walks": walk,
}
