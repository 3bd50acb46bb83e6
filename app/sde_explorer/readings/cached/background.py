"""Numbers that take seconds, computed beside the page: it shows how far they are, and then the numbers.

What is kept: the results of the last 192 jobs, each at most a few hundred spectra of a few hundred values, or the ranks
of a table's rows, a few megabytes. Twenty visitors of eight sets and parts, with thresholds of their own, have 112.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode
from weakref import WeakSet

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import sde_core as sde
from sde_explorer.jobs import Job, JobQueue, T
from sde_explorer.readings.kept import Kept
from sde_explorer.serving import looks

FIRST_WAIT_S = 0.25
"""A job that ends this soon is shown at once, without a bar that flickers."""

REST_S = 3.0
"""So long after a view was drawn nothing is computed ahead."""
AT_ONCE = 2
"""Jobs that take seconds run so many beside each other, where several visitors or nobody waits for them."""
_LONGEST_S = 60.0
_DRAWN_BY_S, _SEEN_S = 10.0, 0.5
_turns = itertools.count()
_runs: dict[str, float] = {}  # until when each session counts as one that waits for its page


@dataclass(slots=True)
class Followed:
    """A job that a session asked for.

    Attributes:
        job: that it asked for.
        jobs: where it runs.
        view: title of the view that shows it.
        is_asked: whether the last whole run of the page asked for it.
    """

    job: Job
    jobs: JobQueue
    view: str
    is_asked: bool = True


_figures = JobQueue(ended_kept=192)
_queues: "WeakSet[JobQueue]" = WeakSet([_figures])


def in_background(
    slot: str,
    key: str,
    title: str,
    work: Callable[[Job[T]], T],
    *,
    lane: str = "figures",
    jobs: JobQueue = _figures,
    is_light: bool = False,
    kept: Kept[T] | None = None,
    is_ahead: bool = False,
) -> Job[T]:
    """Return the job with this key: known, read where its result is kept, or started now.

    A session asks for one key a slot at a time; the job that it asked for before is stopped, unless another session
    looks at it. So is one that a whole run of the page did not ask for, as soon as another waits: see `end_run`. One
    that failed is not tried again until its key is another.

    Args:
        slot: what part of the page it is for.
        key: digest of everything that the result depends on.
        title: what is computed, in words.
        work: as of `Job`.
        lane: work of one lane runs one after another; what takes minutes has a lane of its own.
        jobs: where it runs and where its result is kept; large results have a queue that keeps few.
        is_light: as of `Job`.
        kept: how its result outlives the server; None lets it go.
        is_ahead: whether nothing on the page waits for it yet.
    """
    who = session()
    known = jobs.find(key)
    is_new = known is None or (known.is_stopping and not known.was_stopped)
    _queues.add(jobs)
    if is_new and kept is not None and (found := kept.read(key)) is not None:
        known, is_new = jobs.put(Job.ended(key, title, *found)), False
    new: Job[T] = Job(
        key=key,
        kind="figure",
        title=title,
        work=work if kept is None else partial(_worked_and_kept, work, kept),
        device=lane,
        is_light=is_light,
        on_end=_ended,
    )
    if not who or is_ahead:  # asked for ahead of all visitors: those who come to it before its end follow it
        return jobs.submit(new) if known is None or is_new else known
    followed = followed_jobs()
    earlier = followed.get(slot)
    if earlier is not None and earlier.job.key != key:
        earlier.job.leave(who)
        if earlier.job.is_left:
            earlier.job.cancel()
    job = jobs.submit(new) if is_new else known
    assert job is not None
    job.watch(who)
    followed[slot] = Followed(job, jobs, str(st.session_state.get("view", "")))
    if is_new:
        job.wait(FIRST_WAIT_S)
    return job


def _worked_and_kept(work: Callable[[Job[T]], T], kept: Kept[T], job: Job[T]) -> T:
    result = work(job)
    kept.write(job.key, result, job.seconds)
    return result


def begin_again(key: str) -> None:
    """Let a job that failed or was stopped begin again when it is asked for next."""
    job = _figures.find(key)
    if job is not None and job.status in ("failed", "cancelled"):
        _figures.forget(key)


def finished(key: str) -> object:
    """Return the result of the job with this key where it is done, else None; nothing is started."""
    job = _figures.find(key)
    return job.result if job is not None and job.status == "done" else None


def is_busy(*, beside: int = 0) -> bool:
    """Return whether jobs of the page's numbers run or wait, or somebody comes or has just asked for a view.

    Args:
        beside: so many jobs leave room for another one.
    """
    now = time.monotonic()
    # A run that was broken off is one that never ends: after a minute it counts no more.
    is_asked = looks.is_awaited() or any(now < until for until in list(_runs.values()))
    return is_asked or is_computing(beside=beside)


def wait_until_drawn() -> None:
    """Wait until the pages that are being drawn are seen, for a few seconds at most: imports would hold them up."""
    pause, until = threading.Event(), time.monotonic() + _DRAWN_BY_S
    while looks.is_drawing() and time.monotonic() < until:
        pause.wait(_SEEN_S)
    pause.wait(_SEEN_S)


def is_computing(*, beside: int = 0) -> bool:
    """Return whether more than ``beside`` jobs of the page's numbers run or wait."""
    return len(_figures.active("figure")) > beside


