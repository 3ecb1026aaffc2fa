"""Labelled pictures and charts: NumPy arrays in, Pillow images out."""

from ..files.pictures import grid as grid
from .animation import FRAME_CELL as FRAME_CELL
from .animation import check_gif as check_gif
from .animation import save_gif as save_gif
from .animation import sweep as sweep
from .animation import there_and_back as there_and_back
from .charts import contribution_chart as contribution_chart
from .charts import similarity_chart as similarity_chart
from .dot_plots import dot_plot as dot_plot
from .feature_grids import feature_grid as feature_grid
from .feature_grids import feature_overview as feature_overview
from .lettering import number_label as number_label
from .line_plots import Line as Line
from .line_plots import Panel as Panel
from .line_plots import line_plot as line_plot
from .planes import plane as plane
from .scatter import scatter as scatter
from .steps import step_labels as step_labels
from .strips import strip as strip
