"""What a search needs warm: the encoder of a set, vectors of queries, and an index of each space.

Encoders and indices are made by jobs beside the page, once for all sessions, and few are kept: they are large.
"""

import hashlib
import os
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_core.geometry.streamed_rows import stream_index
from sde_explorer.curriculum.cached import fitted
from sde_explorer.jobs import JobQueue
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached.sets import Dataset, cache_folder
from sde_explorer.readings.gains import curriculum_of, kind_of
from sde_explorer.readings.matrices import vectors_of
from sde_explorer.search.numbers import (
    EXACT_ROWS,
    Found,
    caption_rows,
    example_pair,
    on_disk,
    plain,
    search,
)
from sde_explorer.serving.places import check_encoder

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.encoders import Encoder
    from sde_core.geometry.search import NeighbourIndex
    from sde_explorer.jobs import Job
    from sde_explorer.search.state import SearchState

_BLOCK_ROWS = 8_192
_LIGHT_BYTES = 1 << 22
_encoders = JobQueue(ended_kept=2)
_as_they_are, _transformed = JobQueue(ended_kept=6), JobQueue(ended_kept=4)
"""Indices of pictures and captions: what visitors with thresholds of their own share, and what each has alone."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Query:
    """What is searched with, as a vector of the set's encoder.

    Attributes:
        modality: "image" or "text": whose transform it goes through.
        vector: (1, d).
        name: digest of what it is.
        read: characters that the tokenizer had room for; of a text that was typed.
    """

    modality: str
    vector: "Tensor"
    name: str
    read: int = 0


def encoder_is_here(data: Dataset) -> bool:
    """Return whether the encoder of a set loads without asking another machine."""
    from sde_core.encoders import local_encoders

    name = data.embeddings.provenance.encoder
    is_here = bool(name) and (name in local_encoders() or os.path.isdir(name))
    return is_here and not _refusal(name)


def _refusal(name: str) -> str:
    """Return why this server does not load an encoder for this visitor, or an empty text."""
    try:
        check_encoder(name, cache_folder())
    except sde.DataError as error:
        return str(error)
    return ""


def encoder_job(data: Dataset, *, is_ahead: bool = False) -> "Job":
    """Return the job that loads the encoder of a set, started once; its result is the encoder.

    Args:
        data: the set, which must say which one that is.
        is_ahead: whether nothing on the page waits for it yet.
    """
    name = data.embeddings.provenance.encoder
    refusal = _refusal(name)

    def work(job: "Job") -> "Encoder":
        if refusal:
            raise sde.DataError(refusal)
        if is_ahead:  # seconds of imports
            background.wait_until_drawn()
        job.report(0.1, "reading its weights")
        encoder = sde.load_encoder(name)
        job.report(0.8, "checking its weights")
        _ = encoder.weights_sha256
        encoder.encode_texts(["a picture"])  # the first one takes longest
        return encoder

    return background.in_background(
        "encoder", _encoder_key(name), f"Encoder {name}", work, jobs=_encoders, is_ahead=is_ahead
    )


def encoder_is_loading(data: Dataset) -> bool:
    """Return whether the encoder of a set is on its way."""
    job = _encoders.find(_encoder_key(data.embeddings.provenance.encoder))
    return job is not None and job.is_active


def forget_encoder(data: Dataset) -> None:
    """Let an encoder that did not load be tried again."""
    _encoders.forget(_encoder_key(data.embeddings.provenance.encoder))


def _encoder_key(name: str) -> str:
    return f"encoder/{name}/{_refusal(name)}"


def text_query(encoder: "Encoder", text: str) -> Query:
    """Return a typed text as a query."""
    vector, read = _text(encoder.weights_sha256, encoder.name, text, encoder)
    return Query(modality="text", vector=vector, name=f"text/{text}", read=read)


@st.cache_resource(max_entries=512, show_spinner=False)
def _text(weights: str, name: str, text: str, _encoder: "Encoder") -> "tuple[Tensor, int]":
    return _encoder.encode_texts([text]).cpu(), _encoder.characters_read(text)


def picture_query(encoder: "Encoder", content: bytes) -> Query:
    """Return the file content of a picture as a query.

    Raises:
        DataError: it is no picture that can be read.
    """
    digest = hashlib.sha256(content).hexdigest()
    vector = _picture(encoder.weights_sha256, encoder.name, digest, encoder, content)
    return Query(modality="image", vector=vector, name=f"picture/{digest}")


@st.cache_resource(max_entries=64, show_spinner=False)
def _picture(weights: str, name: str, digest: str, _encoder: "Encoder", _content: bytes) -> "Tensor":
    from sde_core.pairs.image import decode_image

    return _encoder.encode_images(_encoder.preprocess(decode_image(_content)).unsqueeze(0)).cpu()


def own_query(data: Dataset, modality: str, row: int) -> Query:
    """Return a picture or a caption of the set as a query."""
    import torch

    rows = vectors_of(data.embeddings, modality)
    vector = torch.from_numpy(np.array(rows[row : row + 1], np.float32))
    return Query(modality=modality, vector=vector, name=f"{modality}/{row}")


def example_row(data: Dataset, find: str) -> int:
    """Return the row of the pair with which the view opens: one whose answer is near, and not yet the first.

    Args:
        data: the set.
        find: "pictures" or "captions".
    """
    if len(data.embeddings.modalities) < 2:
        return 0
    gallery = "image" if find == "pictures" else "text"
    job = index_before(data, gallery)
    return _example_row(data.fingerprint, find, data.embeddings, background.result_of(job))


@st.cache_resource(max_entries=32, show_spinner=False)
def _example_row(fingerprint: str, find: str, _set: sde.EmbeddingSet, _index: "NeighbourIndex") -> int:
    return example_pair(_set, find, _index)


def own_caption(data: Dataset, text: str) -> int:
    """Return the row of the caption of the set that a typed text is, or -1."""
    return _caption_rows(data.fingerprint, data.embeddings).get(plain(text), -1)


@st.cache_resource(max_entries=4, show_spinner=False)
def _caption_rows(fingerprint: str, _set: sde.EmbeddingSet) -> dict[str, int]:
    return caption_rows(_set)


def index_before(data: Dataset, gallery: str) -> "Job":
    """Return the job that indexes the vectors of a modality as they are."""
    key = f"index/{data.fingerprint}/{gallery}/as they are"
    return _index(data, gallery, key, None)


def index_after(data: Dataset, state: "SearchState", gallery: str) -> "Job":
    """Return the job that indexes the vectors of a modality, transformed as the state says.

    Raises:
        SDEError: the rule or the strong mode misses something.
    """
    key = f"index/{data.fingerprint}/{gallery}/{transform_key(state)}"
    return _index(data, gallery, key, fitted(data, state, gallery))


def is_indexed(data: Dataset, state: "SearchState", gallery: str) -> bool:
    """Return whether the transformed vectors of a modality are indexed by now."""
    job = _transformed.find(f"index/{data.fingerprint}/{gallery}/{transform_key(state)}")
    return job is not None and job.status == "done"


def transform_key(state: "SearchState") -> str:
    """Return everything of the state that the transform depends on, as text."""
    kind = kind_of(state)
    cut = (state.center, state.rule, state.noise, state.strong)
    gains = () if kind == "pruned" else (state.t, *astuple(curriculum_of(state)))
    return repr((kind, *cut, *gains))


def _index(data: Dataset, gallery: str, key: str, transform: sde.AffineMap | None) -> "Job":
    rows = vectors_of(data.embeddings, gallery)
    cache = cache_folder()

    def work(job: "Job") -> "NeighbourIndex":
        is_large = len(rows) > EXACT_ROWS

        def report(share: float) -> None:
            job.report(0.8 + 0.2 * share if transform else share, f"{len(rows):,} vectors")

        if transform is None:
            job.report(0.3, f"{len(rows):,} vectors")
            return (
                stream_index(rows, progress=report)
                if is_large
                else sde.build_index(rows, exact_rows=EXACT_ROWS)
            )
        # Of a large set they lie in a file without a name, which is gone with them.
        moved = on_disk(rows.shape, cache) if is_large else np.empty(rows.shape, np.float32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            moved[part] = transform(np.asarray(rows[part], np.float32))
            job.report(0.8 * min(1.0, (start + _BLOCK_ROWS) / len(rows)), f"{len(rows):,} vectors")
        if is_large:
            return stream_index(moved, progress=report)
        return sde.build_index(moved, exact_rows=EXACT_ROWS)

    what = "pictures" if gallery == "image" else "captions"
    when = "as they are" if transform is None else "after"
    title = f"Index of the {what} {when}"
    jobs = _as_they_are if transform is None else _transformed
    # Of a small set those of all visitors stay: of few kept ones the first has gone when its page looks again.
    is_light = rows.nbytes <= _LIGHT_BYTES
    return background.in_background(f"index {gallery} {when}", key, title, work, jobs=jobs, is_light=is_light)


def found_before(data: Dataset, query: Query, index: "NeighbourIndex") -> Found:
    """Return what the vectors as they are say to a query."""
    return search(index, query.vector)


def found_after(data: Dataset, state: "SearchState", query: Query, index: "NeighbourIndex") -> Found:
    """Return what the transformed vectors say to a query, which goes through the map of its own modality.

    Raises:
        SDEError: the rule or the strong mode misses something, or nothing is left of the query.
    """
    moved = fitted(data, state, query.modality)(query.vector)
    if not moved.any():
        raise sde.DataError("the transform leaves nothing of this query: lower the noise threshold")
    return search(index, moved)
