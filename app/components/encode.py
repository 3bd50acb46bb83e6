"""Encoding pairs from the page: what, with which encoder, progress, cancel, outcome."""

import streamlit as st

import sde_core as sde
from app import cache
from app.components.job_progress import job_error, job_progress
from app.jobs import Encoded, Job, encoding_job, queue
from sde_core import bundled

_SPLITS = ("emoji/test", "clipart/test", "emoji/val", "clipart/val")


def current_job() -> Job | None:
    """Return this session's encoding, running or ended; else one that runs, whoever started it."""
    job: Job | None = st.session_state.get("encode_job")
    running = queue.active("encode") if job is None else []
    if running:  # its browser was lost, or a colleague started it
        st.session_state["encode_job"] = job = running[0]
    return job


def encode_panel() -> None:
    """Show the form that starts an encoding, and below it how the last one goes or went."""
    with st.container(border=True):
        encode_form()
        job = current_job()
        if job is not None and job.is_active:
            job_progress(job)
        elif job is not None:
            _outcome(job)


def open_what_was_encoded() -> None:
    """Show a set that this session has just encoded; widgets may be set only before they are drawn."""
    job = st.session_state.get("encode_job")
    result = job.result if job is not None else None
    if isinstance(result, Encoded) and st.session_state.pop("encode_opens", None) == job.key:
        st.session_state["data"], st.session_state["encoder"] = result.source, result.encoder
        st.session_state["part"] = []
        st.session_state["encode_opened"] = job.key
        st.toast(f"{job.title}: opened.", icon=":material/check_circle:")


@st.fragment
def encode_form() -> None:
    """Show the form that starts an encoding."""
    left, middle, right = st.columns([0.42, 0.42, 0.16], vertical_alignment="bottom")
    source = left.selectbox(
        "Pairs",
        (*bundled.PAIR_SETS, *_SPLITS),
        index=None,
        placeholder="a bundled set, or type a path",
        accept_new_options=True,
        help="WebDataset shards: one .tar or .tar.gz, a folder of them, or a pattern such as data/train-*.tar.",
    )
    name = middle.selectbox(
        "Encode by",
        ("bundled", *cache.encoder_names()),
        accept_new_options=True,
        help=(
            "The bundled encoder; an open_clip model with its pretrained tag (type to search); "
            "hf-hub:organisation/model; a folder with open_clip_config.json; or "
            "ARCHITECTURE/path/to/checkpoint.safetensors."
        ),
    )
    busy = (job := current_job()) is not None and job.is_active
    if not right.button("Encode", type="primary", icon=":material/bolt:", width="stretch", disabled=busy):
        return
    if not source:
        st.error("Choose the pairs to encode, or type a path to WebDataset shards.", icon=":material/error:")
        return
    _start(source, name or "bundled")


def _start(source: str, name: str) -> None:
    from sde_core.device import resolve_device

    device = str(resolve_device("auto"))
    job = encoding_job(source, name, cache.cache_folder(), sde.load_encoder, device=device)
    queue.forget(job.key)  # the files may have changed since
    st.session_state["encode_job"] = queue.submit(job)
    st.session_state["encode_opens"] = job.key
    st.rerun()


def _outcome(job: Job) -> None:
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    result = job.result
    if job.error:
        left.error(job_error(job), icon=":material/error:")
    elif not isinstance(result, Encoded):
        left.info(f"{job.title}: cancelled, nothing was written.", icon=":material/stop_circle:")
    else:
        opened = st.session_state.get("encode_opened") == job.key
        done = "was encoded before" if result.was_there else "encoded, saved"
        where = "opened above" if opened else "choose it under Data"
        skipped = (
            f" {result.n_skipped} items were skipped; they are listed above." if result.n_skipped else ""
        )
        left.success(f"{job.title}: {done} and {where}.{skipped}", icon=":material/check_circle:")
    right.button(
        "Close",
        key="encode_close",
        icon=":material/close:",
        type="tertiary",
        width="stretch",
        on_click=_close,
    )


def _close() -> None:
    st.session_state.pop("encode_job", None)
