"""The guided tour: a card above the real views. Each step sets the state and says what to look at there."""

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.intake.names import data_name
from sde_explorer.readings.cached import knowledge as cached_knowledge
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.matrices import Matrix
from sde_explorer.spectrum.numbers import uncertainty as numbers_uncertainty
from sde_explorer.state import State
from sde_explorer.subspaces.cached import directions as cached_directions
from sde_explorer.subspaces.numbers.knowledge import known_columns
from sde_explorer.subspaces.words import chance_level
from sde_explorer.tour import cached as cached_tour
from sde_explorer.tour import words
from sde_explorer.tour.numbers import (
    DATA,
    HELPS,
    HURTS,
    KNOWS,
    NOISE,
    STEPS,
    STRONG,
    TourSearches,
    presented,
    step_state,
    telling_direction,
)
from sde_explorer.tour.present import PRESENT_STYLE
from sde_explorer.tour.start import aim, aimed, arrived
from sde_explorer.ui.navigation import switch_to
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import pending
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.thumbnails import thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable

    from sde_core.partition import Bands
    from sde_explorer.readings.cached.sets import Dataset

_BEFORE = "tour_before"
_N_PICTURES = 4
_STYLE = """<style>
.st-key-tour{min-height:12.5rem}
@media (max-width:1100px){.st-key-tour{min-height:16rem}}
</style>"""
_ONWARD = (
    ("Your own data", "Data", ":material/database:"),
    ("Train with SDE", "Training", ":material/model_training:"),
    ("Share a picture", "Share", ":material/ios_share:"),
)


def tour(title: str) -> None:
    """Show the step that the state is at above the view with this title; nothing where there is no tour.

    A view is drawn after this: what a step sets is set before its widgets are.
    """
    if current_state().present and not current_state().tour and aimed() is None:
        put(tour=1)  # a link that only says so
    _go(title)
    number = current_state().tour
    if number:
        with st.container(border=True, key="tour"):
            if current_state().present:
                st.html(PRESENT_STYLE)
            _card(number, title)


def _base() -> State:
    """Return what the steps stand on: the sample, or the set that is presented.

    Of the sample it is the part that it opens on, but for a link to a step that means all of it.
    """
    state = current_state()
    if state.present:
        return presented(state)
    is_whole = state.tour and state.data == DATA.data and not state.part
    return replace(DATA, part=() if is_whole else cached_sets.opening_part(DATA.data, DATA.encoder))


def _go(title: str) -> None:
    """Set what was aimed at, and go where it is shown.

    It is set once more on the view that it leads to: the browser sends the old state of its boxes along with a
    change of view.
    """
    aiming = aimed()
    if aiming is None:
        return
    number, page = aiming
    if number:
        if not current_state().tour:
            st.session_state.setdefault(_BEFORE, (title, replace(current_state(), present=0)))
        state, is_whole = _state_of(number)
    else:
        left = replace(_base(), present=0)
        back, state = st.session_state.get(_BEFORE, (title, left))
        page, is_whole = page or back, True
    put(**asdict(state))
    if page != title:
        switch_to(page)
    if is_whole:
        arrived()
        if not number:
            st.session_state.pop(_BEFORE, None)


def _state_of(number: int) -> tuple[State, bool]:
    """Return what a step sets, and whether all of it is known by now."""
    base = _base()
    try:
        data = _data()
        if number in (STRONG, NOISE):
            return step_state(number, base, direction=max(1, _direction(data, number))), True
        if number in (HELPS, HURTS):
            job = cached_tour.tour_searches(data)
            found = job.result.pair(number) if isinstance(job.result, TourSearches) else None
            if found is not None:
                return step_state(number, base, pair=found), True
            return step_state(number, base, search="text"), not job.is_active
    except sde.SDEError:
        pass  # the card says it
    return step_state(number, base), True


def _data() -> "Dataset":
    return cached_sets.shown(_base())


def _direction(data: "Dataset", number: int) -> int:
    state = step_state(number, _base())
    [report] = cached_spectra.bands(data, state, ("image",))
    return telling_direction(number, cached_directions.table_of(data, "image", state.center), report)


