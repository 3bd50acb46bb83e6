"""The surface of R@1 and gap over both thresholds: measured on wish, chosen on validation, reported on test."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.gains import kind_of
from sde_explorer.retrieval import cached as cached_retrieval
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.surface import surface_figure
from sde_explorer.retrieval.numbers.surface import FACTORS
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.followed import followed
from sde_explorer.ui.job_progress import job_error, job_progress
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.words import as_text, plain

if TYPE_CHECKING:
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.retrieval.numbers.surface import Surface
    from sde_explorer.retrieval.state import RetrievalState

CHART = "surface_chart"
_WHY = (
    "Every pair of thresholds from a quarter to four times the rule's own: which of them would retrieve best? One "
    "part of the set chooses, and another, which chose nothing, says what the choice is worth."
)


def recall_surface(data: "Dataset", state: "RetrievalState") -> None:
    """Show the surface of the state's treatment, or how to get it.

    Args:
        data: the set.
        state: rule, curriculum, captions; its thresholds are marked.
    """
    st.caption(_WHY)
    try:
        reports = cached_spectra.bands(data, state, ("image", "text"))
    except sde.SDEError as error:
        error_box(error)
        return
    if not all(report.cuts_by_size for report in reports):
        st.info(words.NO_THRESHOLDS.format(state.rule), icon=":material/rule:")
        return
    job = cached_retrieval.surface_job(data, state)
    known = queue.find(job.key)
    if known is None or known.status in ("failed", "cancelled"):
        if known is not None and known.error:
            st.error(job_error(known), icon=":material/error:")
        elif known is not None:
            st.info(f"{as_text(known.title)}: stopped.", icon=":material/stop_circle:")
        st.button(
            "Measure the surface",
            key="surface_start",
            icon=":material/grid_on:",
            help=f"{len(FACTORS)} × {len(FACTORS)} pairs of thresholds, in the background.",
            on_click=lambda: _start(job),
        )
        return
    if known.is_active:
        job_progress(known)
        _grown(data, state)
        return
    whole = cached_retrieval.surface_job(data, state, whole=True)
    finer = queue.find(whole.key)
    found: Surface = finer.result if finer is not None and finer.status == "done" else known.result
    _draw(found, state)
    if found.n_val < found.n_val_all:
        _finer(found, known, whole, finer)
    _said(found, state)


def _finer(found: "Surface", known: "Job", whole: "Job", finer: "Job | None") -> None:
    """Say of how many pictures the surface is, with the button that lets all choose, or how far that is."""
    asks = finer is None or not finer.is_active
    exact_line(
        f"Seeded sample, {found.n_val:,} of {found.n_val_all:,} validation pictures."
        + ("" if asks else " All are being measured; then they take its place."),
        key="surface_all",
        ask=f"Measure on all {found.n_val_all:,}",
        seconds=known.seconds * (found.n_val_all / found.n_val) ** 2 if asks else 0.0,
        on_ask=_start,
        args=(whole,),
    )
    if finer is not None and finer.is_active:
        job_progress(finer)
    elif finer is not None and finer.error:
        st.error(job_error(finer), icon=":material/error:")


def _start(job: "Job") -> None:
    queue.submit(job)


@followed
def _grown(data: "Dataset", state: "RetrievalState") -> None:
    """Draw the cells that there are, again and again; `job_progress` redraws the page at the end."""
    known = queue.find(cached_retrieval.surface_job(data, state).key)
    partial: Surface | None = known.partial if known is not None else None
    if partial is not None and partial.cells:
        _draw(partial, state)


def _draw(found: "Surface", state: "RetrievalState") -> None:
    st.plotly_chart(
        surface_figure(found, FACTORS, (state.noise, state.strong)),
        key=CHART,
        config=CONFIG,
        on_select=_take_cell,
        selection_mode="points",
        alt="R@1 less raw, and modality gap, on validation, over noise and strong thresholds. "
        + plain(words.best_story(found, kind_of(state)).split("\n")[0]),
    )


def _said(found: "Surface", state: "RetrievalState") -> None:
    kind, best = kind_of(state), found.best
    st.markdown(words.best_story(found, kind))
    is_used = (state.noise, state.strong) == (best.noise, best.strong)
    st.button(
        "These thresholds are in use" if is_used else "Use these thresholds",
        key="surface_use",
        icon=":material/check:" if is_used else ":material/tune:",
        disabled=is_used,
        help="Sets both thresholds in all views.",
        on_click=lambda: put(noise=best.noise, strong=best.strong),
    )
    st.caption(words.surface_story(found, state, kind))


def cell_clicked(points: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    """Return the noise and strong multiple of a clicked cell; None if the click says nothing."""
    data = points[-1].get("customdata") if points else None
    if isinstance(data, Mapping):  # typed arrays of the browser arrive as {"0": ..., "1": ...}
        data = list(data.values())
    if not data or len(data) < 2:
        return None
    noise, strong = data[0], data[1]
    return (noise, strong) if noise in FACTORS and strong in FACTORS else None


def _take_cell() -> None:
    event = st.session_state.get(CHART)
    cell = cell_clicked(event["selection"]["points"] if event else [])
    if cell is not None and cell != (current_state().noise, current_state().strong):
        put(noise=cell[0], strong=cell[1])
