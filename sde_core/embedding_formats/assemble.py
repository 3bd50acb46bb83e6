"""A source read into an EmbeddingSet: broken rows left out and listed, the others still paired."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.gather import Mask, gathered, kept
from sde_core.embedding_formats.metadata import metadata_columns
from sde_core.embedding_formats.sources import Source, as_index, as_strings
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.retrieval.links import Ints, as_links
from sde_core.sets.embeddings import NO_LINKS, EmbeddingSet, Floats
from sde_core.sets.provenance import Provenance
from sde_core.sets.strings import are_empty, codes_of, places_in, row_numbers, rows_of

_BLOCK = 16_384
# Of two rows that are the same vector: rounding to half precision moves an entry by 0.0005 of its size.
_SAME = 2e-3


@dataclass(eq=False)
class _Side:
    """Rows of one modality while they are sorted out.

    Attributes:
        vectors: (m, d).
        usable: (m,) whether a row stays.
        reasons: row -> why it does not.
        ids: (m,) what people call a row; None where there is nothing but its number.
        what: word before that number.
        same_as: (m,) the row that stands for a row: itself, or the first one that is equal.
    """

    vectors: Floats
    usable: Mask
    reasons: dict[int, str]
    ids: Sequence[str] | None
    what: str
    same_as: Ints

    def label(self, row: int) -> str:
        """Return what people call a row; "" where its id is empty."""
        return f"{self.what} {row}" if self.ids is None else self.ids[row]

    def drop(self, row: int, reason: str) -> None:
        self.usable[row] = False
        self.reasons.setdefault(row, reason)


def assembled(source: Source, *, provenance: Provenance, name: str) -> EmbeddingSet:
    """Return the set, vectors memory-mapped where nothing had to be copied.

    Raises:
        DataError: counts do not match, an index is out of range, or no pair is left.
    """
    n_images, n_texts = len(source.image), len(source.text)
    ids, wild_ids = as_strings(source.image_id(), n_images, "image ids") if source.image_id else (None, {})
    captions, wild = as_strings(source.caption(), n_texts, "captions") if source.caption else (None, {})
    links, lost = _links(source, ids)
    pictures = _side(source, ids, is_image=True)
    texts = _side(source, None, is_image=False)
    for side, reasons in ((texts, lost), (texts, wild), (pictures, wild_ids)):
        for row, reason in reasons.items():
            side.drop(row, reason)
    if ids is not None:
        _sort_out_ids(pictures, ids)
    if captions is not None:
        _merge_captions(texts, captions)
    remarks = (*_merged(pictures, "image", "ids"), *_merged(texts, "text", "captions"))
    skipped = (
        _skipped_pairs(pictures, texts) if source.has_rows_of_pairs else _skipped(pictures, texts, links)
    )
    links = np.stack([texts.same_as[links[:, 0]], pictures.same_as[links[:, 1]]], axis=1)
    links = links[texts.usable[links[:, 0]] & pictures.usable[links[:, 1]]]
    rows, text_rows = _rows(pictures), _rows(texts)
    is_one = source.is_one_modality
    if not len(rows) + len(text_rows) or not (is_one or len(links)):
        first = f"; the first: {skipped[0].item}: {skipped[0].reason}" if skipped else ""
        raise DataError(
            f"{source.place} must hold at least one usable {'vector' if is_one else 'pair'}; {len(skipped)} rows were "
            f"left out{first}"
        )
    columns, unusable = metadata_columns(source.metadata, rows if len(rows) else text_rows)
    return EmbeddingSet(
        image=kept(pictures.vectors, rows, is_ours=source.image.whole is None),
        text=kept(texts.vectors, text_rows, is_ours=source.text.whole is None),
        links=as_links(_renumbered(links, text_rows, rows), len(text_rows), len(rows)),
        image_ids=row_numbers(rows) if ids is None else rows_of(ids, rows),
        captions=("",) * len(text_rows) if captions is None else rows_of(captions, text_rows),
        metadata=columns,
        provenance=provenance,
        skipped=(*source.skipped, *skipped, *unusable),
        remarks=(*source.remarks, *remarks),
        name=name,
    )


def _side(source: Source, ids: Sequence[str] | None, *, is_image: bool) -> _Side:
    matrix = source.image if is_image else source.text
    vectors, usable, reasons = gathered(matrix)
    what = "row" if source.has_rows_of_pairs else ("picture" if is_image else "caption")
    return _Side(vectors, usable, reasons, ids, what, np.arange(len(matrix)))


def _links(source: Source, ids: Sequence[str] | None) -> tuple[Ints, dict[int, str]]:
    """Return (n_links, 2) of (text, image) in rows as read, and texts that belong to no image."""
    n_images, n_texts = len(source.image), len(source.text)
    if source.is_one_modality:
        return NO_LINKS, {}
    if source.text_to_image is not None:
        return as_links(as_index(source.text_to_image(), source.place), n_texts, n_images), {}
    if source.text_id is None:
        if n_images != n_texts:
            raise DataError(
                f"{source.image.place} and {source.text.place} must have one row per pair; got {n_images} and "
                f"{n_texts} rows: give text_to_image, or ids of both"
            )
        return np.repeat(np.arange(n_texts, dtype=np.int64)[:, None], 2, axis=1), {}
    wanted, _ = as_strings(source.text_id(), n_texts, "ids of the captions' pictures")
    rows = places_in(wanted, () if ids is None else ids)
    lost = {t: f"no picture has its id {wanted[t][:80]!r}" for t in np.flatnonzero(rows < 0).tolist()}
    if len(lost) == n_texts:
        raise DataError(
            f"{source.place}: captions must name ids of pictures; {wanted[0][:80]!r} is none, the pictures "
            f"have such as {(ids[0] if ids else '')[:80]!r}"
        )
    texts = np.flatnonzero(rows >= 0)
    return as_links(np.stack([texts, rows[texts]], axis=1), n_texts, n_images), lost


def _sort_out_ids(pictures: _Side, ids: Sequence[str]) -> None:
    """Drop images without id; of an id that comes again, keep the first, merged if the vector is the same."""
    for row in np.flatnonzero(are_empty(ids)).tolist():
        pictures.drop(row, "it has no id")
    again, first = _repeated(ids, pictures.usable)
    same = _are_same(pictures.vectors, again, first)
    pictures.same_as[again[same]] = first[same]
    for row in again[~same].tolist():
        pictures.drop(row, "its id was there before, with another vector")


def _merge_captions(texts: _Side, captions: Sequence[str]) -> None:
    """Let equal captions with the same vector be one text, as `encode_pairs` has them."""
    again, first = _repeated(captions, texts.usable)
    same = _are_same(texts.vectors, again, first)
    texts.same_as[again[same]] = first[same]


def _merged(side: _Side, rows: str, words: str) -> tuple[str, ...]:
    """Return a sentence on rows that became one, because row numbers then differ from those of the file."""
    count, left = len(side.same_as), int((side.same_as == np.arange(len(side.same_as))).sum())
    if left == count:
        return ()
    return (
        f"{count:,} {rows} rows of the file are {left:,} here: equal {words} with equal vectors are one.",
    )


def _repeated(words: Sequence[str], usable: Mask) -> tuple[Ints, Ints]:
    """Return usable rows whose word came before, and the rows where it came first; "" is no word."""
    codes = codes_of(words)
    rows = np.flatnonzero(usable & ~are_empty(words))
    first = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[rows[::-1]]] = rows[::-1]  # written backwards, so that the first row stays
    again = rows[first[codes[rows]] != rows]
    return again, first[codes[again]]


def _are_same(vectors: Floats, rows: Ints, others: Ints) -> Mask:
    same = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        a, b = (vectors[r[part]].astype(np.float32) for r in (rows, others))
        same[part] = np.abs(a - b).max(axis=1) <= _SAME * np.abs(b).max(axis=1)
    return same


def _skipped_pairs(pictures: _Side, texts: _Side) -> tuple[Skipped, ...]:
    """Drop both rows of a pair where one cannot be used, and return the pairs that are gone."""
    gone = np.flatnonzero(~(pictures.usable & texts.usable)).tolist()
    found = []
    for row in gone:
        what, reason = "picture", pictures.reasons.get(row)
        if reason is None:
            what, reason = "caption", texts.reasons[row]
        label = pictures.label(row) or f"row {row}"
        found.append(Skipped(label, f"{what}: {reason}"))
    pictures.usable[gone] = texts.usable[gone] = False
    return tuple(found)


def _skipped(pictures: _Side, texts: _Side, links: Ints) -> tuple[Skipped, ...]:
    """Drop captions all of whose images are gone, and return every row that is gone."""
    linked, left = np.zeros((2, len(texts.usable)), dtype=bool)
    linked[links[:, 0]] = True
    left[links[pictures.usable[links[:, 1]], 0]] = True
    for row in np.flatnonzero(linked & ~left).tolist():
        texts.drop(row, "its picture was left out")
    return tuple(
        Skipped(side.label(row) or f"{what} {row}", side.reasons[row])
        for side, what in ((pictures, "picture"), (texts, "caption"))
        for row in np.flatnonzero(~side.usable).tolist()
    )


def _rows(side: _Side) -> Ints:
    """Return the rows that stay: usable, and not one that another row stands for."""
    return np.flatnonzero(side.usable & (side.same_as == np.arange(len(side.same_as))))


def _renumbered(links: Ints, text_rows: Ints, image_rows: Ints) -> npt.NDArray[Any]:
    """Return links in the new row numbers, each once, in their order."""
    new: Ints = np.stack(
        [np.searchsorted(text_rows, links[:, 0]), np.searchsorted(image_rows, links[:, 1])], axis=1
    )
    key = new[:, 0] * max(1, len(image_rows)) + new[:, 1]
    if (np.diff(key) > 0).all():
        return new
    _, first = np.unique(key, return_index=True)
    kept: Ints = new[np.sort(first)]
    return kept
