"""The only module with Streamlit's caches; keys are a content fingerprint and frozen values, never arrays."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import analysis, sets
from app.sets import SetEntry
from sde_core import bundled
from sde_core.embedding_store import MANIFEST

if TYPE_CHECKING:
    from app.analysis import BandReport, Headline
    from app.state import State
    from sde_core.pairs.base import Pairs


@dataclass(frozen=True)
class Dataset:
    """An open embedding set, or a part of one.

    Attributes:
        embeddings: pictures, captions and their vectors.
        filters: "column=value" by which the whole set can be narrowed down.
    """

    embeddings: sde.EmbeddingSet
    filters: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Digest of the content."""
        return self.embeddings.fingerprint


def cache_folder() -> Path:
    """Return where sets that were encoded here are kept; SDE_CACHE overrides the place."""
    return Path(os.environ.get("SDE_CACHE") or Path.home() / ".cache" / "sde-explorer")


def known_sets() -> tuple[SetEntry, ...]:
    """Return the sets that can be opened by the names of their pairs and encoder."""
    return sets.known_sets(cache_folder())


def entries_of(data: str) -> tuple[SetEntry, ...]:
    """Return the sets of ``data``, one for each encoder; ``data`` may be the folder of a set.

    Raises:
        DataError: nothing there was encoded, or it is not a set.
    """
    found = tuple(entry for entry in known_sets() if entry.data == data)
    if found:
        return found
    folder = Path(data).expanduser()
    entry = sets.entry_of(folder, data)
    if entry is None:
        if data.split("/")[0] in bundled.PAIR_SETS or (folder.exists() and not (folder / MANIFEST).exists()):
            raise sde.DataError(f"{data} has not been encoded here yet: encode it on the Overview page")
        # The reader says what is wrong with the folder.
        sde.EmbeddingSet.load(folder)
        raise sde.DataError(f"{data} cannot be read as an embedding set: encode it again")
    return (entry,)


def dataset(entry: SetEntry, part: tuple[str, ...] = ()) -> Dataset:
    """Return a set, or a part of it.

    Raises:
        DataError: it is not whole, or it vanished.
    """
    return _dataset(entry, part)


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(entry: SetEntry, part: tuple[str, ...]) -> Dataset:
    if part:
        whole = _dataset(entry, ())
        keep = sets.rows_of(whole.embeddings, part)
        if not keep.any():
            raise sde.DataError(f"no pair of {entry.data} is {' and '.join(part)}: take one of them away")
        return Dataset(whole.embeddings.select(keep), whole.filters)
    embeddings = sde.EmbeddingSet.load(entry.folder)
    return Dataset(embeddings, sets.filters(embeddings))


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


def pairs(source: str) -> "Pairs | None":
    """Return the pictures behind a set, or None where they are not on this machine."""
    if not source:
        return None
    try:
        return _pairs(source)
    except sde.DataError:
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
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
