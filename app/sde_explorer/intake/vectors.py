"""Vectors with what a user says about them: where captions, ids, index and pictures are, what belongs together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

import sde_core as sde
from sde_core.embedding_formats import FORMATS, EmbeddingFacts, describe_embeddings
from sde_explorer.serving.places import check_encoder, check_source

Pairing = Literal["as the files say", "by row", "by id", "by index"]
PAIRINGS: tuple[Pairing, ...] = get_args(Pairing)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorRequest:
    """What to open, and how; empty strings where nothing was said.

    Attributes:
        source: file or folder of the vectors.
        format: one of `sde_core.embedding_formats.FORMATS`.
        text: file or folder of the caption vectors, where the source has only those of pictures.
        pairing: what says which caption belongs to which picture.
        images: file with a row for each picture vector: its id, metadata.
        captions: file with a row for each caption vector: the caption, the id of its picture.
        index: file with the picture row of each caption.
        pairs: what `open_pairs` takes for the pictures.
        encoder: what `load_encoder` takes for the encoder that made them.
        columns: (role, name) where the file's own names are not understood.
    """

    source: str
    format: str = ""
    text: str = ""
    pairing: Pairing = "as the files say"
    images: str = ""
    captions: str = ""
    index: str = ""
    pairs: str = ""
    encoder: str = ""
    columns: tuple[tuple[str, str], ...] = ()


def permitted(request: VectorRequest, own: Path | None) -> VectorRequest:
    """Return a request, if this server opens everything that it names.

    Args:
        request: what to open.
        own: folder of the visitor.

    Raises:
        DataError: it does not.
    """
    for place in (
        request.source,
        request.text,
        request.images,
        request.captions,
        request.index,
        request.pairs,
    ):
        check_source(place, own)
    check_encoder(request.encoder, own)
    return request


def describe(request: VectorRequest) -> EmbeddingFacts:
    """Return what would be opened, from headers alone.

    Raises:
        SDEError: it cannot be opened, or cannot be paired as asked.
    """
    facts = describe_embeddings(request.source, **_options(request))
    if request.pairing == "by id" and facts.pairing != "id":
        raise sde.DataError(
            "pairing by id needs ids of the pictures, and for each caption the id of its picture; they are not there: "
            "give them as tables, or name their columns"
        )
    if request.pairing == "by row" and facts.n_images != facts.n_texts:
        raise sde.DataError(
            f"pairing by row needs as many captions as pictures; got {facts.n_texts:,} and {facts.n_images:,}"
        )
    return facts


def open_vectors(request: VectorRequest) -> sde.EmbeddingSet:
    """Return the set.

    Raises:
        SDEError: as `describe`, damaged, or no usable pair.
    """
    facts = describe(request)
    options = _options(request)
    if request.pairing == "by row":
        options["text_to_image"] = np.arange(facts.n_texts)
    # Whoever opens it compares it, where this visitor may read the encoder.
    return sde.open_embeddings(
        request.source, pairs=request.pairs or None, encoder=request.encoder, compare_encoder=False, **options
    )


def _options(request: VectorRequest) -> dict[str, Any]:
    if request.pairing == "by index" and not request.index:
        raise sde.DataError("pairing by index needs the file of the index: name it")
    given: dict[str, Any] = {
        "text": request.text,
        "format": next((known for known in FORMATS if known == request.format), None),
        "images": request.images,
        "captions": request.captions,
        "text_to_image": request.index if request.pairing in ("by index", "as the files say") else "",
        "columns": dict(request.columns),
    }
    return {name: value for name, value in given.items() if value}
