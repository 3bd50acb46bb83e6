"""The ways into the guided tour: a button on the Overview, and a small one in the header of every view."""

import streamlit as st

from sde_explorer.tour.numbers import STEPS
from sde_explorer.ui.navigation import page_paths
from sde_explorer.ui.session import put

_GOING = "tour_going"
_HELP = (
    f"{len(STEPS)} steps in two minutes, on the bundled emoji set: what a spectrum is, what strong, weak and noise "
    "mean, what enhancement and pruning do to real searches, and where they do not help. What you look at comes back "
    "at the end."
)


def aim(number: int, page: str = "") -> None:
    """Let the next run go to a step of the tour, or out of it: for callbacks.

    Args:
        number: of the step, from 1; 0 leaves the tour.
        page: title of the view to leave to; empty is the one before the tour.
    """
    st.session_state[_GOING] = (number, STEPS[number - 1].page if number else page)


def aimed() -> tuple[int, str] | None:
    """Return the step and the view that were aimed at."""
    found: tuple[int, str] | None = st.session_state.get(_GOING)
    return found


def arrived() -> None:
    """Forget the aim."""
    st.session_state.pop(_GOING, None)


def header_button() -> None:
    """Show the way in at the end of a line; nothing during the tour, or where a view runs alone."""
    if _can_start():
        st.button(
            "Tour",
            key="tour_header",
            type="tertiary",
            icon=":material/tour:",
            help=_HELP,
            on_click=aim,
            args=(1,),
        )
        st.button(
            "Present",
            key="present_start",
            type="tertiary",
            icon=":material/slideshow:",
            help="For a projector: the tour's steps on the set that is open, in large type; the arrow keys lead "
            "through them, Esc leaves.",
            on_click=_present,
        )


def _present() -> None:
    put(present=1)
    aim(1)


def overview_button() -> None:
    """Show the way in; nothing during the tour, or where a view runs alone."""
    if _can_start():
        st.button(
            "Take the tour, two minutes",
            key="tour_overview",
            icon=":material/tour:",
            help=_HELP,
            on_click=aim,
            args=(1,),
        )


def _can_start() -> bool:
    return bool(page_paths()) and not st.session_state.get("tour")
