"""The panel that encodes pairs: what, with which encoder, progress, cancel."""

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
    """Show the form, or the progress of the job that runs."""
    job = current_job()
    if job is not None and job.is_running:
        _watch()
        return
    if job is not None:
        _outcome(job)
    _form()


@st.fragment
def _form() -> None:
    left, middle, right = st.columns([0.4, 0.4, 0.2], vertical_alignment="bottom")
    source = left.selectbox(
        "Pairs",
        (*bundled.PAIR_SETS, *_SPLITS),
        index=None,
        placeholder="a bundled set, or type a path",
        accept_new_options=True,
        help="WebDataset shards: one .tar or .tar.gz, a folder of them, or a pattern such as data/train-*.tar.",
    )
    name = middle.selectbox(
        "Encoder",
        ("bundled", *cache.encoder_names()),
        accept_new_options=True,
        help=(
            "The bundled encoder; an open_clip model with its pretrained tag; hf-hub:organisation/model; a folder "
            "with open_clip_config.json; or ARCHITECTURE/path/to/checkpoint.safetensors. Names are searched as "
            "you type."
        ),
    )
    if not right.button("Encode", type="primary", icon=":material/bolt:", width="stretch"):
        return
    if not source:
        st.error("Choose the pairs to encode, or type a path to WebDataset shards.", icon=":material/error:")
        return
    job = EncodeJob(title=f"{source} by {name}")
    st.session_state["encode_job"] = job
    folder = cache.cache_folder()
    job.start(lambda j: encode_to_cache(j, source, lambda: sde.load_encoder(name or "bundled"), folder))
    st.rerun()


@st.fragment(run_every=0.5)
def _watch() -> None:
    """Follow the job; the rest of the page is redrawn once, when it ends."""
    job = current_job()
    if job is None or not job.is_running:
        if job is not None and job.folder is not None:
            st.session_state["open_next"] = job.folder.name
        st.rerun()
    done = job.progress
    left, right = st.columns([0.85, 0.15], vertical_alignment="center")
    with left:
        if done is None:
            st.progress(0.0, f"{job.title}: {job.note}")
        else:
            st.progress(
                done.done / max(done.total, 1),
                f"{job.title}: {done.done:,} of {done.total:,} {done.stage}, {done.rate:.0f} a second, "
                f"about {done.seconds_left:.0f} s left",
            )
    if right.button("Cancel", icon=":material/stop_circle:", width="stretch", disabled=job.was_cancelled):
        job.cancel()


def _outcome(job: EncodeJob) -> None:
    if job.error:
        st.error(f"{job.title}: {job.error}.", icon=":material/error:")
    elif job.was_cancelled and job.folder is None:
        st.info(f"{job.title}: cancelled, nothing was written.", icon=":material/stop_circle:")
    elif job.folder is not None:
        skipped = f" {job.n_skipped} items were skipped." if job.n_skipped else ""
        st.success(f"{job.title}: saved and opened above.{skipped}", icon=":material/check_circle:")
