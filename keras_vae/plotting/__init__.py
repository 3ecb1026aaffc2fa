"""Pictures of pictures, and charts. NumPy arrays in, Pillow images out."""

from .charts import contribution_chart
from .sheets import (
    CELL,
    LARGEST,
    MARGIN,
    enlarge,
    grid,
    morph_labels,
    save,
    save_grid,
    step_label,
    strip,
    whole_factor,
)

__all__ = [
    "CELL",
    "LARGEST",
    "MARGIN",
    "contribution_chart",
    "enlarge",
    "grid",
    "morph_labels",
    "save",
    "save_grid",
    "step_label",
    "strip",
    "whole_factor",
]
