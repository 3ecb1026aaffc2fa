"""A dot plot: one number for each name, in several series."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

from .figures import COLOURS, ROW, new_figure, picture_of

Series = Mapping[str, Mapping[str, float]]  # series → name → value


def dot_plot(panels: Mapping[str, Series], *, title: str) -> Image.Image:
    """Draw panels of dots, with the names in the order of the first series' values.

    Args:
        panels: Label of the x axis → series; all panels have the same series and names.
        title: Title above the panels.

    Returns:
        The picture, with the largest value of the first series on top.

    Example:
        >>> series = {"celeba64": {"Smiling": 0.97, "Young": 0.88}}
        >>> picture = dot_plot({"AUC": series}, title="Linear probes")
    """
    first = next(iter(next(iter(panels.values())).values()))
    names = sorted(first, key=first.__getitem__)
    size = (2.5 + 4.5 * len(panels), 2 + ROW * len(names))
    figure, places = new_figure(size, 1, len(panels), title=title, sharey=True)
    for place, (axis, series) in zip(places, panels.items(), strict=True):
        for colour, (label, values) in zip(COLOURS, series.items(), strict=False):
            xs = [values[name] for name in names]
            place.plot(xs, names, "o", color=colour, markersize=5, label=label)
        place.set(xlabel=axis, ylim=(-0.7, len(names) - 0.3))
        place.grid(alpha=0.3)
        place.tick_params(length=0)
        place.spines["left"].set_visible(False)
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return picture_of(figure)
