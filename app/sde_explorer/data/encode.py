"""Encoding pairs that were found: with which encoder, in the background."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import encoding_job, queue
from sde_explorer.readings.cached import machine as cached_machine
from sde_explorer.readings.cached import sets as cached_sets

if TYPE_CHECKING:
    from sde_explorer.intake import PairsFound


def encode_form(found: "PairsFound", *, busy: bool) -> None:
    """Show the choice of encoder and the button that starts an encoding.

    Args:
        found: the pairs.
        busy: whether another one is on its way.
    """
    left, right = st.columns([0.76, 0.24], vertical_alignment="bottom")
    left.selectbox(
        "Encode by",
        ("bundled", *cached_machine.encoder_names()),
        key="encode_by",
        accept_new_options=True,
        help=(
            "The bundled encoder; an open_clip model with its pretrained tag (type to search); "
            "hf-hub:organisation/model; a folder of open_clip, transformers or sentence-transformers; "
            "ARCHITECTURE/path/to/checkpoint.safetensors; or architecture.json/path/to/checkpoint.pt."
        ),
    )
    right.button(
        "Encode",
        type="primary",
        icon=":material/bolt:",
        width="stretch",
        disabled=busy,
        on_click=_encode,
        args=(found,),
    )


def _encode(found: "PairsFound") -> None:
    name = st.session_state.get("encode_by") or "bundled"
    start_encoding(found.source, name, format=found.format, root=found.root)


def start_encoding(source: str, name: str, *, format: str = "", root: str = "") -> None:
    """Put an encoding into the queue and follow it."""
    from sde_core.checks.device import resolve_device

    device = str(resolve_device("auto"))
    folder = cached_sets.cache_folder()
    job = encoding_job(source, name, folder, sde.load_encoder, format=format, root=root, device=device)
    queue.forget(job.key)  # the files may have changed since
    st.session_state["data_job"] = queue.submit(job)
    st.session_state["data_opens"] = job.key
