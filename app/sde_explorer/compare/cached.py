"""Two sets side by side: what the second one may be, the rows that both have, and what compares them."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_core.embedding_formats.named import rows_of_part
from sde_explorer.compare.numbers import rows as compare
from sde_explorer.compare.numbers.rows import ImagePairs, PairRows, TextPairs
from sde_explorer.curriculum.cached import fitted
from sde_explorer.intake import read_recent
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached.sets import Dataset, cache_folder, dataset, entries_of, known_sets
from sde_explorer.readings.cached.spectra import spectrum
from sde_explorer.readings.matrices import vectors_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sde_core.partition import Bands
    from sde_explorer.compare.state import CompareState
    from sde_explorer.jobs import Job
    from sde_explorer.sets import SetEntry


@dataclass(frozen=True, kw_only=True)
class Common:
    """Two sets, narrowed to the pictures that both have.

    Attributes:
        a: the first set; its pictures are those of ``b`` row by row if they are paired.
        b: the second set.
        images: how the pictures were paired.
        texts: captions that are in both.
        left_out: pictures of A and of B that the other does not have.
    """

    a: Dataset
    b: Dataset
    images: ImagePairs
    texts: TextPairs
    left_out: tuple[int, int]

    @property
    def is_paired(self) -> bool:
        """Whether rows can be compared with rows."""
        return self.images.by != ""

    @property
    def same_width(self) -> bool:
        """Whether both sets have as many features."""
        return self.a.embeddings.width == self.b.embeddings.width

    @property
    def is_same(self) -> bool:
        """Whether both hold the same vectors."""
        return self.a.fingerprint == self.b.fingerprint

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities that both sets have."""
        has_texts = self.a.embeddings.n_texts and self.b.embeddings.n_texts
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
    whole, other = dataset(entry), dataset(other_entry(state))
    return _paired(whole.fingerprint, other.fingerprint, state.part, whole, other)


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
    maps = {m: fitted(data, state, m) for m in ("image", "text") if m == "image" or data.embeddings.n_texts}
    knobs = [state.transform, state.center, state.rule, state.noise, state.strong]
    if state.transform == "enhanced":
        knobs += [state.t, state.rho, state.alpha_start, state.alpha_end, state.schedule, state.warmup]
        knobs += [state.strong_mode]
    moment = f" at t = {state.t:.2f}" if state.transform == "enhanced" else ""
    facts = {"kind": state.transform, "label": f"{state.transform}{moment}"}
    treatment = sde.Treatment(image_map=maps["image"], text_map=maps.get("text"), facts=facts)
    return _transformed(data.fingerprint, repr(knobs), data, treatment)


@st.cache_resource(max_entries=2, show_spinner="Applying the transform to all vectors")
def _transformed(fingerprint: str, knobs: str, _data: Dataset, _treatment: sde.Treatment) -> Common:
    embeddings = _data.embeddings
    rows = np.arange(embeddings.n_images)
    images = ImagePairs(first=rows, second=rows, by="row")
    words = np.arange(embeddings.n_texts)
    texts = TextPairs(first=words, second=words, by="row" if len(words) else "")
    b = Dataset(_treatment(embeddings), _data.filters)
    return Common(a=_data, b=b, images=images, texts=texts, left_out=(0, 0))


def pairs_of(found: Common) -> PairRows:
    """Return the pairs that both sets have, all or a seeded sample."""
    return _pair_rows(found.key, found)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pair_rows(key: str, _found: Common) -> PairRows:
    return compare.pair_rows(_found.a.embeddings, _found.texts)


def similarity(found: Common) -> "Job":
    """Return the job whose result is the `Similarity` of both sets."""
    from sde_explorer.compare.numbers.measures import Similarity, similarity

    a, b = found.a.embeddings, found.b.embeddings
    images, pairs = compare.items_of(a, found.texts, "image"), pairs_of(found)

    def work(job: "Job") -> Similarity:
        return similarity(a, b, images, pairs, job.report)

    return _job("similarity", found.key, "Comparing the spaces (CKA)", work)


def neighbours(found: Common, modality: str) -> "Job":
    """Return the job whose result is `Neighbours` of one modality."""
    from sde_explorer.compare.numbers.measures import Neighbours, neighbours

    a, b = found.a.embeddings, found.b.embeddings
    items = compare.items_of(a, found.texts, modality)

    def work(job: "Job") -> Neighbours:
        return neighbours(modality, a, b, items, job.report)

    return _job(f"neighbours {modality}", found.key, f"Looking for neighbours, {modality}", work)


def retrieval(found: Common) -> "Job":
    """Return the job whose result is `ComparedSets`."""
    from sde_explorer.compare.numbers.measures import ComparedSets, compared_retrieval

    a, b, pairs = found.a.embeddings, found.b.embeddings, pairs_of(found)

    def work(job: "Job") -> ComparedSets:
        return compared_retrieval(a, b, pairs, job.report)

    return _job("retrieval", found.key, "Searching in both sets", work)


def subspaces(found: Common, center: str, reports: "tuple[Bands, Bands]") -> "Job":
    """Return the job whose result is `Subspaces` of one modality.

    Args:
        found: both sets.
        center: "removed" or "kept" mean.
        reports: bands of the modality in A and in B.
    """
    from sde_explorer.compare.numbers.subspaces import Side, Subspaces, compare_subspaces

    modality = reports[0].modality
    sides, sets_ = (found.a, found.b), (found.a.embeddings, found.b.embeddings)
    items = compare.items_of(sets_[0], found.texts, modality)
    spectra = [spectrum(side, modality, center) for side in sides]

    def work(job: "Job") -> Subspaces:
        job.report(0.0, "random subspaces for comparison")
        a, b = (
            Side(rows=vectors_of(one, modality)[rows], spectrum=known, labels=report.labels)
            for one, rows, known, report in zip(
                sets_, (items.first, items.second), spectra, reports, strict=True
            )
        )
        return compare_subspaces(modality, a, b, items)

    key = f"{found.key}/{center}/{_labels_of(reports)}"
    return _job(f"subspaces {modality}", key, f"Comparing subspaces, {modality}", work)


def separate(found: Common, center: str, reports: "tuple[Bands, Bands]") -> "Job":
    """Return the job whose result is `Separate` of one modality, by the columns of A.

    Args:
        found: both sets, their pictures row by row.
        center: "removed" or "kept" mean.
        reports: bands of the modality in A and in B.
    """
    from sde_explorer.compare.numbers.separate import Part, Separate, separate

    modality = reports[0].modality
    a, b = (
        Part(
            embeddings=side.embeddings,
            spectrum=spectrum(side, modality, center),
            partition=report.partition,
        )
        for side, report in zip((found.a, found.b), reports, strict=True)
    )

    def work(job: "Job") -> Separate:
        return separate(modality, a, b, job.report)

    key = f"{found.key}/{center}/{_labels_of(reports)}"
    return _job(f"separate {modality}", key, f"How separate {modality} directions are", work)


def _labels_of(reports: "tuple[Bands, Bands]") -> str:
    return hashlib.sha256(b"".join(report.labels.tobytes() for report in reports)).hexdigest()[:16]


def _job(what: str, key: str, title: str, work: "Callable[[Job], object]") -> "Job":
    return background.in_background(f"compare {what}", f"compare {what}/{key}", title, work)
