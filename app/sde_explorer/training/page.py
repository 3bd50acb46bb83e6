"""Training: a short fine-tuning, live, beside InfoNCE on the same batches; checkpoints to take home."""

from pathlib import Path

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.training.form import training_form
from sde_explorer.training.job import training_job
from sde_explorer.training.live import training_charts
from sde_explorer.training.numbers.run import TrainingLog
from sde_explorer.training.results import training_results
from sde_explorer.training.runs import TrainingRequest, known_trainings, read_log, read_request
from sde_explorer.training.terms import TRAINING
from sde_explorer.training.words import WHAT_IT_IS
from sde_explorer.ui.fields import choice
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.job_progress import TICK_S, job_error, job_sentence
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.words import as_text


def show() -> None:
    """Compose the view."""
    data = open_view("Training").data
    st.caption(WHAT_IT_IS)
    training_form(data)
    folder = _chosen(known_trainings(cached_sets.cache_folder()))
    if folder is None:
        return
    try:
        request = read_request(folder)
    except sde.SDEError as error:
        error_box(error)
        return
    job = queue.find(f"train/{folder}")
    if job is not None and job.is_active:
        _follow(job)
    else:
        _ended(folder, request, job)


def _chosen(known: list[Path]) -> Path | None:
    """Return the training to show: the one of the link, else one that runs; the others can be chosen."""
    names = {folder.name: folder for folder in known}
    asked = current_state().training
    active = [name for name, folder in names.items() if _is_active(folder)]
    if asked and asked not in names:
        st.warning(f"There is no training {as_text(asked)} on this machine.", icon=":material/link_off:")
    if asked not in names:
        asked = active[0] if active else ""
    if not names:
        return None
    if asked != current_state().training:
        put(training=asked)
    choice(
        "training",
        "Trainings on this machine",
        ["", *names],
        words=lambda name: name or "choose one to see it again",
    )
    return names.get(asked)


def _is_active(folder: Path) -> bool:
    job = queue.find(f"train/{folder}")
    return job is not None and job.is_active


@st.fragment(run_every=TICK_S)
def _follow(job: Job) -> None:
    """Redraw while the training runs; the page is redrawn once, when it ends."""
    if not job.is_active:
        st.rerun()
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    left.progress(job.share, job_sentence(job))
    right.button(
        "Stop",
        key=f"stop {job.key}",
        icon=":material/stop_circle:",
        width="stretch",
        disabled=job.is_stopping,
        on_click=job.cancel,
        help="Writes a checkpoint; the training can go on from there.",
    )
    if isinstance(job.partial, TrainingLog):
        training_charts(job.partial)


def _ended(folder: Path, request: TrainingRequest, job: Job | None) -> None:
    log = job.partial if job is not None and isinstance(job.partial, TrainingLog) else read_log(folder)
    st.header(as_text(request.title), anchor=False)
    if job is not None and job.error:
        st.error(job_error(job), icon=":material/error:")
    if not log.is_done:
        _resume(folder, request, log)
    training_charts(log)
    training_results(folder, request, log)


def _resume(folder: Path, request: TrainingRequest, log: TrainingLog) -> None:
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    steps = ", ".join(f"{name} at step {run.step:,} of {run.total_steps:,}" for name, run in log.runs.items())
    left.info(f"This training has not ended: {steps or 'it had not begun'}.", icon=":material/pause_circle:")
    if right.button("Resume", icon=":material/resume:", width="stretch", help=TRAINING["resume"]):
        from sde_core.checks.device import resolve_device

        device = str(resolve_device("auto"))
        queue.forget(f"train/{folder}")
        queue.submit(training_job(request, folder, cached_sets.cache_folder(), device=device))
        put(training=folder.name)
        st.rerun()
