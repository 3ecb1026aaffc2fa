"""Image grids, plots and animations: from NumPy arrays to Pillow images."""

from .animation import FRAME_CELL, check_gif, save_gif, sweep, there_and_back
from .charts import contribution_chart, similarity_chart
from .dot_plots import dot_plot
from .feature_grids import feature_grid, feature_overview
from .lettering import number_label
from .line_plots import Line, Panel, line_plot
from .planes import plane
from .scatter import scatter
from .strips import step_label, strip

__all__ = [
    "FRAME_CELL",
    "Line",
    "Panel",
    "check_gif",
    "contribution_chart",
    "dot_plot",
    "feature_grid",
    "feature_overview",
    "line_plot",
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
