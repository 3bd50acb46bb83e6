"""Gains, certificate and transform of a set with the state's curriculum and thresholds."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

import sde_core as sde
from sde_core.vocabulary import MODALITIES
from sde_explorer.curriculum.numbers import certificate as numbers_certificate
from sde_explorer.readings import gains as numbers_gains
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.cached.spectra import bands, spectrum

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from sde_core.partition import Bands
    from sde_explorer.curriculum.numbers.certificate import CertificateReport
    from sde_explorer.readings.gains import GainReport
    from sde_explorer.shared_state import SharedState, StrongMode


def gains(data: Dataset, state: "SharedState", modalities: tuple[str, ...]) -> "list[GainReport]":
    """Return the gains of each modality over training and at the state's moment.

    Raises:
        SDEError: the rule or the strong mode misses something.
    """
    return [
        numbers_gains.gain_report(*_moment(data, state, found), **_treatment(data, state, found))
        for found in bands(data, state, modalities)
    ]


def certificates(
    data: Dataset, state: "SharedState", modalities: tuple[str, ...]
) -> "list[CertificateReport]":
    """Return the certificate of each modality at the state's moment.

    Raises:
        SDEError: the rule or the strong mode misses something.
    """
    return [
        numbers_certificate.certificate_report(
            *_moment(data, state, found),
            _coordinates(data.fingerprint, found.modality, state.center, data.embeddings),
            **_treatment(data, state, found),
        )
        for found in bands(data, state, modalities)
    ]


def strong_gains(
    data: Dataset, state: "SharedState", mode: "StrongMode", modalities: tuple[str, ...]
) -> "list[npt.NDArray[np.float64]]":
    """Return the (r,) gains of each modality at the state's moment, in another strong mode.

    Raises:
        SDEError: the rule or the mode misses something.
    """
    asked = replace(state, strong_mode=mode, transform="enhanced")
    return [_now(data, asked, found).cpu().numpy() for found in bands(data, state, modalities)]


def transform(data: Dataset, state: "SharedState", modality: str) -> sde.AffineMap | None:
    """Return the map that the state's transform is for one modality; None leaves the vectors as they are.

    Raises:
        SDEError: the rule or the strong mode misses something.
    """
    return None if state.transform == "none" else fitted(data, state, modality)


def fitted(data: Dataset, state: "SharedState", modality: str) -> sde.AffineMap:
    """Return the map of the gains that the Curriculum page shows, in use or not.

    Raises:
        SDEError: the rule or the strong mode misses something.
    """
    return sde.AffineMap.fit(spectrum(data, modality, state.center), gains_now(data, state, modality))


def gains_now(data: Dataset, state: "SharedState", modality: str) -> "Tensor":
    """Return the (r,) gains of one modality at the state's moment.

    Raises:
        SDEError: the rule or the strong mode misses something.
    """
    (found,) = bands(data, state, (modality,))
    return _now(data, state, found)


def _now(data: Dataset, state: "SharedState", found: "Bands") -> "Tensor":
    return numbers_gains.gains_at(*_moment(data, state, found), **_treatment(data, state, found))


def _moment(
    data: Dataset, state: "SharedState", found: "Bands"
) -> "tuple[sde.Spectrum, Bands, float, sde.CurriculumConfig]":
    return spectrum(data, found.modality, state.center), found, state.t, numbers_gains.curriculum_of(state)


def _treatment(data: Dataset, state: "SharedState", found: "Bands") -> dict[str, Any]:
    return {"kind": numbers_gains.kind_of(state), "ascent": _ascent(data, state, found.modality)}


def _ascent(data: Dataset, state: "SharedState", modality: str) -> "Tensor | None":
    if state.strong_mode != "adversarial":
        return None
    return _ascents(data.fingerprint, state.center, data.embeddings)[MODALITIES.index(modality)]


@st.cache_resource(max_entries=32, show_spinner="Asking the loss on a batch of pairs")
def _ascents(fingerprint: str, center: str, _set: sde.EmbeddingSet) -> "tuple[Tensor, Tensor]":
    data = Dataset(_set, ())
    return numbers_gains.ascents(_set, (spectrum(data, "image", center), spectrum(data, "text", center)))


@st.cache_resource(max_entries=8, show_spinner=False)
def _coordinates(fingerprint: str, modality: str, center: str, _set: sde.EmbeddingSet) -> "Tensor":
    return numbers_certificate.sampled_coordinates(
        _set, modality, spectrum(Dataset(_set, ()), modality, center)
    )
