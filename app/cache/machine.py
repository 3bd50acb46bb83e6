"""What this machine has: the device that computes, encoders to choose from."""

import streamlit as st


@st.cache_resource(show_spinner=False)
def device_name() -> str:
    """Return what people call the device that computes."""
    from sde_core.device import device_label, resolve_device

    return device_label(resolve_device("auto"))


@st.cache_resource(show_spinner=False)
def encoder_names() -> tuple[str, ...]:
    """Return every open_clip model with its pretrained tag, as `load_encoder` takes them."""
    from importlib.util import find_spec

    if find_spec("open_clip") is None:
        return ()
    # The table of weights is data: read without building a model.
    from open_clip.pretrained import list_pretrained

    return tuple(f"{model}/{tag}" for model, tag in list_pretrained())
