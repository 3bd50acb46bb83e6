"""Spectra, partitions, bands and headline numbers of a set."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import analysis
from app.cache.sets import Dataset

if TYPE_CHECKING:
    from app.analysis import BandReport, Headline
    from app.state import State


def spectrum(data: Dataset, modality: str, center: str) -> sde.Spectrum:
    """Return the spectrum of one modality."""
    return _spectrum(data.fingerprint, modality, center, data.embeddings)


@st.cache_resource(max_entries=64, show_spinner=False)
def _spectrum(fingerprint: str, modality: str, center: str, _set: sde.EmbeddingSet) -> sde.Spectrum:
    rows = _set.image if modality == "image" else _set.text
    return sde.compute_spectrum(rows, center="mean" if center == "removed" else None)


def partition(data: Dataset, modality: str, center: str, rule: str) -> sde.Partition:
    """Return the rule's own partition of one modality."""
    return _partition(data.fingerprint, modality, center, rule, data.embeddings)


@st.cache_resource(max_entries=256, show_spinner="Splitting the spectrum")
def _partition(
    fingerprint: str, modality: str, center: str, rule: str, _set: sde.EmbeddingSet
) -> sde.Partition:
    rows = _set.image if modality == "image" else _set.text
    paired = _set.paired() if rule == "cross-modal" else None
    features = rows if rule == "parallel" else None
    return sde.partition_spectrum(
        _spectrum(fingerprint, modality, center, _set), rule, features=features, paired=paired
    )


def bands(data: Dataset, state: "State", modalities: tuple[str, ...]) -> "list[BandReport]":
    """Return the bands of each modality with the state's thresholds.

    Raises:
        SDEError: the rule misses something.
    """
    factors = (state.noise, state.strong)
    return [
        _bands(data.fingerprint, m, state.center, state.rule, factors, data.embeddings) for m in modalities
    ]


@st.cache_resource(max_entries=512, show_spinner=False)
def _bands(
    fingerprint: str,
    modality: str,
    center: str,
    rule: str,
    factors: tuple[float, float],
    _set: sde.EmbeddingSet,
) -> "BandReport":
    found = _spectrum(fingerprint, modality, center, _set)
    own = _partition(fingerprint, modality, center, rule, _set)
    return analysis.band_report(modality, found, own, noise_factor=factors[0], strong_factor=factors[1])


def headline(data: Dataset) -> "Headline":
    """Return the headline numbers of a set."""
    return _headline(data.fingerprint, data.embeddings)


@st.cache_resource(max_entries=64, show_spinner=False)
def _headline(fingerprint: str, _set: sde.EmbeddingSet) -> "Headline":
    return analysis.headline(_set)
