"""Which rows of two embedding sets belong together: pictures by id or by row, captions by their words."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_core.sets.absence import are_row_numbers

Ints = npt.NDArray[np.int64]

ENHANCED, PRUNED = "this set, enhanced", "this set, pruned"
KINDS: dict[str, Literal["enhanced", "pruned"]] = {ENHANCED: "enhanced", PRUNED: "pruned"}
"""What else the second set may be: the first one with a transform of the Curriculum page."""

MOST_ROWS = 8_000
"""Rows on which two sets are compared; of more, a seeded sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePairs:
    """Pictures that are in both sets.

    Attributes:
        first: (p,) rows of the first set, ascending.
        second: (p,) rows of the second set.
        by: "id" or "row"; "" where nothing pairs them.
        note: what a reader should know of it, one sentence; often empty.
    """

    first: Ints
    second: Ints
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPairs:
    """Captions that are in both sets, whose pictures are paired row by row.

    Attributes:
        first: (q,) rows of the first set, each once.
        second: (q,) rows of the second set, each once.
        by: "caption", "row" or "picture"; "" where there are none.
    """

    first: Ints
    second: Ints
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The rows of one modality that are compared.

    Attributes:
        first: (m,) rows of the first set.
        second: (m,) rows of the second set.
        total: how many there are; more than m if these are a sample.
    """

    first: Ints
    second: Ints
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRows:
    """Picture-caption pairs that both sets have.

    Attributes:
        images: (m,) rows of the pictures, in both sets.
        first: (m,) row of the primary caption in the first set.
        second: (m,) row of the same caption in the second set.
        total: how many there are; more than m if these are a sample.
    """

    images: Ints
    first: Ints
    second: Ints
    total: int


def pair_images(first: sde.EmbeddingSet, second: sde.EmbeddingSet) -> ImagePairs:
    """Return which pictures of two whole sets are the same: by id, else by row where the counts agree."""
    named = [not are_row_numbers(s.image_ids) for s in (first, second)]
    if any(named):
        places = {name: row for row, name in enumerate(second.image_ids)}
        found = [(i, places[name]) for i, name in enumerate(first.image_ids) if name in places]
        if found:
            rows = np.array(found, np.int64)
            return ImagePairs(first=rows[:, 0], second=rows[:, 1], by="id")
    if first.n_images == second.n_images:
        rows = np.arange(first.n_images)
        note = (
            "No id is in both sets, but the counts agree: row 1 of A is taken for row 1 of B, and so on. If the rows "
            "are in another order, all that compares row with row falls to its chance value."
        )
        return ImagePairs(first=rows, second=rows, by="row", note=note if any(named) else "")
    none = np.zeros(0, np.int64)
    why = "no id is in both" if any(named) else "neither knows ids"
    note = (
        f"Nothing says which picture of A is which of B: {why}, and the counts are {first.n_images:,} and "
        f"{second.n_images:,}. The spectra are those of the whole sets; for the rest choose a set of the same pictures."
    )
    return ImagePairs(first=none, second=none, by="", note=note)


def pair_texts(first: sde.EmbeddingSet, second: sde.EmbeddingSet) -> TextPairs:
    """Return which captions are the same: by their words, else by row, else by the picture that they belong to."""
    if _has_words(first) and _has_words(second):
        places = {words: row for row, words in enumerate(second.captions)}
        rows = np.array(
            [(i, places[words]) for i, words in enumerate(first.captions) if words in places], np.int64
        )
        if len(rows):
            return TextPairs(first=rows[:, 0], second=rows[:, 1], by="caption")
    elif first.n_texts == second.n_texts and np.array_equal(first.links, second.links) and first.n_texts:
        rows = np.arange(first.n_texts)
        return TextPairs(first=rows, second=rows, by="row")
    a, b = first.primary_text, second.primary_text
    both = np.stack([a, b], axis=1)[(a >= 0) & (b >= 0)]
    for side in (0, 1):
        both = both[np.sort(np.unique(both[:, side], return_index=True)[1])]
    return TextPairs(first=both[:, 0], second=both[:, 1], by="picture" if len(both) else "")


def items_of(first: sde.EmbeddingSet, texts: TextPairs, modality: str, most: int = MOST_ROWS) -> Items:
    """Return the rows of a modality on which the sets are compared: all, or a seeded sample.

    Args:
        first: the first set; its pictures are those of the second one row by row.
        texts: captions that are in both.
        modality: "image" or "text".
        most: rows of the sample; 0 takes all.
    """
    if modality == "image":
        rows = sample_rows(first.n_images, most or first.n_images)
        return Items(first=rows, second=rows, total=first.n_images)
    some = sample_rows(len(texts.first), most or len(texts.first))
    return Items(first=texts.first[some], second=texts.second[some], total=len(texts.first))


def pair_rows(first: sde.EmbeddingSet, texts: TextPairs, most: int = MOST_ROWS) -> PairRows:
    """Return the pairs of a picture and its primary caption of the first set that the second set has too.

    Args:
        first: the first set; its pictures are those of the second one row by row.
        texts: captions that are in both.
        most: pairs of a seeded sample; 0 takes all.
    """
    place = np.full(first.n_texts, -1, np.int64)
    place[texts.first] = texts.second
    primary = first.primary_text
    images = np.flatnonzero(primary >= 0)
    images = images[place[primary[images]] >= 0]
    some = images[sample_rows(len(images), most or len(images))]
    return PairRows(images=some, first=primary[some], second=place[primary[some]], total=len(images))


def _has_words(embeddings: sde.EmbeddingSet) -> bool:
    """Return whether captions are known, and each is one text."""
    words = set(embeddings.captions)
    return bool(words) and words != {""} and len(words) == embeddings.n_texts
