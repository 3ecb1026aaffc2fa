"""The sheet of draws from the prior that several experiments show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .results import Results
from .store import Row

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 10  # images of a model
CELL = 96  # pixels: digits of 28×28 are enlarged threefold, faces of 64×48 twofold


def sample_sheet(results: Results, models: Mapping[str, Row], title: str) -> Image:
    """Draw a line of samples for each model, which `measurement.samples` left in its arrays.

    Args:
        results: Where the arrays are.
        models: What stands left of a line → the row of its cell.
        title: What stands above.
    """
    from ..plotting import strip

    lines = [results.arrays(row)["samples"][:SHOWN] for row in models.values()]
    return strip(lines, [""] * SHOWN, list(models), title, cell=CELL)
