"""Each row's energy by band at the thresholds of the state: of every image and caption."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

import sde_core as sde
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.cached.spectra import bands, spectrum
from sde_explorer.readings.matrices import vectors_of

if TYPE_CHECKING:
    import torch

    from sde_explorer.shared_state import SharedState

KEPT_ENTRIES = 1 << 25
"""Rows times directions whose energies are kept, 128 MiB a modality: a moved threshold only adds them up."""

_BLOCK_ROWS = 1 << 16
Floats = npt.NDArray[np.float32]


def band_shares(data: Dataset, state: "SharedState", modality: str) -> Floats:
    """Return the (m, 3) energy of every picture or caption in strong, weak and noise.

    Raises:
        SDEError: the rule misses something.
    """
    factors = (state.noise, state.strong)
    return _shares(data.fingerprint, modality, state.center, state.rule, factors, data, state)


@st.cache_resource(max_entries=32, show_spinner="Adding up energies by band")
def _shares(
    fingerprint: str,
    modality: str,
    center: str,
    rule: str,
    factors: tuple[float, float],
    _data: Dataset,
    _state: "SharedState",
) -> Floats:
    import torch

    [report] = bands(_data, _state, (modality,))
    found = spectrum(_data, modality, center)
    rows = vectors_of(_data.embeddings, modality)
    labels = torch.from_numpy(report.labels)
    if len(rows) * found.rank <= KEPT_ENTRIES:
        shares = sde.band_shares(_energies(fingerprint, modality, center, _data), labels)
        return shares.cpu().numpy()
    signal = _without_noise(found, labels)
    parts = [
        sde.band_shares(sde.energy_shares(rows[i : i + _BLOCK_ROWS], signal), labels[labels < 2])
        for i in range(0, len(rows), _BLOCK_ROWS)
    ]
    return torch.cat(parts).cpu().numpy()


@st.cache_resource(max_entries=4, show_spinner="Reading the energy of every vector")
def _energies(fingerprint: str, modality: str, center: str, _data: Dataset) -> "torch.Tensor":
    return sde.energy_shares(vectors_of(_data.embeddings, modality), spectrum(_data, modality, center))


def _without_noise(found: sde.Spectrum, labels: "torch.Tensor") -> sde.Spectrum:
    """Return the spectrum's strong and weak directions: what is left of a row's energy is noise."""
    kept = (labels < 2).to(found.basis.device)
    return sde.Spectrum(
        singular_values=found.singular_values[kept],
        basis=found.basis[:, kept],
        mean=found.mean,
        n_samples=found.n_samples,
        n_features=found.n_features,
        route=found.route,
    )
