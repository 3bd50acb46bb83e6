"""The way in for data: choose it, look at it, encode or open it, follow that, find it again."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer import sets
from sde_explorer.data.choice import data_choice, forget_found, found_data
from sde_explorer.data.encode import encode_form
from sde_explorer.data.preview import pairs_preview
from sde_explorer.data.recent_sets import recent_sets
from sde_explorer.data.unfinished import unfinished_encodings
from sde_explorer.data.vector_form import vector_form
from sde_explorer.data.words import CAN_BE_OPENED
from sde_explorer.intake import PairsFound, Recent, remember
from sde_explorer.jobs import Encoded, Opened, queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.places import READ_ONLY
from sde_explorer.serving.policy import current
from sde_explorer.ui.job_progress import job_error, job_progress
from sde_explorer.ui.navigation import page_link
from sde_explorer.ui.session import open_data
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.jobs import Job


def current_job() -> "Job | None":
    """Return this session's encoding or opening, running or ended; else an encoding that runs, whoever started it."""
    job: Job | None = st.session_state.get("data_job")
    running = queue.active("encode", _owner()) if job is None else []
    if running:  # its browser was lost, or, where all are one user, a colleague started it
        st.session_state["data_job"] = job = running[0]
    return job


def _owner() -> str | None:
    """Return whose jobs this visitor may follow; None is everybody's."""
    return None if current().one_user else str(cached_sets.cache_folder())


def open_what_was_made() -> None:
    """Show a set that this session has just encoded or opened, in a new run: the side panel was drawn before."""
    if said := st.session_state.pop("data_said", ""):
        st.toast(said, icon=":material/check_circle:")
    job = st.session_state.get("data_job")
    result = job.result if job is not None else None
    if (
        job is None
        or not isinstance(result, Encoded | Opened)
        or st.session_state.get("data_opens") != job.key
    ):
        return
    st.session_state.pop("data_opens")
    entry = sets.entry_of(result.folder)
    if entry is None:  # removed since
        return
    encoder = result.encoder if isinstance(result, Encoded) else entry.encoder
    data = result.source if isinstance(result, Encoded) else entry.data
    remember_result(result, data, encoder)
    open_data(data, encoder)
    forget_found()
    st.session_state["data_opened"] = job.key
    st.session_state["data_said"] = f"{as_text(job.title)}: opened."
    st.rerun()


def remember_result(result: "Encoded | Opened", data: str, encoder: str) -> None:
    """Note where a set came from, so that its pictures are found in the same way again."""
    entry = Recent(
        data=data,
        encoder=encoder,
        folder=str(result.folder),
        source=result.source,
        format=result.format,
        root=result.root if isinstance(result, Encoded) else "",
    )
    remember(cached_sets.cache_folder(), entry)


def data_panel(suggested: str = "") -> None:
    """Show all of it below each other, where no set is open.

    Args:
        suggested: path that was asked for elsewhere and is not open.
    """
    opening(suggested)
    what_was_found()
    st.subheader("Opened lately", anchor=False)
    recent_sets()


def opening(suggested: str = "") -> None:
    """Show where data may lie, and the button that looks at it.

    Args:
        suggested: path that was asked for elsewhere and is not open.
    """
    with st.container(border=True):
        st.markdown("**Open your own pairs or vectors**")
        rules = current()
        if rules.read_only:
            st.info(f"{READ_ONLY[0].upper()}{READ_ONLY[1:]}.", icon=":material/lock:")
            if rules.roots == ():
                return
        data_choice(suggested)
        st.caption(CAN_BE_OPENED)


def what_was_found() -> None:
    """Show what was left unfinished, what the last look found, how the work on it goes and how it ended."""
    rules = current()
    found, job = found_data(), current_job()
    unfinished_encodings()
    if found is None and job is None:
        return
    with st.container(border=True):
        busy = rules.read_only or (job is not None and job.is_active)
        if isinstance(found, PairsFound):
            pairs_preview(found)
            encode_form(found, busy=busy)
        elif found is not None:
            vector_form(found, busy=busy)
        if job is not None and job.is_active:
            job_progress(job)
        elif job is not None:
            _outcome(job)


def _outcome(job: "Job") -> None:
    result = job.result
    if isinstance(result, Encoded | Opened) and st.session_state.get("data_opens") == job.key:
        st.rerun()  # it ended while this page was drawn: open it
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    if job.error:
        left.error(job_error(job), icon=":material/error:")
    elif not isinstance(result, Encoded | Opened):
        left.info(f"{as_text(job.title)}: cancelled, nothing was written.", icon=":material/stop_circle:")
    else:
        left.success(_success(job, result), icon=":material/check_circle:")
        with left.container(horizontal=True):
            page_link("Overview", "See its overview", icon=":material/space_dashboard:")
            page_link("Spectrum", "See its spectrum", icon=":material/ssid_chart:")
    right.button(
        "Close",
        key="data_close",
        icon=":material/close:",
        type="tertiary",
        width="stretch",
        on_click=lambda: st.session_state.pop("data_job", None),
    )


def _success(job: "Job", result: "Encoded | Opened") -> str:
    done = "read, saved"
    if isinstance(result, Encoded):
        done = "was encoded before" if result.was_there else "encoded, saved"
    where = "opened" if st.session_state.get("data_opened") == job.key else "choose it at the side"
    return f"{as_text(job.title)}: {done} and {where}.{_left_out(result.n_skipped)}"


def _left_out(count: int) -> str:
    if not count:
        return ""
    return f" {'1 item was' if count == 1 else f'{count:,} items were'} skipped and listed below."
