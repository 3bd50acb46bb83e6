"""Retrieval: searches before and after a transform of the vectors, side by side, and what is measured of it."""

from sde_explorer.retrieval.measured import recall_panel
from sde_explorer.search.panel import search_controls, search_panel
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.session import current_state


def show() -> None:
    """Compose the view."""
    view = open_view("Retrieval")
    with view.controls:
        search_controls()
    with view.picture:
        search_panel(view.data, current_state())
    recall_panel(view.data, current_state())
