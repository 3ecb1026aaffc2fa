"""Pictures with axes, drawn by Matplotlib without a display."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ..attributes import Contribution


def contribution_chart(table: Sequence[Contribution], to: str) -> Image.Image:
    """Draw contributions to an attribute as bars: dot products, and cosines beside them.

    Args:
        table: What `latents.contributions` returned.
        to: The attribute.

    Returns:
        The picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.3 + 0.22 * len(table)), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(f"Contributions to {to}")
    names = [entry.name for entry in reversed(table)]
    panels = zip(figure.subplots(1, 2, sharey=True), ("dot", "cosine"), strict=True)
    for axes, measure in panels:
        values = [getattr(entry, measure) for entry in reversed(table)]
        axes.barh(names, values, color=["#b2543e" if v < 0 else "#3e7cb2" for v in values])
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel({"dot": "dot product", "cosine": "cosine"}[measure])
        axes.margins(y=0.01)
        axes.spines[["top", "right"]].set_visible(False)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
