"""Pictures of pictures, and charts. NumPy arrays in, Pillow images out."""

from ..files.pictures import (
    CELL,
    LARGEST,
    MARGIN,
    check_picture,
    enlarge,
    grid,
    save,
    save_grid,
    whole_factor,
)
from .animation import FRAME_CELL, check_gif, save_gif, sweep, there_and_back
from .charts import contribution_chart, similarity_chart
from .dots import Dots, dot_chart
from .features import feature_overview, feature_sheet
from .lettering import number_label
from .panels import Curve, Curves, Group, Points, curve_panels, labelled_panels
from .planes import plane
from .scatter import scatter
from .sheets import step_label, strip

__all__ = [
    "CELL",
    "FRAME_CELL",
    "LARGEST",
    "MARGIN",
    "Curve",
    "Curves",
    "Dots",
    "Group",
    "Points",
    "check_gif",
    "check_picture",
    "contribution_chart",
    "curve_panels",
    "dot_chart",
    "enlarge",
    "feature_overview",
    "feature_sheet",
    "grid",
    "labelled_panels",
    "number_label",
    "plane",
    "save",
    "save_gif",
    "save_grid",
    "scatter",
    "similarity_chart",
    "step_label",
    "strip",
    "sweep",
    "there_and_back",
    "whole_factor",
]
