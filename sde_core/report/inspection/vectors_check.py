"""Vectors opened as they will be: ties, near duplicates, rows without a partner, captions, leaks between splits."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats import describe_embeddings, open_embeddings
from sde_core.report.inspection.findings import CheckReport
from sde_core.report.inspection.odd import Odd, leaks, odd_captions, odd_of
from sde_core.report.inspection.pairs_check import SPLIT_COLUMNS
from sde_core.sets.claimed_encoder import with_agreement
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.vocabulary import Modality

NEAR_COSINE = 0.999
"""Cosine from which two vectors are nearly one."""

MOST_COMPARED = 20_000
"""Rows of a modality that are compared with each other; of more, the first."""

BLOCK = 1024
"""Rows whose cosines are held at one time."""


def check_vectors(
    name: str, *, compare_encoder: bool = True, embeddings: EmbeddingSet | None = None
) -> CheckReport:
    """Return what a file or folder of vectors holds and what is odd about it.

    Args:
        name: of the file or folder.
        embeddings: the set in it, where it is open already.
        compare_encoder: whether the encoder that the vectors name, if it is on this machine, encodes a few again.

    Raises:
        DataError: it cannot be opened.
    """
    facts = describe_embeddings(name)
    embeddings = open_embeddings(name) if embeddings is None else embeddings
    if compare_encoder:
        embeddings = with_agreement(embeddings)
    norms = {f"norm_{m}": float(_norms(embeddings.vectors(m)).mean()) for m in embeddings.modalities}
    return CheckReport(
        path=name,
        kind="vectors",
        format=facts.format,
        modalities=tuple(map(str, embeddings.modalities)),
        n_images=embeddings.n_images,
        n_texts=embeddings.n_texts,
        facts={
            "width": embeddings.width,
            "dtype": facts.dtype,
            "pairing": facts.pairing,
            **norms,
            "missing": list(embeddings.missing),
            "skipped": len(embeddings.skipped),
        },
        odd=odd_of_vectors(embeddings),
    )


def odd_of_vectors(embeddings: EmbeddingSet) -> tuple[Odd, ...]:
    """Return what is odd about a set that is open: ties, near duplicates, captions, rows without a partner, leaks.

    Args:
        embeddings: of both modalities or one; each vector is compared with the first `MOST_COMPARED`.
    """
    tied: list[str] = []
    near: list[str] = []
    across: list[str] = []
    for modality in embeddings.modalities:
        same, like = equal_and_near(embeddings.vectors(modality))
        names = names_of(embeddings, modality)
        tied += [f"{names[r]} is {names[o]}" for r, o in enumerate(same.tolist()) if r != o]
        near += [
            f"{names[r]} is nearly {names[o]}" for r, o in enumerate(like.tolist()) if r != o and same[r] == r
        ]
        column = next((name for name in SPLIT_COLUMNS if name in embeddings.metadata), None)
        if column is not None and len(names) == embeddings.n_rows and modality == embeddings.modalities[0]:
            across += leaks(names, embeddings.metadata[column].astype(str).tolist(), like)
    counts = np.bincount(embeddings.links[:, 0], minlength=embeddings.n_texts)
    shared = (
        f"{embeddings.captions[t][:60]!r}: {counts[t]} pictures" for t in np.flatnonzero(counts > 1).tolist()
    )
    return (
        *odd_of("skipped", (f"{s.item}: {s.reason}" for s in embeddings.skipped)),
        *odd_of("tied_vectors", tied),
        *odd_of("near_duplicates", near),
        *odd_of("shared_captions", shared),
        *odd_captions([caption for caption in embeddings.captions if caption]),
        *odd_of("unpaired", _unpaired(embeddings, counts)),
        *odd_of("leaks", across),
        *odd_of("remarks", embeddings.remarks),
    )


def equal_and_near(
    vectors: npt.NDArray[np.floating[Any]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, for each row, the first row that is equal, and the first of cosine `NEAR_COSINE` or more.

    Args:
        vectors: (n, d), none all zeros; near ones are looked for among the first `MOST_COMPARED`.
    """
    rows = np.ascontiguousarray(vectors)
    first: dict[bytes, int] = {}
    same = np.array([first.setdefault(row.tobytes(), i) for i, row in enumerate(rows)], dtype=np.int64)
    like = same.copy()
    some = unit_rows(rows)
    for start in range(0, len(some), BLOCK):
        block = some[start : start + BLOCK]
        is_near = block @ some[: start + len(block)].T >= NEAR_COSINE
        is_near[np.arange(len(block)), np.arange(start, start + len(block))] = (
            True  # itself, whatever rounding says
        )
        like[start : start + len(block)] = is_near.argmax(axis=1)
    return same, like


def unit_rows(vectors: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Return the first `MOST_COMPARED` rows, in float32 and of unit length."""
    some = np.asarray(vectors[:MOST_COMPARED], dtype=np.float32).copy()
    some /= _norms(some)[:, None]
    return some


def _norms(vectors: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    found: npt.NDArray[np.float32] = np.sqrt(squares).astype(np.float32)
    return found


def names_of(embeddings: EmbeddingSet, modality: Modality) -> list[str]:
    """Return what sentences call the rows of a modality."""
    if modality == Modality.IMAGE:
        return [f"image {name}" for name in embeddings.image_ids]
    return [
        f"text {caption[:60]!r}" if caption else f"text {t}" for t, caption in enumerate(embeddings.captions)
    ]


def _unpaired(embeddings: EmbeddingSet, counts: npt.NDArray[np.int64]) -> list[str]:
    if len(embeddings.modalities) < 2:
        return []
    images = np.flatnonzero(embeddings.primary_text < 0).tolist()
    texts = np.flatnonzero(counts == 0).tolist()
    return [f"image {embeddings.image_ids[i]}" for i in images] + [f"text {t}" for t in texts]
