"""What this machine has: the device that computes, encoders to choose from, memory in use."""

import os
from pathlib import Path

import streamlit as st


@st.cache_resource(max_entries=1, show_spinner=False)
def device_name() -> str:
    """Return what people call the device that computes."""
    from sde_core.checks.device import device_label, resolve_device

    return device_label(resolve_device("auto"))


def memory_in_use() -> int | None:
    """Return the bytes of memory that this process holds, mapped vectors included; None if unknown."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


@st.cache_resource(max_entries=1, show_spinner=False)
def encoder_names() -> tuple[str, ...]:
    """Return every open_clip model with its pretrained tag, as `load_encoder` takes them."""
    from importlib.util import find_spec

    if find_spec("open_clip") is None:
        return ()
    # The table of weights is data: read without building a model.
    from open_clip.pretrained import list_pretrained

    return tuple(f"{model}/{tag}" for model, tag in list_pretrained())
