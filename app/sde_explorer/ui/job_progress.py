"""How a job in the background goes: a bar with words, what it waits for, and a button that stops it."""

import math

import streamlit as st

from sde_explorer.jobs import Job
from sde_explorer.serving.policy import current
from sde_explorer.ui.followed import followed
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.words import as_text


@followed
def job_progress(job: Job) -> None:
    """Follow a job; the page is redrawn once, when it ends.

    Args:
        job: that runs or waits.
    """
    if not job.is_active:
        st.rerun()
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    left.progress(job.share, job_sentence(job))
    right.button(
        "Cancel",
        key=f"cancel {job.key}",
        icon=":material/stop_circle:",
        width="stretch",
        disabled=job.is_stopping,
        on_click=job.cancel,
    )


def job_sentence(job: Job) -> str:
    """Return what a job that has not ended does right now, in a line of Markdown."""
    title = f"**{as_text(job.title)}**"
    if job.is_stopping:
        return f"{title}: stopping"
    if job.status == "waiting":
        ahead = job.ahead()
        is_known = bool(ahead) and (current().one_user or ahead[0].owner == job.owner)
        behind = f" behind {as_text(ahead[0].title) if is_known else 'another job'}" if ahead else ""
        more = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
        return f"{title} waits{behind}{more}"
    left = job.seconds_left
    rest = f" · about {left:,.0f} s left" if left is not None and math.isfinite(left) else ""
    return f"{title}: {as_text(job.note) or 'starts'}{rest}"


def job_error(job: Job) -> str:
    """Return how a job failed, as one sentence of Markdown."""
    return f"{as_text(job.title)}: {sentence_of(job.error)}"


def seconds_in_words(seconds: float) -> str:
    """Return about how long something takes.

    >>> seconds_in_words(12.3), seconds_in_words(400)
    ('12 s', '7 min')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
