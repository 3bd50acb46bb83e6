"""What is measured of the treatments: the jobs, how far they are, and the rows that are there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.gains import kind_of
from sde_explorer.retrieval import cached as cached_retrieval
from sde_explorer.retrieval.numbers.sampled import steps_of
from sde_explorer.retrieval.numbers.table import RAW, Part, RecallRow, in_order, treatment_config
from sde_explorer.state import DEFAULT
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.followed import followed
from sde_explorer.ui.job_progress import job_error
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.retrieval.state import RetrievalState

_STOPPED, _EXACT = "recall_stopped", "recall_exact_asked"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The table as far as it is there.

    Attributes:
        data: the set.
        state: of the dashboard.
        parts: fitted on, and asked.
        jobs: that measure what is shown.
        finer: jobs that ask more queries, whose rows are shown once all of them are there.
        exact_s: seconds that asking all queries takes, about; 0 where all are asked already, or will be.
    """

    data: "Dataset"
    state: "RetrievalState"
    parts: tuple[Part, Part]
    jobs: "list[Job]"
    finer: "tuple[Job, ...]" = ()
    exact_s: float = 0.0

    @property
    def is_growing(self) -> bool:
        """Whether more rows are on their way."""
        return any(job.is_active for job in (*self.jobs, *self.finer))

    @property
    def n_asked(self) -> int:
        """Queries each way that are shown; 0 is all of them."""
        asked = self.parts[1].asked
        return min(map(len, asked.values())) if asked else 0

    def rows(self) -> list[RecallRow]:
        """Return the rows that are there by now, raw first."""
        found: list[RecallRow] = []
        for job in self.jobs:
            some = job.result if job.status == "done" else job.partial
            found += some if isinstance(some, list) else []
        return in_order(found)

    def row(self, name: str) -> RecallRow | None:
        """Return a row by its name, if it is there by now."""
        return next((row for row in self.rows() if row.name == name), None)

    @property
    def treated(self) -> str:
        """Name of the row that the treatment at the side is."""
        return "sde-pruned" if kind_of(self.state) == "pruned" else "sde-enhanced"


def measured(data: "Dataset", state: "RetrievalState") -> Measured:
    """Return what is measured, which starts it; rows that were stopped stay so until somebody wants them to go on.

    Raises:
        DataError: the set is too small to be halved.
    """
    fit, test = cached_retrieval.recall_parts(data, state.recall_captions)
    if state.recall_row not in sde.comparison_names()[1:]:
        st.warning(
            f"The table has no row “{as_text(state.recall_row)}”: {DEFAULT.recall_row} is shown.",
            icon=":material/link_off:",
        )
        put(recall_row=DEFAULT.recall_row)
        state = current_state()
    stopped = st.session_state.get(_STOPPED)
    if stopped is not None and stopped[0] == _of(data, state):
        found: Measured = stopped[1]
        return replace(found, state=state)
    is_exact = st.session_state.get(_EXACT) == (data.fingerprint, state.recall_captions)
    steps = [*steps_of(test), *([0] if is_exact else [])]
    shown, finer, most = cached_retrieval.recall_jobs(data, state, steps[0]), [], steps[0]
    for step in steps[1:]:  # one after another; what is shown changes only as a whole
        if not all(job.status == "done" for job in shown):
            break
        finer = cached_retrieval.recall_jobs(data, state, step)
        if not all(job.status == "done" for job in finer):
            break
        shown, finer, most = finer, [], step
    asked = cached_retrieval.asked_part(data, state.recall_captions, most)
    exact_s = 0.0 if is_exact or not most else _seconds(shown, most, test)
    return Measured(
        data=data, state=state, parts=(fit, asked), jobs=shown, finer=tuple(finer), exact_s=exact_s
    )


def _seconds(jobs: "list[Job]", most: int, part: Part) -> float:
    """Return about how long it takes to ask all queries, from what it took to ask some."""
    return sum(job.seconds for job in jobs) * max(len(part.images), len(part.texts)) / most


def live(found: Measured, draw: Callable[[list[RecallRow]], object]) -> None:
    """Draw what is there; while more is on its way, again and again.

    Args:
        found: what is measured.
        draw: of the rows that are there.
    """
    if found.is_growing:
        _follow(found, [job for job in (*found.jobs, *found.finer) if job.is_active], draw)
    else:
        draw(found.rows())


@followed
def _follow(found: Measured, active: "list[Job]", draw: Callable[[list[RecallRow]], object]) -> None:
    """Draw once more; the page is redrawn whenever a job ends."""
    if not all(job.is_active for job in active):
        st.rerun()
    draw(found.rows())


def progress(found: Measured) -> None:
    """Say how far the table is, with a button that stops it, or one that lets it go on; nothing once it is there."""
    for job in (*found.jobs, *found.finer):
        if job.status == "failed":
            st.error(job_error(job), icon=":material/error:")
    of = _of(found.data, found.state)
    active = [job for job in (*found.jobs, *found.finer) if job.is_active]
    so_far = f"Asked {found.n_asked:,} seeded queries each way, among all items. " if found.n_asked else ""
    if active:
        now = next((job for job in active if job.status == "running"), active[0])
        total, there = len(sde.comparison_names()), len(found.rows())
        ahead = "Asking more" if found.finer else "Measuring"
        count = "" if found.finer else f" · {there} of {total} rows"
        _line(
            f"{so_far}{ahead}: {as_text(now.note) or RAW}{count}",
            lambda: st.button(
                "Stop",
                key="recall_stop",
                icon=":material/stop_circle:",
                type="tertiary",
                on_click=_stop,
                args=(found, of),
            ),
        )
    elif any(job.was_stopped or job.status == "cancelled" for job in (*found.jobs, *found.finer)):
        _line(
            "Stopped; the rows that were done by then are shown.",
            lambda: st.button(
                "Measure all rows",
                key="recall_again",
                icon=":material/play_arrow:",
                type="tertiary",
                on_click=lambda: st.session_state.pop(_STOPPED, None),
            ),
        )

    elif found.n_asked and found.exact_s:
        exact_line(
            so_far,
            key="recall_exact",
            ask="Ask all",
            seconds=found.exact_s,
            on_ask=_ask_all,
            args=(found,),
            help="Every query of the half that nothing was fitted on; beside the page.",
        )


def _line(words: str, button: Callable[[], object]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(words, width="content")
        button()


def _of(data: "Dataset", state: "RetrievalState") -> tuple[object, ...]:
    """Return what the table depends on."""
    return (data.fingerprint, state.recall_captions, treatment_config(state))


def _ask_all(found: Measured) -> None:
    st.session_state[_EXACT] = (found.data.fingerprint, found.state.recall_captions)


def _stop(found: Measured, of: tuple[object, ...]) -> None:
    for job in (*found.jobs, *found.finer):
        job.cancel()
    st.session_state[_STOPPED] = (of, found)
    st.session_state.pop(_EXACT, None)
