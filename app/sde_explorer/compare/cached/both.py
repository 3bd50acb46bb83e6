"""Two sets side by side: what the second one may be, the rows that both have, their spectra and bands."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_core.embedding_formats.named import rows_of_part
from sde_explorer.compare.numbers import rows as compare
from sde_explorer.compare.numbers.rows import ImagePairs, TextPairs
from sde_explorer.compare.numbers.treated import Source, Treated
from sde_explorer.curriculum.cached import gains_now
from sde_explorer.intake import read_recent
from sde_explorer.readings.cached.sets import Dataset, cache_folder, dataset, entries_of, known_sets
from sde_explorer.readings.cached.spectra import bands, spectrum
from sde_explorer.readings.matrices import NEED_ROWS

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_core.spectra.spectrum import Spectrum
    from sde_explorer.compare.state import CompareState
    from sde_explorer.sets import SetEntry


@dataclass(frozen=True, kw_only=True)
class Common:
    """Two sets, narrowed to the pictures that both have.

    Attributes:
        a: the first set; its pictures are those of ``b`` row by row if they are paired.
        b: the second set, or what a treatment makes of the first.
        images: how the pictures were paired.
        texts: captions that are in both.
        left_out: pictures of A and of B that the other does not have.
    """

    a: Dataset
    b: Dataset | Treated
    images: ImagePairs
    texts: TextPairs
    left_out: tuple[int, int]

    @property
    def is_paired(self) -> bool:
        """Whether rows can be compared with rows."""
        return self.images.by != ""

    @property
    def sources(self) -> tuple[sde.EmbeddingSet, Source]:
        """Whose rows are compared: A, and B."""
        return self.a.embeddings, self.b if isinstance(self.b, Treated) else self.b.embeddings

    @property
    def same_width(self) -> bool:
        """Whether both sets have as many features."""
        a, b = self.sources
        return a.width == b.width

    @property
    def is_same(self) -> bool:
        """Whether both hold the same vectors."""
        return self.a.fingerprint == self.b.fingerprint

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities that both sets have."""
        has_texts = all(source.n_texts for source in self.sources)
        return ("image", "text") if has_texts else ("image",)

    @property
    def key(self) -> str:
        """Digest of both sets."""
        return f"{self.a.fingerprint}/{self.b.fingerprint}"


def other_sets(state: "CompareState") -> tuple[tuple[str, str], ...]:
    """Return data and encoder of every set that may be the second one: of the same data first."""
    known = [(entry.data, entry.encoder) for entry in known_sets()]
    known += [(entry.data, entry.encoder) for entry in read_recent(cache_folder()) if entry.is_there]
    others = [one for one in dict.fromkeys(known) if one != (state.data, state.encoder)]
    return tuple(sorted(others, key=lambda one: one[0] != state.data))


def other_entry(state: "CompareState") -> "SetEntry":
    """Return the set that the state compares with, where it is one on the disk.

    Raises:
        DataError: it is not there, or not by that encoder.
    """
    entries = entries_of(state.other)
    found = [e for e in entries if e.encoder == state.other_encoder or not state.other_encoder]
    if not found:
        there = ", ".join(e.encoder for e in entries)
        raise sde.DataError(
            f"{state.other} has not been encoded by {state.other_encoder} on this machine, only by {there}: "
            "choose another set as B"
        )
    return found[0]


def common(data: Dataset, state: "CompareState") -> Common:
    """Return the set that is open and the one that the state compares it with, on the pictures of both.

    Raises:
        SDEError: the second set is not there, or cannot be made.
    """
    kind = compare.KINDS.get(state.other)
    if kind is not None:
        return _with_transform(data, replace(state, transform=kind))
    entries = entries_of(state.data)
    entry = next((e for e in entries if e.encoder == state.encoder), entries[0])
    whole, other, part = dataset(entry), dataset(other_entry(state)), state.part
    if data.drawn_from:  # B is narrowed to the pictures of the sample
        whole, part = data, ()
    return _paired(whole.fingerprint, other.fingerprint, part, whole, other)


