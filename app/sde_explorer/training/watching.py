"""Watch: runs that are trained elsewhere, followed from the folder that SpectralMonitor writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.training.monitoring.following import FollowedRun, RunsFollower
from sde_core.vocabulary import Modality
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.places import BUNDLED_RUNS, may_open, place_of_runs
from sde_explorer.serving.policy import current
from sde_explorer.training import watch_words as words
from sde_explorer.training.figures.replay import replay_figure
from sde_explorer.training.figures.spectra import before_now_figure
from sde_explorer.training.figures.watch import watch_figure
from sde_explorer.training.figures.watch_parts import directions_figure, numbers_figure
from sde_explorer.training.numbers.watch import MOST_RUNS, as_log, events_of
from sde_explorer.ui.fields import choice, many, text
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.followed import followed
from sde_explorer.ui.frame import PICTURE_HEIGHT
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sde_explorer.ui.frame import View

_KEPT = "watched"
_MOST_EVENTS = 10


@dataclass(eq=False)
class _Watched:
    """What this browser tab follows: a restart of the server begins again at the start of the files.

    Attributes:
        place: that was asked for.
        follower: of the runs there.
        figures: by what they show, of the last reading.
    """

    place: Path
    follower: RunsFollower
    figures: "dict[object, go.Figure]" = field(default_factory=dict)


def watch_choice() -> None:
    """Offer to watch a run; nothing where no path may be given."""
    if current().roots != ():
        with st.popover("Watch a run", icon=":material/visibility:", width="content"):
            text("watch", "Folder of a run, or of several", placeholder="runs/clip-a", help=words.PLACE)


def recorded_choice() -> None:
    """Offer the watched trainings that ship with the project; nothing where they are not installed."""
    if place_of_runs(BUNDLED_RUNS, cached_sets.cache_folder()).is_dir():
        st.button(
            words.RECORDED,
            key="watch_recorded",
            icon=":material/stacked_line_chart:",
            on_click=put,
            kwargs={"watch": BUNDLED_RUNS, "watch_runs": words.RECORDED_FIRST},
            help=words.RECORDED_HELP,
        )


def watch_view(view: "View") -> None:
    """Show the runs at the place that the state names, for as long as the page is open."""
    asked = current_state().watch
    with view.controls:
        text("watch", "Folder of a run, or of several", placeholder="runs/clip-a", bare=True)
        st.button("Close", key="watch_close", icon=":material/close:", on_click=put, kwargs={"watch": ""})
    view.how_to_read(words.HOW_TO_READ)
    try:
        watched = _kept(place_of_runs(asked, cached_sets.cache_folder()))
    except sde.SDEError as error:
        view.picture.error(words.sentence(error), icon=":material/error:")
        return
    with view.picture:
        _follow(view, watched)


def _kept(place: Path) -> _Watched:
    watched = st.session_state.get(_KEPT)
    if not isinstance(watched, _Watched) or watched.place != place:
        watched = st.session_state[_KEPT] = _Watched(place, RunsFollower(place))
    return watched


def _read_on(watched: _Watched) -> list[FollowedRun]:
    """Return the chosen runs that have looks; why there is none is said where the picture would be."""
    try:
        own = cached_sets.cache_folder()
        there = [run for run in watched.follower.runs() if may_open(run.folder, own)]
    except sde.SDEError as error:
        error_box(error)
        return []
    runs = _chosen(there)
    seen = [run for run in runs if run.looks]
    if not seen:
        st.info(
            "The first look comes after the steps that the monitor was given.",
            icon=":material/hourglass_empty:",
        )
    return seen


@followed
def _follow(view: "View", watched: _Watched) -> None:
    """Read on and draw; a run that has ended may be gone on with, so this never ends by itself."""
    seen = _read_on(watched)
    if not seen:  # a fragment may write only where it wrote in the last whole run of the page
        view.finding("Training")
        return
    view.finding(words.finding(seen), help=words.FINDING_TERMS)
    sides = [Modality(name) for name in current_state().modalities][: None if len(seen) == 1 else 1]
    draw = partial(_drawn, watched, seen)
    st.plotly_chart(
        draw(("picture", *sides), lambda: watch_figure(seen, sides, height=PICTURE_HEIGHT)),
        key="watch_picture",
        config=CONFIG,
        alt=words.outcome(seen),
    )
    parts = {
        "Alarms": partial(_alarms, seen),
        "Directions": partial(_directions, seen, draw),
        "Spectrum": partial(_spectrum, seen, draw),
        "Recall, gap, scale": partial(_numbers, seen, draw),
    }
    view.tabs("watch_part", parts)


def _chosen(there: Sequence[FollowedRun]) -> list[FollowedRun]:
    """Return the runs that stand side by side; where there are more of them, let the visitor choose."""
    names = [run.name for run in there]
    if len(names) > MOST_RUNS:
        many(
            "watch_runs", "Runs side by side", names, most=MOST_RUNS, placeholder="the first four", bare=True
        )
    asked = [name for name in current_state().watch_runs if name in names]
    return [run for run in there if run.name in asked or not asked][:MOST_RUNS]


def _drawn(
    watched: _Watched, runs: Sequence[FollowedRun], what: object, make: "Callable[[], go.Figure]"
) -> "go.Figure":
    """Return a figure, drawn anew only where a run has changed: most readings find nothing new."""
    key = (what, *map(id, runs))
    if key not in watched.figures:
        for old in [each for each in watched.figures if isinstance(each, tuple) and each[0] == what]:
            del watched.figures[old]
        watched.figures[key] = make()
    return watched.figures[key]


def _alarms(runs: Sequence[FollowedRun]) -> None:
    st.markdown(words.alarms(runs))


def _directions(runs: Sequence[FollowedRun], draw: "Callable[..., go.Figure]") -> None:
    run = _one(runs)
    st.plotly_chart(
        draw(("directions", run.name), lambda: directions_figure(run)),
        key="watch_directions",
        config=CONFIG,
        alt=words.DIRECTIONS,
    )
    st.caption(words.DIRECTIONS)
    events = events_of(run)
    st.markdown(words.listed(events[:_MOST_EVENTS], none="The first eight directions stayed what they were."))


def _spectrum(runs: Sequence[FollowedRun], draw: "Callable[..., go.Figure]") -> None:
    run = _one(runs)
    log = as_log(run)
    if not log.spectra:
        st.info("No look has rows of both modalities.", icon=":material/hourglass_empty:")
        return
    replays = not run.is_live and bool(log.looks)
    st.plotly_chart(
        draw(
            ("spectrum", run.name),
            lambda: (
                replay_figure([log], replays=True, height=PICTURE_HEIGHT)
                if replays
                else before_now_figure(log)
            ),
        ),
        key="watch_spectrum",
        config=CONFIG,
        alt=f"Singular values of {run.name} at its first look and at step {run.looks[-1].step:,}.",
    )


def _numbers(runs: Sequence[FollowedRun], draw: "Callable[..., go.Figure]") -> None:
    for key, pair in words.NUMBERS.items():
        st.plotly_chart(
            draw(key, partial(numbers_figure, runs, tuple(pair), tuple(pair.values()))),
            key=f"watch_{key}",
            config=CONFIG,
            alt=", ".join(pair.values()) + " over the steps.",
        )
    st.caption(words.RECALL)


def _one(runs: Sequence[FollowedRun]) -> FollowedRun:
    """Return the run whose details are shown; of several, let the visitor choose."""
    names = [run.name for run in runs]
    asked = current_state().watch_run
    if len(names) > 1:
        choice("watch_run", "Run", names, bare=True, width=230, placeholder=names[0])
    return next((run for run in runs if run.name == asked), runs[0])
