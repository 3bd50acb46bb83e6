"""Data: the pictures of the set that is open, what could not be used of it, and how to open something else."""

from functools import partial

from sde_explorer.data import words
from sde_explorer.data.check import check
from sde_explorer.data.open_set import open_set
from sde_explorer.data.panel import data_panel, open_what_was_made, opening, what_was_found
from sde_explorer.data.recent_sets import recent_sets, remember_open
from sde_explorer.data.review import review_pairs
from sde_explorer.data.shown_pairs import pair_controls, shown_pairs
from sde_explorer.readings.cached.sets import all_of
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.session import current_state
from sde_explorer.ui.skipped import skipped_items


def show() -> None:
    """Compose the view."""
    open_what_was_made()
    view = open_view("Data", needs_both=False, otherwise=lambda: data_panel(current_state().data))
    data, whole = view.data, all_of(view.data, current_state())
    remember_open(whole)
    view.finding(words.finding(whole))
    with view.controls:
        rows = pair_controls(data)
    view.how_to_read(words.HOW_IT_OPENS)
    with view.picture:
        left, right = chart_columns("data_first", (0.62, 0.38), least="17rem")
        with left:
            shown_pairs(data, rows)
        with right:
            opening()
    what_was_found()
    skipped_items(data.embeddings.skipped)
    view.tabs(
        "data_part",
        {
            "What is open": partial(open_set, whole),
            "What is odd": partial(check, whole),
            "Wrong pairs": partial(review_pairs, whole),
            "Opened lately": recent_sets,
        },
    )
