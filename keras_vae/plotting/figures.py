"""Matplotlib's figures as pictures, without a display."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..files.naming import printable
from .lettering import warn_of_boxes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that colour-blind readers can distinguish: seven of Okabe and Ito (2008), without yellow,
# for lines and bars; and ten for the classes of scatter plots. The ten also differ in lightness, so
# that they differ in grey print. They maximize the least distance (CIEDE2000) of two colours over
# normal and colour-blind vision, and the least difference in lightness: test_figures.py.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
TEN = (
    *("#163a85", "#e08aa7", "#789c56", "#961f28", "#07c8f4"),
    *("#876b00", "#8c16d6", "#e5ca70", "#531845", "#7b77bc"),
)
ROW = 0.22  # inches between the names along an axis
CHARACTERS = 13  # of a caption, in an inch


def new_figure(
    size: tuple[float, float],
    rows: int = 1,
    columns: int = 1,
    *,
    title: str = "",
    caption: str = "",
    **options: Any,
) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels without upper and right edges.

    Args:
        size: Width and height of the figure, in inches.
        rows: Rows of panels.
        columns: Panels in a row.
        title: Title above the panels; long ones are broken.
        caption: Caption below the panels; long lines are broken.
        **options: Further arguments of `Figure.subplots`.

    Returns:
        The figure and its panels, row by row.
    """
    from matplotlib.figure import Figure

    figure = Figure(size, dpi=150, layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False, **options).flat)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(_filled(title, int(size[0] * CHARACTERS * 0.6)), fontsize=14)
    lines = (_filled(line, int(size[0] * CHARACTERS)) for line in caption.splitlines())
    figure.supxlabel("\n".join(lines), fontsize=9)
    return figure, panels


def _filled(text: str, width: int) -> str:
    return "\n".join(map(literal, wrap(text, width)))


def literal(text: str) -> str:
    """Return what Matplotlib writes as this text, such as a name: no formula, in one line.

    Only labels of logarithmic axes are formulas, so that these cannot be switched off.
    """
    return printable(text).replace("$", r"\$")


def fix_layout(figure: Figure) -> None:
    """Make a figure's layout final, so that positions in pixels stay correct."""
    with _without_warnings_of_glyphs():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.autoscale(enable=False)


def picture_of(figure: Figure) -> Image.Image:
    """Draw a figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    with _without_warnings_of_glyphs():
        canvas.draw()  # writes the labels of ticks, too
    warn_of_boxes("".join(text.get_text() for text in figure.findobj(Text)))
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


@contextmanager
def _without_warnings_of_glyphs() -> Iterator[None]:
    """Matplotlib warns of each letter, each time: `warn_of_boxes` does once."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield
