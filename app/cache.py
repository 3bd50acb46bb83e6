"""The only module with Streamlit's caches; keys are a content fingerprint and frozen values, never arrays."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import analysis
from sde_core import bundled
from sde_core.embedding_store import MANIFEST

if TYPE_CHECKING:
    from app.analysis import BandReport, Headline
    from sde_core.pairs.base import Pairs


@dataclass(frozen=True)
class Dataset:
    """An open embedding set and the name of its content.

    Attributes:
        embeddings: the set, or one split of it.
        splits: values of its `split` column.
    """

    embeddings: sde.EmbeddingSet
    splits: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Digest of the content."""
        return self.embeddings.fingerprint


def cache_folder() -> Path:
    """Return where sets that were encoded here are kept; SDE_CACHE overrides the place."""
    return Path(os.environ.get("SDE_CACHE") or Path.home() / ".cache" / "sde-explorer")


def saved_sets() -> tuple[str, ...]:
    """Return the names of the sets that were encoded here, newest first."""
    found = cache_folder().glob(f"embeddings/*/{MANIFEST}")
    return tuple(p.parent.name for p in sorted(found, key=lambda p: -p.stat().st_mtime))


def folder_of(source: str) -> Path:
    """Return where a set lies: a bundled one or one encoded here by its name, any other by its path."""
    if source in bundled.PAIR_SETS:
        return bundled.embeddings_folder(source)
    encoded_here = cache_folder() / "embeddings" / source
    is_name = "/" not in source and source not in ("", ".", "..")
    return encoded_here if is_name and encoded_here.is_dir() else Path(source).expanduser()


def dataset(source: str, split: str) -> Dataset:
    """Return the embedding set ``source``, or one split of it.

    Raises:
        DataError: there is none, it is not whole, or it vanished.
    """
    folder = folder_of(source)
    manifest = folder / MANIFEST
    # The time of writing is part of the key: a set that was replaced or vanished is not shown stale.
    stamp = manifest.stat().st_mtime_ns if manifest.is_file() else 0
    return _dataset(str(folder), split, stamp)


@st.cache_resource(max_entries=16, show_spinner="Opening the vectors")
def _dataset(folder: str, split: str, stamp: int) -> Dataset:
    whole = sde.EmbeddingSet.load(folder)
    column = whole.metadata.get("split")
    splits = () if column is None else tuple(sorted(set(column.tolist())))
    if split == "all" or column is None:
        return Dataset(whole, splits)
    return Dataset(whole.select(column == split), splits)


def spectrum(data: Dataset, modality: str, center: str) -> sde.Spectrum:
    """Return the spectrum of one modality."""
    return _spectrum(data.fingerprint, modality, center, data.embeddings)


@st.cache_resource(max_entries=64, show_spinner="Computing the spectrum")
def _spectrum(fingerprint: str, modality: str, center: str, _set: sde.EmbeddingSet) -> sde.Spectrum:
    rows = _set.image if modality == "image" else _set.text
    return sde.compute_spectrum(rows, center="mean" if center == "mean" else None)


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


def bands(data: Dataset, modality: str, center: str, rule: str, factors: tuple[float, float]) -> "BandReport":
    """Return the bands of one modality with the thresholds moved by ``factors`` (noise, strong)."""
    return _bands(data.fingerprint, modality, center, rule, factors, data.embeddings)


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


@st.cache_resource(max_entries=64, show_spinner="Measuring alignment and retrieval")
def _headline(fingerprint: str, _set: sde.EmbeddingSet) -> "Headline":
    return analysis.headline(_set)


def pairs(source: str) -> "Pairs | None":
    """Return the pictures behind a set, or None where they are not on this machine."""
    if not source:
        return None
    try:
        return _pairs(source)
    except sde.DataError:
        return None


@st.cache_resource(max_entries=8, show_spinner="Opening the pictures")
def _pairs(source: str) -> "Pairs":
    opened = sde.open_pairs(source)
    len(opened)  # reads the index once
    return opened


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


@st.cache_data(max_entries=4096, show_spinner=False)
def picture(source: str, pair_id: str) -> bytes | None:
    """Return the file content of one picture, or None where it cannot be read."""
    opened = pairs(source)
    if opened is None:
        return None
    try:
        return opened.find(pair_id).read_image()
    except sde.DataError:
        return None
