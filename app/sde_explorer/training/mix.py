"""Weights between start and end: measured on validation and on other sets, and one of them kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.training.figures.mixes import mixes_figure
from sde_explorer.training.leads import look_button
from sde_explorer.training.mixing_job import keep_job, sweep_job
from sde_explorer.training.words import WEIGHTS_STORY, mixes_story
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.job_progress import job_error, job_progress
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.training.runs import TrainingRequest


def training_mix(folder: Path, request: "TrainingRequest", runs: list[str]) -> None:
    """Show what mixes of the start and the end of a run reach; the runs have ended well."""
    st.header("Between start and end", anchor=False)
    st.caption(WEIGHTS_STORY)
    left, right = st.columns([0.6, 0.4], vertical_alignment="bottom")
    run = left.segmented_control("Weights of", runs, default=runs[0], required=True, key="mix_run") or runs[0]
    job = queue.find(f"sweep/{folder}/{run}")
    right.button(
        "Measure the mixes",
        icon=":material/blender:",
        disabled=job is not None and (job.is_active or job.status == "done"),
        key="mix_measure",
        on_click=_measure,
        args=(folder, request, run),
    )
    if job is None:
        return
    if job.error:
        st.error(job_error(job), icon=":material/error:")
    if job.is_active:
        job_progress(job)
    mixes = job.result if isinstance(job.result, list) else []
    if mixes:
        st.plotly_chart(
            mixes_figure(mixes, request.data),
            key="mix_chart",
            config=CONFIG,
            alt=mixes_story(mixes, request.data),
        )
        st.caption(mixes_story(mixes, request.data))
        _keep(folder, request, run)


def _keep(folder: Path, request: "TrainingRequest", run: str) -> None:
    left, right = st.columns([0.6, 0.4], vertical_alignment="bottom")
    alpha = left.slider("Share of the trained weights to keep", 0.0, 1.0, 0.5, 0.05, key="mix_alpha")
    job = queue.find(f"mix/{folder}/{run}-mix-{alpha:.2f}")
    right.button(
        "Keep this mix",
        icon=":material/save:",
        key="mix_keep",
        on_click=_keep_now,
        args=(folder, request, run),
    )
    if job is not None:
        _kept(job, request)


def _measure(folder: Path, request: "TrainingRequest", run: str) -> None:
    run = st.session_state.get("mix_run") or run  # chosen since the page was drawn
    queue.submit(sweep_job(request, folder, run, _others(request), device=_device()))


def _keep_now(folder: Path, request: "TrainingRequest", run: str) -> None:
    run, alpha = st.session_state.get("mix_run") or run, st.session_state["mix_alpha"]
    queue.submit(keep_job(request, folder, run, alpha, cached_sets.cache_folder(), device=_device()))


def _kept(job: Job, request: "TrainingRequest") -> None:
    if job.is_active:
        job_progress(job)
    elif job.error:
        st.error(job_error(job), icon=":material/error:")
    elif isinstance(job.result, Path):
        st.success(
            f"{as_text(job.title)}: kept; its checkpoint and encoder lie beside those of the run.",
            icon=":material/check_circle:",
        )
        look_button(request, job.result, key="mix_open")


def _others(request: "TrainingRequest") -> dict[str, str]:
    """Return the folders of other pairs that the same encoder has encoded here."""
    known = cached_sets.known_sets()
    mine = next((entry for entry in known if entry.folder == request.folder), None)
    if mine is None:
        return {}
    return {e.data: e.folder for e in known if e.encoder == mine.encoder and e.data != mine.data}


def _device() -> str:
    from sde_core.checks.device import resolve_device

    return str(resolve_device("auto"))
