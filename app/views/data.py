"""Data: what is open, what could not be used of it, and how to open something else."""

from app.components.data_panel import data_panel, open_what_was_made
from app.components.open_set import open_set
from app.components.recent_sets import remember_open
from app.components.source import current_state, header, state_line


def show() -> None:
    """Compose the view."""
    open_what_was_made()
    data = header("Data", otherwise=lambda: data_panel(current_state().data))
    state_line()
    remember_open(data)
    open_set(data)
    data_panel()
