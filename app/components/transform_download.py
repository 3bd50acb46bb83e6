"""The transform as a file, for each modality."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import cache

if TYPE_CHECKING:
    from app.cache import Dataset
    from app.state import State

_USE = {
    "none": "The other views show the vectors as they are: choose **enhanced** or **pruned** above to use it there.",
    "enhanced": "The views that compare before and after use it now.",
    "pruned": "The views that compare before and after use it now.",
}


def transform_download(data: "Dataset", state: "State") -> None:
    """Show a button for each modality; the file is written when it is pressed."""
    st.subheader("Take the transform home", anchor=False)
    kind = "pruned" if state.transform == "pruned" else "enhanced"
    with st.container(horizontal=True):
        for modality in ("image", "text"):
            st.download_button(
                f"Transform for {modality} vectors (safetensors)",
                lambda modality=modality: as_file(cache.fitted(data, state, modality)),
                f"sde-{kind}-{modality}-{data.fingerprint[:8]}.safetensors",
                "application/octet-stream",
                key=f"save_{modality}",
                on_click="ignore",
                icon=":material/download:",
            )
    st.caption(
        "One linear map for each modality, fitted on this set with the thresholds and the moment above; rows are not "
        f"renormalised. {_USE[state.transform]}"
    )
    st.code(
        f'transform = sde.SpectralTransform.load("sde-{kind}-image-{data.fingerprint[:8]}.safetensors")\n'
        "enhanced = transform(vectors)  # (m, n) array or tensor",
        language="python",
    )


def as_file(transform: sde.SpectralTransform) -> bytes:
    """Return the content of the file that `SpectralTransform.load` reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "transform.safetensors"
        transform.save(path)
        return path.read_bytes()
