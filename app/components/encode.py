"""Encoding pairs from the page: what, with which encoder, progress, cancel, outcome."""

import streamlit as st

import sde_core as sde
from app import cache
from app.jobs import EncodeJob, encode_to_cache
from sde_core import bundled

_SPLITS = ("emoji/test", "clipart/test", "emoji/val", "clipart/val")


def current_job() -> EncodeJob | None:
    """Return this session's encoding, running or ended, if there was one."""
    job: EncodeJob | None = st.session_state.get("encode_job")
    return job


def encode_panel() -> None:
    """Show the form that starts an encoding, and below it how the last one goes or went."""
    with st.container(border=True):
        encode_form()
        job = current_job()
        if job is not None and job.is_running:
            _watch()
        elif job is not None:
            _outcome(job)


def open_what_was_encoded() -> None:
    """Show a set that has just been encoded; widgets may be set only before they are drawn."""
    job = current_job()
    if job is not None and job.folder is not None and not job.was_shown:
        job.was_shown = True
        st.session_state["data"], st.session_state["encoder"] = job.source, job.encoder
        st.session_state["part"] = []
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
    busy = (job := current_job()) is not None and job.is_running
    if not right.button("Encode", type="primary", icon=":material/bolt:", width="stretch", disabled=busy):
        return
    if not source:
        st.error("Choose the pairs to encode, or type a path to WebDataset shards.", icon=":material/error:")
        return
    _start(source, name or "bundled")


def _start(source: str, name: str) -> None:
    job = EncodeJob(title=f"{source} by {name}", source=source, encoder=name)
    st.session_state["encode_job"] = job
    folder = cache.cache_folder()
    job.start(lambda running: encode_to_cache(running, lambda: sde.load_encoder(name), folder))
    st.rerun()


@st.fragment(run_every=0.5)
def _watch() -> None:
    """Follow the job; the rest of the page is redrawn once, when it ends."""
    job = current_job()
    if job is None or not job.is_running:
        st.rerun()
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    done = job.progress
    if done is None:
        left.progress(0.0, f"**{job.title}**: {job.note}")
    else:
        left.progress(
            done.done / max(done.total, 1),
            f"**{job.title}**: {done.stage}, {done.done:,} of {done.total:,} · {done.rate:,.0f} a second · "
            f"about {done.seconds_left:.0f} s left",
        )
    if right.button("Cancel", icon=":material/stop_circle:", width="stretch", disabled=job.was_cancelled):
        job.cancel()


def _outcome(job: EncodeJob) -> None:
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    if job.error:
        left.error(f"{job.title}: {job.error.rstrip('.')}.", icon=":material/error:")
    elif job.folder is None:
        left.info(f"{job.title}: cancelled, nothing was written.", icon=":material/stop_circle:")
    else:
        skipped = f" {job.n_skipped} items were skipped; they are listed above." if job.n_skipped else ""
        how = "was encoded before; opened above" if job.was_there else "encoded, saved and opened above"
        left.success(f"{job.title}: {how}.{skipped}", icon=":material/check_circle:")
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
