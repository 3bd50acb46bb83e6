"""Training: a short fine-tuning, live, beside InfoNCE on the same batches; or runs that are trained elsewhere."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.training.asked import trained_part
from sde_explorer.training.cached import stored_training
from sde_explorer.training.form import training_form
from sde_explorer.training.job import training_job
from sde_explorer.training.live import training_picture, training_tabs
from sde_explorer.training.names import training_name
from sde_explorer.training.numbers.run import TrainingLog
from sde_explorer.training.replay import replayed
from sde_explorer.training.results import training_results
from sde_explorer.training.runs import TrainingRequest, known_trainings, read_log, read_request
from sde_explorer.training.terms import TRAINING
from sde_explorer.training.watching import recorded_choice, watch_choice, watch_view
from sde_explorer.training.words import HOW_TO_READ, STORED, TRAINS_ON_THE_REST
from sde_explorer.ui.called import given_names
from sde_explorer.ui.fields import choice
from sde_explorer.ui.followed import followed
from sde_explorer.ui.frame import PICTURE_HEIGHT, open_view
from sde_explorer.ui.job_progress import job_error, job_sentence
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.skeleton import waiting_figure
from sde_explorer.ui.words import as_code, as_text

if TYPE_CHECKING:
    from sde_explorer.ui.frame import View


def show() -> None:
    """Compose the view: runs from elsewhere if a link names them, else the training asked for, running, or stored."""
    view = open_view("Training")
    if current_state().watch:
        watch_view(view)
        return
    known = known_trainings(cached_sets.cache_folder())
    folder = _chosen(known)
    job = queue.find(f"train/{folder}") if folder is not None else None
    is_active = job is not None and job.is_active
    with view.controls:
        _choice(known)
        if job is not None and is_active:
            _progress(job)
        else:
            training_form(view.data, view.picture)
        watch_choice()
    view.how_to_read(HOW_TO_READ)
    if folder is None:
        _stored(view)
        return
    try:
        request = read_request(folder)
    except sde.SDEError as error:
        error_box(error)
        return
    with view.picture:
        if job is not None and is_active:
            _follow(view, job)
        else:
            _ended(view, folder, request, job)


def _chosen(known: list[Path]) -> Path | None:
    """Return the training to show: the one of the link, else one that runs."""
    names = {folder.name: folder for folder in known}
    asked = current_state().training
    active = [name for name, folder in names.items() if _is_active(folder)]
    if asked and asked not in names:
        st.warning(f"There is no training {as_text(asked)} on this machine.", icon=":material/link_off:")
    if asked not in names:
        asked = active[0] if active else ""
    if asked != current_state().training and names:
        put(training=asked)
    return names.get(asked)


def _choice(known: list[Path]) -> None:
    """Show the trainings of this machine; nothing where there are none."""
    if known:
        given = given_names()
        names = {folder.name: given.get(folder.name) or training_name(folder) for folder in known}
        choice(
            "training",
            "Trainings on this machine",
            ["", *names],
            words=lambda name: names.get(name, "the stored run"),
            bare=True,
            width=230,
        )


def _what_is_trained_on() -> None:
    """Say below the picture what a training takes where it is not what is open: the controls fill their line."""
    part = current_state().part
    if trained_part(part) != part:
        st.caption(
            TRAINS_ON_THE_REST.format(part=" and ".join(map(as_code, part))), help=TRAINING["left_alone"]
        )


def _stored(view: "View") -> None:
    """Replay the training that ships with the project."""
    log = stored_training()
    if log is None:
        view.picture.info("Start a training to see it here.", icon=":material/play_arrow:")
        return
    with view.picture:
        if training_picture(view, log, replays=True):
            replayed("training_picture", once="stored training")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(STORED)
                recorded_choice()
            _what_is_trained_on()
    training_tabs(view, log)


def _is_active(folder: Path) -> bool:
    job = queue.find(f"train/{folder}")
    return job is not None and job.is_active


@followed
def _progress(job: Job) -> None:
    """Show on one line how far the training is, and what stops it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(job.share, job_sentence(job))
        st.button(
            "Stop",
            key=f"stop {job.key}",
            icon=":material/stop_circle:",
            disabled=job.is_stopping,
            on_click=job.cancel,
            help="Writes a checkpoint; the training can go on from there.",
        )


@followed
def _follow(view: "View", job: Job) -> None:
    """Redraw while the training runs; the page is redrawn once, when it ends."""
    if not job.is_active:
        st.rerun()
    if isinstance(job.partial, TrainingLog) and training_picture(view, job.partial, replays=False):
        training_tabs(view, job.partial)
    else:  # a fragment may write only where it wrote in the last whole run of the page
        view.finding("Training")
        waiting_figure(PICTURE_HEIGHT)


def _ended(view: "View", folder: Path, request: TrainingRequest, job: Job | None) -> None:
    log = job.partial if job is not None and isinstance(job.partial, TrainingLog) else read_log(folder)
    if job is not None and job.error:
        st.error(job_error(job), icon=":material/error:")
    if not log.is_done:
        _resume(folder, request, log)
    results = {"Take it home": partial(training_results, folder, request, log)}
    if training_picture(view, log, replays=True):
        _what_is_trained_on()
        training_tabs(view, log, results)
    else:
        training_results(folder, request, log)


def _resume(folder: Path, request: TrainingRequest, log: TrainingLog) -> None:
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    steps = ", ".join(f"{name} at step {run.step:,} of {run.total_steps:,}" for name, run in log.runs.items())
    left.info(f"This training has not ended: {steps or 'it had not begun'}.", icon=":material/pause_circle:")
    right.button(
        "Resume",
        icon=":material/resume:",
        width="stretch",
        help=TRAINING["resume"],
        on_click=_go_on,
        args=(folder, request),
    )


def _go_on(folder: Path, request: TrainingRequest) -> None:
    from sde_core.checks.device import resolve_device

    device = str(resolve_device("auto"))
    queue.forget(f"train/{folder}")
    queue.submit(training_job(request, folder, cached_sets.cache_folder(), device=device))
    put(training=folder.name)
