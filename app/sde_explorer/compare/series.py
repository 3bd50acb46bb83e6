"""A row of checkpoints of one training in the Compare view: the figures of a watched run, and each beside the first."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.training.monitoring.following import FollowedRun
from sde_core.vocabulary import Modality
from sde_explorer.compare import series_words as words
from sde_explorer.compare.figures.series import from_start_figure, kept_bands_figure
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.places import place_of_runs
from sde_explorer.serving.policy import current
from sde_explorer.training.figures.watch import watch_figure
from sde_explorer.training.figures.watch_parts import directions_figure, numbers_figure
from sde_explorer.training.numbers.watch import events_of
from sde_explorer.training.watch_words import listed
from sde_explorer.ui.fields import text
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import PICTURE_HEIGHT
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from sde_core.training.series import CheckpointSeries
    from sde_explorer.ui.frame import View

_MOST_EVENTS = 10


def series_choice() -> None:
    """Offer to show the checkpoints of one training; nothing where no path may be given."""
    if current().roots != ():
        with st.popover("Checkpoints", icon=":material/timeline:", width="content"):
            text("series", "Folder of a series", placeholder="series/run", help=words.PLACE)


def series_view(view: "View") -> None:
    """Show the series that the state names."""
    with view.controls:
        text("series", "Folder of a series", placeholder="series/run", bare=True)
        st.button("Close", key="series_close", icon=":material/close:", on_click=put, kwargs={"series": ""})
    view.how_to_read(words.HOW_TO_READ)
    try:
        series = sde.read_series(place_of_runs(current_state().series, cached_sets.cache_folder()))
    except sde.SDEError as error:
        view.picture.error(sentence_of(error), icon=":material/error:")
        return
    run = FollowedRun(series.folder, series.looks)
    view.finding(words.finding(series), help=words.FINDING_TERMS)
    sides = [Modality(name) for name in current_state().modalities]
    with view.picture:
        st.plotly_chart(
            watch_figure([run], sides, height=PICTURE_HEIGHT),
            key="series_picture",
            config=CONFIG,
            alt=words.outcome(series),
        )
    parts = {
        "Against the first": partial(_from_start, series),
        "Energy between bands": partial(_kept, series),
        "Recall": partial(_recall, run),
        "Directions": partial(_directions, run),
    }
    view.tabs("series_part", parts)


def _from_start(series: "CheckpointSeries") -> None:
    st.plotly_chart(from_start_figure(series.points), key="series_start", config=CONFIG, alt=words.FROM_START)
    st.caption(words.FROM_START)


def _kept(series: "CheckpointSeries") -> None:
    st.plotly_chart(kept_bands_figure(series.points), key="series_bands", config=CONFIG, alt=words.KEPT)
    st.caption(words.KEPT)


def _recall(run: FollowedRun) -> None:
    names = {"recall/image": "R@1, text → image", "recall/text": "R@1, image → text"}
    st.plotly_chart(
        numbers_figure([run], tuple(names), tuple(names.values())),
        key="series_recall",
        config=CONFIG,
        alt="R@1 of all probe pairs over the checkpoints, both ways.",
    )


def _directions(run: FollowedRun) -> None:
    st.plotly_chart(directions_figure(run), key="series_directions", config=CONFIG, alt=words.DIRECTIONS)
    st.caption(words.DIRECTIONS)
    st.markdown(listed(events_of(run)[:_MOST_EVENTS], none=words.NO_EVENT))