def shortest_lane(name: str) -> str:
    """Return that of the `AT_ONCE` lanes of a name in which the fewest jobs run or wait, of equal ones another in turn.

    So two threads that ask at the same moment, before either has begun a job, do not end up behind each other.
    """
    active, first = Counter(job.device for job in _figures.active("figure")), next(_turns)
    lanes = [f"{name} {(first + n) % AT_ONCE}" for n in range(AT_ONCE)]
    return min(lanes, key=lambda lane: active[lane])


def followed_jobs() -> dict[str, Followed]:
    """Return what this session asked for last in each slot."""
    found: dict[str, Followed] = st.session_state.setdefault("followed_jobs", {})
    return found


def begin_run() -> None:
    """Begin to note what a whole run of the page asks for."""
    looks.begin(session(), st.context.headers.get(looks.HEADER, ""))
    _runs[session()] = time.monotonic() + _LONGEST_S
    for followed in followed_jobs().values():
        followed.is_asked = False


def end_run() -> None:
    """Let go what this run of the page did not ask for: it gives way as soon as another job waits behind it."""
    now = time.monotonic()
    _runs[session()] = now + REST_S
    for gone in [who for who, until in list(_runs.items()) if until < now]:
        _runs.pop(gone, None)
    for slot, followed in list(followed_jobs().items()):
        if not followed.is_asked:
            followed.job.leave(session())
            del followed_jobs()[slot]


def all_drawn() -> None:
    """Note that the page is drawn to its end: from now on it is told when the last of what it waits for ends."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        query = [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
        looks.drawn(context.session_id, page=context.page_script_hash, query=urlencode(query))


def _ended(job: Job) -> None:
    """Let the sessions look that waited for this job, and for no other one."""
    for who in set(job.watchers) - _waiting():
        looks.look(who)


def n_waiting() -> int:
    """Return how many sessions wait for a job of the page's numbers."""
    return len(_waiting())


def _waiting() -> set[str]:
    return {
        who for jobs in list(_queues) for job in jobs.all() if job.is_active for who in tuple(job.watchers)
    }


def session() -> str:
    """Return the id of the session whose page runs in this thread, or "" outside of a page."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None else ""


def result_of(job: Job[T]) -> T:
    """Return what a job came to, waiting for its end.

    Raises:
        DataError: it failed, or was stopped.
    """
    job.wait()
    if job.status != "done":
        raise sde.DataError(job.error or f"{job.title} was stopped: ask for it again")
    return job.result
