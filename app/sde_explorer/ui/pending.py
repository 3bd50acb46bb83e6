"""What stands where numbers are still being computed: how far they are, what is there already, or why not."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from sde_explorer.jobs import Job
from sde_explorer.ui.followed import followed
from sde_explorer.ui.job_progress import job_error, job_sentence
from sde_explorer.ui.words import as_text


def pending(jobs: list[Job], *, draws_partial: bool = False) -> None:
    """Show how far jobs are that the page waits for; it is redrawn when one of them ends.

    A job that failed says so here, and the rest of the page lives on.

    Args:
        jobs: the page waits for.
        draws_partial: whether the page draws the partial result of a job, and so is redrawn when one has come.
    """
    for job in jobs:
        if job.status == "failed":
            st.error(job_error(job), icon=":material/error:")
        elif job.status == "cancelled" and job.was_stopped:
            st.info(
                f"{as_text(job.title)}: stopped. It goes on from the side panel.",
                icon=":material/stop_circle:",
            )
    active = [job for job in jobs if job.is_active]
    if active:
        _watch(active, [job for job in active if draws_partial and job.partial is None])


def catch_up(waiting: list[Job]) -> None:
    """Run again where a job ended after that which waits for it was drawn: nobody watches it any more.

    Args:
        waiting: jobs without a result when the page was drawn.
    """
    if any(job.status == "done" for job in waiting):
        st.rerun()


def growing(job: Job, draw: Callable[[Any], None]) -> None:
    """Draw what a job came to; while it runs, what it has so far, again and again.

    Args:
        job: whose partial result is of the kind of its result.
        draw: of the result or a part of it.
    """
    if job.is_active:
        _grow(job, draw)
    elif job.status == "done":
        draw(job.result)
    else:
        pending([job])


@followed
def _watch(jobs: list[Job], bare: list[Job]) -> None:
    if not all(job.is_active for job in jobs) or any(job.partial is not None for job in bare):
        st.rerun()
    st.progress(jobs[0].share, job_sentence(jobs[0]))


@followed
def _grow(job: Job, draw: Callable[[Any], None]) -> None:
    if not job.is_active:
        st.rerun()
    st.progress(job.share, job_sentence(job))
    if job.partial:
        draw(job.partial)
