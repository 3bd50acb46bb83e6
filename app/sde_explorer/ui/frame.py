"""The frame of every view: the finding as its title, one line of its own controls, the picture, tabs below.

    view = open_view("Spectrum")                      # draws nothing but the places; view.data is the open set
    with view.controls:                               # one line; labels for screen readers only (bare=True)
        segments("spectra", "Matrix", bare=True)
        view.how_to_read("Each point is a direction ...")
    view.finding("9 of 192 image directions carry 34 % of the energy; 111 look like noise")
    with view.picture:
        st.plotly_chart(figure, height=view.height)
    view.tabs("section", {"Energy": draw_energy, "Rules": draw_rules})   # only the open one is called

The shared controls stand in the side panel (`sde_explorer.ui.panel`); a view draws none of them. A view is no
fragment: the side panel would not follow what is pressed in it. Parts whose controls change nothing that is shown
elsewhere may be fragments.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.state import choices
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.panel import opened_set
from sde_explorer.ui.sampled import sampled_line
from sde_explorer.ui.session import current_state, link_problems
from sde_explorer.ui.skeleton import skeleton
from sde_explorer.ui.widget_keys import on_choice, widget_key
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MOST_LETTERS = 90
"""Of a finding: it stays on one line."""
PICTURE_HEIGHT = 560
"""Pixels of a main picture at 1440 x 900: the tabs below are seen to be there."""


@dataclass(frozen=True, slots=True)
class View:
    """The places of a view, top down.

    Attributes:
        data: the open set.
        controls: one line for what is the view's own; draw with labels that are for screen readers only.
        picture: the main picture.
    """

    data: Dataset
    controls: "DeltaGenerator"
    picture: "DeltaGenerator"
    _title: "DeltaGenerator"

    def finding(self, sentence: str, *, help: str | None = None) -> None:
        """Write the title: what the data say, with numbers; Markdown.

        Args:
            sentence: at most `MOST_LETTERS` letters as people see them.
            help: what its terms mean, on hover.
        """
        self._title.title(sentence, anchor=False, help=help)

    def how_to_read(self, words: str) -> None:
        """Put all that is to be said of the picture behind one button at the end of the line of controls.

        Args:
            words: Markdown.
        """
        with self.controls:
            st.space("stretch")
            with st.container(key="how_to_read_this", width="content"):
                how_to_read(words)

    def tabs(self, field: str, draw: Mapping[str, Callable[[], None]]) -> None:
        """Show tabs; only the open one is drawn, and so computed.

        Args:
            field: of the state, whose value is the name of the open tab: then it is in the link. Empty: the tab is
                remembered in this browser tab alone.
            draw: what is in each, by its name.
        """
        names = tuple(draw)
        if field:
            assert set(names) <= set(choices(field)), "a tab's name is a value of its field"
            opened = getattr(current_state(), field)
            key, first = widget_key(f"{field}_tabs", field, opened if opened in names else names[0])
            change: Callable[[], None] | Literal["rerun"] = on_choice(f"{field}_tabs", key)
        else:
            key, change = f"tabs {' '.join(names)}", "rerun"
            kept = st.session_state.setdefault(f"kept {key}", [names[0], names[0]])  # at first, and now
            if key not in st.session_state:  # drawn for the first time, or after another view
                kept[0] = kept[1]
            first = kept[0]
        for name, tab in zip(names, st.tabs(names, default=first, key=key, on_change=change), strict=True):
            if tab.open:
                if not field:
                    kept[1] = name
                with tab:
                    draw[name]()


def how_to_read(words: str) -> None:
    """Put what is more than one sentence behind a button.

    Args:
        words: Markdown.
    """
    with st.popover("How to read this", icon=":material/help:", type="tertiary"):
        st.markdown(words)


def open_view(name: str, *, otherwise: Callable[[], None] | None = None, needs_both: bool = True) -> View:
    """Return the places of a view and the open set, or stop with one sentence where there is none.

    Args:
        name: of the view; it is the title until `View.finding` is called.
        otherwise: what to draw where there is no data to show.
        needs_both: whether a set with vectors of one modality ends the view with what is missing.
    """
    opened = opened_set(name)
    for problem in link_problems(name):
        ours, says, theirs = problem.partition("; the link says")
        st.warning(f"{ours}{as_text(says + theirs)} The default is used instead.", icon=":material/link_off:")
    for sentence in opened.missing:
        st.warning(
            f"{as_text(sentence)} on this machine; what is there is shown instead.",
            icon=":material/link_off:",
        )
    title = st.container(key="finding").empty()
    title.title(name, anchor=False)
    if opened.data is None:
        error_box(opened.problem)
        st.info(
            "Choose another set at the side, or open pairs or vectors on the Data page.",
            icon=":material/arrow_back:",
        )
        if otherwise is not None:
            otherwise()
        st.stop()
    if needs_both:
        _stop_without_both(opened.data)
    controls = st.container(key="own_controls", horizontal=True, vertical_alignment="center", gap="small")
    with st.container(key=f"picture_of_{name.lower()}"):
        picture = st.container(key="main_picture")
    with picture:
        skeleton(name)
    if name != "Training":  # which takes all rows
        sampled_line(opened.data)
    return View(opened.data, controls, picture, title)


def _stop_without_both(data: Dataset) -> None:
    """Say which modality has no vectors, and end the view."""
    missing = data.embeddings.missing
    for modality in ("image", "text"):
        if modality in missing:
            st.info(f"{as_text(missing[modality])} This view needs both.", icon=":material/link_off:")
            st.caption("Choose another set at the side, or open the vectors of both on the Data page.")
            st.stop()
