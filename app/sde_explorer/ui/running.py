"""What runs, what waits and for what, and what is done since: at the foot of the side panel, on every view."""

import streamlit as st

from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached.background import followed_jobs
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.serving.policy import current
from sde_explorer.ui.followed import followed
from sde_explorer.ui.job_progress import job_error, job_sentence
from sde_explorer.ui.words import as_text

TITLE = "SDE Explorer"
_SHOWN_AFTER_S = 1.0
_ENDED_KEPT = 20
_SEEN, _ENDED = "jobs_seen", "jobs_ended"


def running() -> None:
    """Show the jobs of this visitor; nothing where there are none. After the view, which may start some."""
    jobs = _jobs()
    if jobs or st.session_state.get(_ENDED):
        with st.sidebar, st.container(key="jobs", border=True, gap="xsmall"):
            (_follow if any(job.is_active for job, _ in jobs) else _show)()


def _jobs() -> list[tuple[Job, str]]:
    """Return what runs, waits, failed or was stopped for this visitor, each with the view that shows it, if any."""
    found = {id(f.job): (f.job, f.view) for f in followed_jobs().values()}
    mine = str(cache_folder())
    for job in queue.all():
        if current().one_user or job.owner == mine or job.watchers:
            found.setdefault(id(job), (job, ""))
    return [(job, view) for job, view in found.values() if job.is_active or _can_go_on(job)]


def _can_go_on(job: Job) -> bool:
    return job.status == "failed" or (job.status == "cancelled" and job.was_stopped)


@followed
def _follow() -> None:
    """Follow the jobs; the page is redrawn when one of them ends, also where the view does not wait for it."""
    if set(st.session_state.get(_SEEN, {})) - {job.key for job, _ in _jobs()}:
        _note_ended(_jobs())
        st.rerun()
    _show()


def _show() -> None:
    jobs = _jobs()
    _note_ended(jobs)
    active = [
        one
        for one in jobs
        if one[0].is_active and (one[0].status == "waiting" or one[0].seconds >= _SHOWN_AFTER_S)
    ]
    share = next((job.share for job, _ in active if job.status == "running"), None)
    st.set_page_config(page_title=TITLE if share is None else f"{share:.0%} · {TITLE}")
    waiting = [one for one in active if one[0].status == "waiting"]
    for job, view in [one for one in active if one not in waiting] + waiting[:1]:
        _active(job, view)
    if waiting[1:]:
        with st.expander("What else waits"):  # a line each would be most of the words of a page
            for job, view in waiting[1:]:
                _active(job, view)
    followed_here = {id(asked.job) for asked in followed_jobs().values()}
    stopped = [job for job, _ in jobs if _can_go_on(job)]
    mine = [job for job in stopped if id(job) in followed_here][:1]
    rest = [job for job in stopped if job not in mine]
    for job in mine:
        _again(job)
    if rest:  # also that of other tabs, whose sentences would stand on every page of this one
        icon = ":material/error:" if any(job.status == "failed" for job in rest) else None
        with st.expander(f"{len(rest)}{' more' if mine else ''} ended early", icon=icon):
            for job in rest:
                _again(job)
    ended = st.session_state.get(_ENDED, [])
    if ended:
        told = "\n".join(f"- {as_text(title)}, {seconds:.0f} s" for title, seconds in ended)
        st.caption(f":material/check: {len(ended)} done since", help=told)


def _active(job: Job, view: str) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
    words, stop = row.container(width="stretch"), row.container(width="content")
    where = f" · {view}" if view else ""
    if job.status == "waiting":
        words.caption(f"{job_sentence(job)}{where}")
    else:
        words.progress(job.share, f"{job_sentence(job)}{where}")
    stop.button(
        "Stop",
        key=f"drawer stop {job.key}",
        type="tertiary",
        icon=":material/stop_circle:",
        disabled=job.is_stopping,
        on_click=job.stop,
    )


def _again(job: Job) -> None:
    words, again = st.columns([0.7, 0.3], vertical_alignment="center", gap="xsmall")
    if job.status == "failed":
        words.caption(f":material/error: {job_error(job)}")
    else:
        words.caption(f"**{as_text(job.title)}**: stopped")
    again.button(
        "Again",
        key=f"drawer again {job.key}",
        type="tertiary",
        icon=":material/refresh:",
        on_click=_run_again,
        args=(job,),
    )


def _run_again(job: Job) -> None:
    """Let a job go that failed or was stopped, and begin anew; a figure is asked for by the view that shows it."""
    queue.forget(job.key)
    if job.kind != "figure":
        queue.submit(job.fresh())
    for asked in followed_jobs().values():
        asked.jobs.forget(job.key)


def _note_ended(jobs: list[tuple[Job, str]]) -> None:
    """Keep the names of jobs that ended while this session followed them, and that took long enough to wonder."""
    now = {job.key for job, _ in jobs}
    seen: dict[str, Job] = st.session_state.get(_SEEN, {})
    done = [job for key, job in seen.items() if key not in now and job.status == "done" and job.seconds >= 2]
    ended = [*st.session_state.get(_ENDED, []), *((job.title, job.seconds) for job in done)]
    st.session_state[_ENDED] = ended[-_ENDED_KEPT:]
    st.session_state[_SEEN] = {job.key: job for job, _ in jobs}
