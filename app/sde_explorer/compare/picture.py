"""The main picture: both spectra on each other, and beside them how many neighbours each row keeps."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.compare import words
from sde_explorer.compare.figures.spaces import kept_figure
from sde_explorer.compare.figures.spectra import compared_spectra_figure
from sde_explorer.compare.found import results
from sde_explorer.compare.numbers.measures import Neighbours
from sde_explorer.readings.cached.knowledge import direction_names
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.pending import pending
from sde_explorer.ui.skeleton import waiting_figure
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    from sde_explorer.compare.found import Compared
    from sde_explorer.jobs import Job

HEIGHT = 470
"""Pixels at 1440 x 900: the note and the tabs below are seen to be there."""
_BAR = 70
"""Pixels of the bar above what waits for the neighbours."""


def picture(found: "Compared") -> "list[Job]":
    """Draw the spectra, and only then begin to look for neighbours and matches; draw what is there of them.

    Args:
        found: both sets.

    Returns:
        Jobs that had not ended when the right figure was drawn.
    """
    left, right = chart_columns("compare_picture", (0.62, 0.38), least="18rem")
    state = found.state
    with left:
        if found.pairs:
            st.plotly_chart(
                compared_spectra_figure(
                    found.pairs,
                    unit=state.unit,
                    xscale=state.xscale,
                    yscale=state.yscale,
                    names={
                        a.modality: direction_names(found.common.a, a.modality, state.center, state.names)
                        for a, _ in found.pairs
                    },
                    height=HEIGHT,
                ),
                key="compare_spectra_chart",
                config=CONFIG,
                alt="Share of the energy by direction, A solid and B dashed. "
                + plain(words.spectra_story(found.pairs)),
            )
    # Before anything of them is drawn: what ends meanwhile is drawn by another run.
    waiting = [job for job in (*found.neighbours, *found.retrieval, *found.finer) if job.is_active]
    with right:
        there = results(found.neighbours, Neighbours)
        if there:
            st.plotly_chart(
                kept_figure(there, height=HEIGHT),
                key="compare_kept_chart",
                config=CONFIG,
                alt="Share of rows by the number of neighbours that they keep. "
                + plain(words.kept_story(there)),
            )
        pending(found.neighbours)
        if not there and any(job.is_active for job in found.neighbours):
            waiting_figure(HEIGHT - _BAR)
    return waiting
