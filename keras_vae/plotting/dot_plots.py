"""A dot plot: one number for each name, in several series."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

from .figures import COLOURS, ROW, literal, new_figure, picture_of

Series = Mapping[str, Mapping[str, float]]  # series → name → value


def dot_plot(panels: Mapping[str, Series], *, title: str) -> Image.Image:
    """Draw panels of dots, with the names in the order of the first series' values.

    Args:
        panels: Label of the x axis → series; all panels have the same series, at most
            seven, and all series the same names.
        title: Title above the panels.

    Returns:
        The picture, with the largest value of the first series on top.

    Raises:
        ValueError: If there are no panels, series or names, or more than seven series; or if series
            or names differ.

    Example:
        >>> series = {"celeba64": {"Smiling": 0.97, "Young": 0.88}}
        >>> picture = dot_plot({"AUC": series}, title="Linear probes")
    """
    _check(panels)
    labels = list(next(iter(panels.values())))
    first = next(iter(panels.values()))[labels[0]]
    names = sorted(first, key=first.__getitem__)
    size = (2.5 + 4.5 * len(panels), 2 + ROW * len(names))
    figure, places = new_figure(size, 1, len(panels), title=title, sharey=True)
    for place, (axis, series) in zip(places, panels.items(), strict=True):
        for colour, label in zip(COLOURS, labels, strict=False):
            xs = [series[label][name] for name in names]
            place.plot(xs, [*map(literal, names)], "o", color=colour, markersize=5)
        place.set(xlabel=literal(axis), ylim=(-0.7, len(names) - 0.3))
        place.grid(alpha=0.3)
        place.tick_params(length=0)
        place.spines["left"].set_visible(False)
    legend = places[0].lines, [*map(literal, labels)]
    figure.legend(*legend, loc="outside lower center", ncols=len(labels), frameon=False)
    return picture_of(figure)


def _check(panels: Mapping[str, Series]) -> None:
    series = {frozenset(panel) for panel in panels.values()}
    if len(series) != 1 or not 1 <= len(next(iter(series))) <= len(COLOURS):
        received = [list(panel) for panel in panels.values()] or "none"
        raise ValueError(
            f"`panels` must have the same 1 to {len(COLOURS)} series each. Received: {received}."
        )
    names = {frozenset(values) for panel in panels.values() for values in panel.values()}
    if len(names) != 1 or names == {frozenset()}:
        some = sorted(frozenset.union(*names) - frozenset.intersection(*names))
        received = f"{some} in some of them only" if some else "none"
        raise ValueError(f"`panels` must have the same names in all series. Received: {received}.")
