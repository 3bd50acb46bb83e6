"""Numbers that take seconds, computed beside the page: it shows how far they are, and then the numbers.

What is kept: the results of the last 96 jobs, each at most a few hundred spectra of a few hundred values.
"""

from collections.abc import Callable

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import Job, JobQueue

FIRST_WAIT_S = 0.25
"""A job that ends this soon is shown at once, without a bar that flickers."""

_figures = JobQueue(ended_kept=96)


def in_background(
    slot: str,
    key: str,
    title: str,
    work: Callable[[Job], object],
    *,
    lane: str = "figures",
    jobs: JobQueue = _figures,
) -> Job:
    """Return the job with this key: known, or started now.

    A session asks for one key a slot at a time; the job that it asked for before is stopped, since nobody looks at
    it any more. One that failed is not tried again until its key is another.

    Args:
        slot: what part of the page it is for.
        key: digest of everything that the result depends on.
        title: what is computed, in words.
        work: as of `Job`.
        lane: work of one lane runs one after another; what takes minutes has a lane of its own.
        jobs: where it runs and where its result is kept; large results have a queue that keeps few.
    """
    earlier = st.session_state.get(f"job of {slot}")
    if earlier is not None and earlier != key:
        stale = jobs.find(earlier)
        if stale is not None:
            stale.cancel()
    st.session_state[f"job of {slot}"] = key
    known = jobs.find(key)
    if known is not None and not known.is_stopping and known.status != "cancelled":
        return known
    job = jobs.submit(Job(key=key, kind="figure", title=title, work=work, device=lane))
    job.wait(FIRST_WAIT_S)
    return job


def result_of(job: Job) -> object:
    """Return what a job came to, waiting for its end.

    Raises:
        DataError: it failed, or was stopped.
    """
    job.wait()
    if job.status != "done":
        raise sde.DataError(job.error or f"{job.title} was stopped: ask for it again")
    return job.result
