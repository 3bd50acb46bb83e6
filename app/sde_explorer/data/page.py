"""Data: what is open, what could not be used of it, and how to open something else."""

from sde_explorer.data.open_set import open_set
from sde_explorer.data.panel import data_panel, open_what_was_made
from sde_explorer.data.recent_sets import remember_open
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.session import current_state


def show() -> None:
    """Compose the view."""
    open_what_was_made()
    view = open_view("Data", needs_both=False, otherwise=lambda: data_panel(current_state().data))
    data = view.data
    remember_open(data)
    open_set(data)
    data_panel()
