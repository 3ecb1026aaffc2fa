"""Charts of attribute directions: bars of contributions, the matrix of cosine similarities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..latent_space.attributes import Contribution
from .figures import COLOURS, ROW, literal, new_figure, picture_of

MEASURES = {"dot": "dot product", "cosine": "cosine"}


def contribution_chart(table: Sequence[Contribution], to: str) -> Image.Image:
    """Draw contributions to an attribute as bars: dot products, and cosines beside them.

    Args:
        table: The result of `attributes.contributions`; intervals are drawn where it has them.
        to: The attribute.

    Returns:
        The picture.

    Example:
        >>> from keras_vae.latent_space.attributes import contributions
        >>> table = contributions(keras_vae.load("celeba64").attributes, to="Attractive")
        >>> picture = contribution_chart(table, to="Attractive")
    """
    has_intervals = bool(table) and table[0].dot_interval is not None
    caption = "Lines are 95 % bootstrap intervals." if has_intervals else ""
    title, size = f"Contributions to {to}", (9, 1.5 + ROW * len(table))
    figure, panels = new_figure(size, 1, 2, title=title, caption=caption, sharey=True)
    names = [literal(entry.name) for entry in reversed(table)]
    for axes, (measure, label) in zip(panels, MEASURES.items(), strict=True):
        values = [getattr(entry, measure) for entry in reversed(table)]
        axes.barh(names, values, color=[COLOURS[value < 0] for value in values])
        if has_intervals:
            ends = [getattr(entry, f"{measure}_interval") for entry in reversed(table)]
            axes.hlines(names, *zip(*ends, strict=True), color="black", linewidth=1.5)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.margins(y=0.01)
        axes.locator_params(axis="x", nbins=6)  # more numbers would touch
        axes.set_xlabel(label)
    return picture_of(figure)


def similarity_chart(cosines: np.ndarray, names: Sequence[str], title: str) -> Image.Image:
    """Draw the cosine similarities of directions: red alike, white at right angles.

    Args:
        cosines: float [A, A].
        names: A names.
        title: Title above the matrix.

    Returns:
        The picture.

    Raises:
        ValueError: If there are no names, or the matrix has not a row and a column for each.

    Example:
        >>> picture = similarity_chart(np.eye(2), ["Smiling", "Young"], title="Directions")
    """
    count = len(names)
    if not count or np.shape(cosines) != (count, count):
        raise ValueError(
            f"`cosines` must have a row and a column for each of {count} names. "
            f"Received: shape {list(np.shape(cosines))}."
        )
    side = 3 + ROW * count  # inches
    figure, (axes,) = new_figure((side + 0.8, side), title=title)
    image = axes.imshow(cosines, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.spines[:].set_visible(True)
    labels = [*map(literal, names)]
    axes.set_xticks(range(count), labels, rotation=90)
    axes.set_yticks(range(count), labels)
    axes.tick_params(length=0)
    figure.colorbar(image, label="cosine", shrink=0.6, aspect=30)
    return picture_of(figure)