def _card(number: int, title: str) -> None:
    step, is_last = STEPS[number - 1], number == len(STEPS)
    st.html(_STYLE)
    left, right = st.columns([0.46, 0.54], vertical_alignment="center")
    with left.container(gap="xxsmall"):
        st.markdown(f"**{step.title}**")
        shows = current_state().present
        where = f"Presenting {data_name(_base().data)}" if shows else "Guided tour"
        st.caption(
            f"{where} · {number} of {len(STEPS)}{'' if shows else f' · on the bundled {DATA.data} set'}"
        )
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if not is_last:
            st.button(
                "Leave",
                key="tour_leave",
                type="tertiary",
                shortcut="Esc" if shows else None,
                on_click=aim,
                args=(0,),
            )
        st.button(
            "Back",
            key="tour_back",
            shortcut="Left" if shows else "Shift+Left",
            disabled=number == 1,
            on_click=aim,
            args=(number - 1,),
        )
        st.button(
            "Finish" if is_last else "Next",
            key="tour_next",
            type="primary",
            shortcut="Right" if shows else "Shift+Right",
            on_click=aim,
            args=(0 if is_last else number + 1,),
        )
    if title != step.page or _shown_data() != _base().data:
        _elsewhere(number, title)
        return
    try:
        _SAID[number](_data())
    except sde.SDEError as error:
        error_box(error)
    if is_last and not shows:
        _onward()


def _shown_data() -> str:
    return current_state().data


def _elsewhere(number: int, title: str) -> None:
    step = STEPS[number - 1]
    where = (
        f"is about the {step.page} view"
        if title != step.page
        else f"is about the {data_name(_base().data)} set"
    )
    st.markdown(f"This step {where}. What you look at now stays as it is until you go on.")
    st.button("Show this step", key="tour_here", icon=":material/my_location:", on_click=aim, args=(number,))


def _onward() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Where to go now:", width="content")
        for label, page, icon in _ONWARD:
            st.button(label, key=f"tour_to_{page}", icon=icon, on_click=aim, args=(0, page))


def _image(data: "Dataset") -> "Bands":
    [report] = cached_spectra.bands(data, _base(), ("image",))
    return report


def _chance(data: "Dataset") -> None:
    report = _image(data)
    job = cached_spectra.chance(data, Matrix(kind="image", center=_base().center))
    if job.status == "done":
        st.markdown(words.chance_step(report, numbers_uncertainty.above_chance(report, job.result.numpy())))
    pending([job])


def _reading(data: "Dataset", number: int) -> None:
    report, table = _image(data), cached_directions.table_of(data, "image", _base().center)
    cached_tour.tour_searches(data)  # found by the time that they are shown
    direction = telling_direction(number, table, report)
    if not direction:
        st.markdown("This band is empty here.")
        return
    reading = cached_directions.reading(data, "image", _base().center, direction)
    level = chance_level(reading)
    level = level if level is not None and math.isfinite(level) else None
    if number == STRONG:
        st.markdown(words.direction_step(table, direction, level))
    else:
        st.markdown(words.noise_step(table, report, direction, level))
    for column, end, name in zip(st.columns(2, gap="large"), (1, 0), ("Upper", "Lower"), strict=True):
        with column:
            st.caption(f"{name} end")
            thumbnails(data, [(int(row), "") for row in reading.images[end][:_N_PICTURES]])


def _knows(data: "Dataset") -> None:
    if not data.embeddings.metadata:
        st.markdown(words.NO_COLUMNS)
        return
    state = step_state(KNOWS, _base())
    job = cached_knowledge.knowledge(data, "image", state.center, state.given)
    if job.status == "done":
        labels = _image(data).labels
        st.markdown(words.knows_step(known_columns(job.result, labels), labels))
    pending([job])


def _curriculum(data: "Dataset") -> None:
    state = step_state(7, _base())
    kinds = ("image", "text")
    st.markdown(
        words.curriculum_step(
            cached_curriculum.gains(data, state, kinds), cached_curriculum.certificates(data, state, kinds)
        )
    )


def _searches(data: "Dataset", say: "Callable[[TourSearches], str]") -> None:
    job = cached_tour.tour_searches(data)
    if isinstance(job.result, TourSearches):
        st.markdown(say(job.result))
    pending([job])


_SAID: "dict[int, Callable[[Dataset], object]]" = {
    1: lambda data: st.markdown(words.spectrum_step(_image(data))),
    2: lambda data: st.markdown(words.bands_step(_image(data))),
    3: _chance,
    STRONG: lambda data: _reading(data, STRONG),
    NOISE: lambda data: _reading(data, NOISE),
    KNOWS: _knows,
    7: _curriculum,
    HELPS: lambda data: _searches(data, lambda found: words.search_step(found.helped, found, helps=True)),
    HURTS: lambda data: _searches(data, lambda found: words.search_step(found.hurt, found, helps=False)),
    10: lambda data: _searches(data, words.limits_step),
}
