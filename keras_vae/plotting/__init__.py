"""Image grids, plots and animations: from NumPy arrays to Pillow images."""

from .animation import FRAME_CELL, check_gif, save_gif, sweep, there_and_back
from .charts import contribution_chart, similarity_chart
from .dots import Dots, dot_chart
from .features import feature_overview, feature_sheet
from .lettering import number_label
from .panels import Curve, Curves, Group, Points, curve_panels, labelled_panels
from .planes import plane
from .scatter import scatter
from .strips import step_label, strip

__all__ = [
    "FRAME_CELL",
    "Curve",
    "Curves",
    "Dots",
    "Group",
    "Points",
    "check_gif",
    "contribution_chart",
    "curve_panels",
    "dot_chart",
    "feature_overview",
    "feature_sheet",
    "labelled_panels",
    "number_label",
    "plane",
    "save_gif",
    "scatter",
    "similarity_chart",
    "step_label",
    "strip",
    "sweep",
    "there_and_back",
]