# Few: at 50,000 x 512 a narrowed pair of sets is 400 MB.
@st.cache_resource(max_entries=2, show_spinner="Finding what both sets have")
def _paired(
    fingerprint: str, other_fingerprint: str, part: tuple[str, ...], _whole: Dataset, _other: Dataset
) -> Common:
    first, second = _whole.embeddings, _other.embeddings
    found = compare.pair_images(first, second)
    keep = rows_of_part(first, part)
    n_first = int(keep.sum())
    if not found.by:
        a = Dataset(first.select(keep), (), _whole.folder) if part else _whole
        nothing = compare.TextPairs(first=found.first, second=found.second, by="")
        return Common(a=a, b=_other, images=found, texts=nothing, left_out=(0, 0))
    inside = keep[found.first]
    if not inside.any():
        raise sde.DataError(f"no picture of {' and '.join(part)} is in the second set: choose another part")
    rows = replace(found, first=found.first[inside], second=found.second[inside])
    a, b = _narrowed(_whole, rows.first), _narrowed(_other, rows.second)
    missing = (n_first - len(rows.first), second.n_images - len(rows.second))
    return Common(
        a=a, b=b, images=rows, texts=compare.pair_texts(a.embeddings, b.embeddings), left_out=missing
    )


def _narrowed(data: Dataset, rows: compare.Ints) -> Dataset:
    """Return the set of some pictures in this order; the set itself where they are all of it."""
    count = data.embeddings.n_images
    if len(rows) == count and (rows[1:] > rows[:-1]).all():
        return data
    return Dataset(data.embeddings.select(rows), data.filters, data.folder)


def _with_transform(data: Dataset, state: "CompareState") -> Common:
    embeddings = data.embeddings
    modalities = ("image", "text") if embeddings.n_texts else ("image",)
    spectra = {m: spectrum(data, m, state.center) for m in modalities}
    moment = f" at t = {state.t:.2f}" if state.transform == "enhanced" else ""
    facts = {"kind": state.transform, "label": f"{state.transform}{moment}"}
    treated = Treated.by_gains(embeddings, spectra, {m: gains_now(data, state, m) for m in modalities}, facts)
    rows, captions = np.arange(embeddings.n_images), np.arange(embeddings.n_texts)
    images = ImagePairs(first=rows, second=rows, by="row")
    texts = TextPairs(first=captions, second=captions, by="row" if len(captions) else "")
    return Common(a=data, b=treated, images=images, texts=texts, left_out=(0, 0))


def bands_of(found: Common, state: "CompareState", modality: str) -> "tuple[Bands, Bands]":
    """Return the bands of a modality in A and in B with the state's thresholds.

    Raises:
        SDEError: the rule misses something.
    """
    (a,), b = bands(found.a, state, (modality,)), found.b
    if isinstance(b, Dataset):
        return a, bands(b, state, (modality,))[0]
    if state.rule in NEED_ROWS:
        return a, bands(Dataset(_all_rows(b.fingerprint, b), ()), state, (modality,))[0]
    own = _treated_bands(b.fingerprint, modality, state.rule, b)
    return a, own.moved(noise=state.noise, strong=state.strong)


@st.cache_resource(max_entries=2, show_spinner="Applying the transform to all vectors")
def _all_rows(fingerprint: str, _treated: Treated) -> sde.EmbeddingSet:
    return _treated.whole


@st.cache_resource(max_entries=32, show_spinner=False)
def _treated_bands(fingerprint: str, modality: str, rule: str, _treated: Treated) -> "Bands":
    from sde_core.partition import Bands

    known = _treated.spectra[modality]
    return Bands.of(known, sde.partition_spectrum(known, rule), modality=modality)


def spectra_of(found: Common, modality: str, center: str) -> "tuple[Spectrum, Spectrum]":
    """Return the spectra of a modality of A and of B.

    Args:
        found: both sets.
        modality: "image" or "text".
        center: "removed" or "kept" mean.
    """
    b = found.b
    return (
        spectrum(found.a, modality, center),
        b.spectra[modality] if isinstance(b, Treated) else spectrum(b, modality, center),
    )
