"""The transform as a file, for each modality."""

import io
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.vocabulary import MODALITIES
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.curriculum.numbers.transform_facts import transform_facts
from sde_explorer.readings import gains as numbers_gains
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.ui.file_button import file_button

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.shared_state import SharedState

_USE = {
    "none": (
        "The other views show the vectors as they are: choose **enhanced** or **pruned** at the side to use it there."
    ),
    "enhanced": "The views that compare before and after use it now.",
    "pruned": "The views that compare before and after use it now.",
}


def transform_download(data: "Dataset", state: "SharedState") -> None:
    """Show the buttons; a file is written when its button is pressed."""
    name = f"sde-{numbers_gains.kind_of(state)}-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        file_button(
            "Both maps and how they were made (zip)",
            lambda: as_zip(data, state, name),
            f"{name}.zip",
            key="save_both",
        )
        for modality in MODALITIES:
            file_button(
                f"Map of {modality} vectors (safetensors)",
                partial(_map_of, data, state, modality),
                f"{name}-{modality}.safetensors",
                key=f"save_{modality}",
            )
    st.caption(
        "One linear map for each modality, fitted on this set with the thresholds and the moment at the "
        f"side; rows are not renormalised. {_USE[state.transform]}"
    )
    st.code(
        f'transform = sde.SpectralTransform.load("{name}-image.safetensors")\n'
        "enhanced = transform(vectors)  # (m, n) array or tensor\n"
        f"# or, on the command line, with the zip unpacked: sde transform --load {name} --apply SET --output-set NEW",
        language="python",
        wrap_lines=True,
    )


def _map_of(data: "Dataset", state: "SharedState", modality: str) -> bytes:
    return as_file(cached_curriculum.fitted(data, state, modality))


def as_file(transform: sde.SpectralTransform) -> bytes:
    """Return the content of the file that `SpectralTransform.load` reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "transform.safetensors"
        transform.save(path)
        return path.read_bytes()


def as_zip(data: "Dataset", state: "SharedState", name: str) -> bytes:
    """Return a zip with one folder, ``name``, that `load_treatment` and `sde transform --load` read."""
    image, text = (cached_curriculum.fitted(data, state, modality) for modality in MODALITIES)
    certificates = cached_curriculum.certificates(data, state, MODALITIES)
    facts = transform_facts(
        data.embeddings, state, cached_spectra.bands(data, state, MODALITIES), certificates
    )
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(content, "w") as archive:
        saved = sde.Treatment(image=image, text=text, facts=facts).save(Path(folder) / name)
        for path in sorted(saved.iterdir()):
            archive.write(path, f"{name}/{path.name}")
    return content.getvalue()
