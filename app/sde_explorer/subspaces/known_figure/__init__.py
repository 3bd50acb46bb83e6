"""What each direction knows of each column, a row a column, with thresholds that are dragged on the figure."""

from sde_explorer.subspaces.known_figure.component import known_figure

__all__ = ["known_figure"]
