"""The direction reader: choose a direction, see what lies at its ends and what it is good for."""

import math
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.glossary.formats import signed
from sde_core.vocabulary import Modality
from sde_explorer.readings.cached import knowledge as cached_knowledge
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.headline import is_large
from sde_explorer.subspaces import words
from sde_explorer.subspaces.cached import directions as cached_directions
from sde_explorer.subspaces.direction_cards import direction_cards
from sde_explorer.subspaces.figures.directions import directions_figure
from sde_explorer.subspaces.terms import HELP
from sde_explorer.ui.cards import card_grid
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.fields import number, segments, slider
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import how_to_read
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.thumbnails import lines, thumbnails
from sde_explorer.ui.words import as_text
from sde_explorer.url_values import MOST_NAME, named_directions, with_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.numbers.directions import DirectionTable, Reading
    from sde_explorer.subspaces.state import SubspacesState

_CHART = "directions_chart"
_N_PICTURES = 6
_N_CAPTIONS = 2


@st.fragment
def direction_reader(data: "Dataset") -> None:
    """Show the reader; another direction redraws only this part."""
    state = current_state()
    if is_large(data.embeddings):
        job = cached_directions.table_job(data, state.basis, state.center)
        if job.is_active:
            segments("basis", "Directions of", help=HELP["basis"])
            pending([job])
            catch_up([job])
            return
    try:
        table = cached_directions.table_of(data, state.basis, state.center)
    except sde.SDEError as error:
        segments("basis", "Directions of", help=HELP["basis"])
        error_box(error)
        return
    count = len(table.values)
    if not count:
        segments("basis", "Directions of", help=HELP["basis"])
        st.info("All vectors are equal: there is no direction to read. Choose another part or keep the mean.")
        return
    if state.direction > count:  # another set, or a link of one, has more directions
        put(direction=count)
        state = current_state()
    _controls(table, state)
    labels = _labels(data, state)
    known = cached_directions.readings(data, state.basis, state.center, state.direction)
    waiting = [job for job in known.finer if job.is_active]
    [read] = known.jobs
    reading: Reading = read.result
    names = cached_knowledge.direction_names(data, state.basis, state.center, state.names)
    _name(data, state, names, count)
    left, right = chart_columns("direction_columns", (0.46, 0.54), least="27rem")
    with left:
        st.plotly_chart(
            directions_figure(table, labels, state.direction, level=words.chance_level(reading), names=names),
            key=_CHART,
            config=CONFIG,
            on_select=_take_click,
            selection_mode="points",
            alt=words.directions_alt(table, state.direction),
        )
    with right:
        card_grid(direction_cards(table, reading, labels), 2)
        _distributions(data, state, reading, whole=read.key.endswith("/all"))
        exact_rows(known, what="pairs", n_rows=reading.n_pairs, total=reading.total)
    _ends(data, reading)
    catch_up(waiting)


def _controls(table: "DirectionTable", state: "SubspacesState") -> None:
    count = len(table.values)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        segments("basis", "Directions of", bare=True)
        _step("Previous", ":material/chevron_left:", state.direction - 1, count)
        number("direction", f"Direction, 1 to {count:,}", high=count, width=130, bare=True)
        _step("Next", ":material/chevron_right:", state.direction + 1, count)
        for what, label in (("correlation", "Most cross-modal"), ("gap", "Most gap-like")):
            found = table.most(what)
            st.button(
                label,
                key=f"direction_{what}",
                icon=":material/my_location:",
                disabled=found in (0, state.direction),
                help=words.JUMP[what],
                on_click=lambda found=found: put(direction=found),
            )
        st.space("stretch")
        how_to_read(words.directions_story(table))
    if count > 1:
        slider("direction", "Direction", step=1, high=count, bare=True)


def _name(data: "Dataset", state: "SubspacesState", names: tuple[str, ...], count: int) -> None:
    """Show what the direction is named after, and a box to call it something else."""
    if state.basis not in tuple(Modality):
        return
    own = named_directions(state.names, state.basis).get(state.direction, "")
    said = names[state.direction - 1] if names and not own else own
    told = as_text(said) if said else "being measured"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**Direction {state.direction:,} of {count:,}**: {told}", help=words.NAMES, width="content"
        )
        key = f"direction_name/{data.fingerprint[:8]}/{state.basis}/{state.direction}"
        st.text_input(
            "Call this direction",
            own,
            key=key,
            max_chars=MOST_NAME,
            placeholder="call it something else",
            label_visibility="collapsed",
            width=260,
            on_change=lambda: put(
                names=with_name(state.names, state.basis, state.direction, st.session_state[key])
            ),
        )
    following = cached_knowledge.names(data, state.basis, state.center)
    if not names:
        pending([following])
        catch_up([following])


def _step(label: str, icon: str, number: int, count: int) -> None:
    st.button(
        label,
        key=f"direction_{label.lower()}",
        icon=icon,
        disabled=not 1 <= number <= count,
        on_click=lambda: put(direction=number),
    )


def _take_click() -> None:
    event = st.session_state.get(_CHART)
    points = event["selection"]["points"] if event else []
    number = points[-1].get("customdata") if points else None
    if isinstance(number, list | tuple) and number:
        number = number[0]
    if isinstance(number, int | float) and math.isfinite(number):
        put(direction=int(number))


def _labels(data: "Dataset", state: "SubspacesState") -> "npt.NDArray[np.int64] | None":
    """Return the bands of the directions, at the thresholds of the state; cross directions have none."""
    if state.basis in ("image", "text"):
        [report] = cached_spectra.bands(data, state, (state.basis,))
        return report.labels
    return None


def _distributions(data: "Dataset", state: "SubspacesState", reading: "Reading", *, whole: bool) -> None:
    coefficients, null = cached_directions.reading_figures(
        data, state.basis, state.center, reading.number, whole=whole
    )
    one, two = st.columns(2, gap="medium")
    with one:
        if null is not None:
            st.plotly_chart(null, key="null_chart", config=CONFIG, alt=words.null_story(reading))
        else:
            st.info("Without variation on both sides there is no correlation along this direction.")
    with two:
        st.plotly_chart(
            coefficients,
            key="coefficients_chart",
            config=CONFIG,
            alt="Histograms of the coefficients of pictures and captions.",
        )
    if not reading.p_value < 0.05:  # agreement is said by the card of the correlation
        st.caption(words.null_story(reading))


def _ends(data: "Dataset", reading: "Reading") -> None:
    embeddings, seen = data.embeddings, False
    for column, end in zip(st.columns(2, gap="large"), (1, 0), strict=True):
        with column:
            st.markdown(f"**{'Upper' if end else 'Lower'} end**")
            rows = reading.images[end][:_N_PICTURES]
            pictures = [(int(row), signed(reading.image[row], 3)) for row in rows]
            seen |= thumbnails(data, pictures, in_a_row=_N_PICTURES)
            lines(
                (embeddings.captions[int(row)], signed(reading.text[row], 3))
                for row in reading.texts[end][:_N_CAPTIONS]
            )
    if not seen:
        st.caption(words.NO_PICTURES)
