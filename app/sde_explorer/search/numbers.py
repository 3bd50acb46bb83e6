"""One search in two spaces: what each puts first, where the other puts it, and where the right answer stands."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.geometry.search import NeighbourIndex

N_HITS = 8
"""Shown on each side."""

EXACT_ROWS = 200_000
"""Up to here the vectors are copied for the search; of more they are read where they lie, once for each search."""

N_TRIED = 48
"""Pairs among which the one is looked for with which the view opens."""

DEPTH = 1_000
"""Ranks that are known where an index is searched in part."""

MOST_LETTERS = 10_000
"""Of a typed text: far beyond any context, and still tokenized at once."""

LONGEST_WORD = 500
"""Letters in a row: byte-pair encoding takes seconds for a word of thousands."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One item in a list of results.

    Attributes:
        row: of the picture or caption.
        score: cosine to the query.
        rank: in this space, from 1.
        other: rank in the other space; 0 where it is not known.
        is_right: whether it is a right answer.
    """

    row: int
    score: float
    rank: int
    other: int
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that one space says to a query.

    Attributes:
        rows: (k,) of the gallery, nearest first.
        cosines: (k,) to the query.
        n_gallery: items in the gallery.
    """

    rows: Ints
    cosines: Floats
    n_gallery: int

    def ranks(self) -> Ints:
        """Return the (n_gallery,) rank of every item, from 1; 0 where it is not known."""
        places = np.zeros(self.n_gallery, np.int64)
        places[self.rows] = np.arange(1, len(self.rows) + 1)
        return places

    def best_rank(self, right: Ints) -> float | None:
        """Return the rank of the best right answer, ties at their expected place; None where it is not known.

        The same rank as in the table of R@k: other right answers do not count, equal scores fall in random order.

        Args:
            right: (r,) rows of the right answers.
        """
        is_right = np.isin(self.rows, right)
        if not is_right.any():
            return None
        best = self.cosines[is_right].max()
        wrong = self.cosines[~is_right]
        tied_right = int((self.cosines[is_right] == best).sum())
        return 1.0 + float((wrong > best).sum()) + float((wrong == best).sum()) / (tied_right + 1)


def search(index: "NeighbourIndex", query: "Tensor") -> Found:
    """Return the whole ranking of an exact index, or the first thousand of another.

    Args:
        index: of the gallery.
        query: (1, d) vector.
    """
    depth = index.n_rows if index.is_exact else min(DEPTH, index.n_rows)
    rows, cosines = index.search(query, depth)
    there = rows[0] >= 0
    return Found(rows=rows[0][there], cosines=cosines[0][there], n_gallery=index.n_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A search before and after.

    Attributes:
        before: first hits among the vectors as they are.
        after: first hits among the transformed ones.
        right_before: rank of the best right answer; None where none is known.
        right_after: the same after.
        best_before: the best right answer itself; None likewise.
        best_after: the same after.
        n_right: right answers that there are.
        n_gallery: items in the gallery.
        depth: ranks that are known.
    """

    before: tuple[Hit, ...]
    after: tuple[Hit, ...]
    right_before: float | None
    right_after: float | None
    best_before: Hit | None
    best_after: Hit | None
    n_right: int
    n_gallery: int
    depth: int

    @property
    def n_kept(self) -> int:
        """How many of the first hits stand on both sides."""
        return len({hit.row for hit in self.before} & {hit.row for hit in self.after})


def compare(before: Found, after: Found, right: Ints) -> Comparison:
    """Return both lists of results, each hit with its rank on the other side.

    Args:
        before: what the vectors as they are say.
        after: what the transformed ones say.
        right: (r,) rows of the right answers, empty where none is known.
    """
    places = (before.ranks(), after.ranks())
    return Comparison(
        before=hits(before, right, places[1]),
        after=hits(after, right, places[0]),
        right_before=before.best_rank(right),
        right_after=after.best_rank(right),
        best_before=_best(before, right, places[1]),
        best_after=_best(after, right, places[0]),
        n_right=len(right),
        n_gallery=before.n_gallery,
        depth=min(len(before.rows), len(after.rows)),
    )


def hits(found: Found, right: Ints, other: Ints | None = None) -> tuple[Hit, ...]:
    """Return the first results of one side.

    Args:
        found: its ranking.
        right: (r,) rows of the right answers.
        other: (n_gallery,) ranks on the other side; None where there is none yet.
    """
    return tuple(_hit(found, place, right, other) for place in range(min(N_HITS, len(found.rows))))


def _best(found: Found, right: Ints, other: Ints) -> Hit | None:
    places = np.flatnonzero(np.isin(found.rows, right))
    return _hit(found, int(places[0]), right, other) if len(places) else None


def _hit(found: Found, place: int, right: Ints, other: Ints | None) -> Hit:
    row = int(found.rows[place])
    return Hit(
        row=row,
        score=float(found.cosines[place]),
        rank=place + 1,
        other=0 if other is None else int(other[row]),
        is_right=row in right,
    )


def right_answers(embeddings: sde.EmbeddingSet, find: str, *, text: int = -1, image: int = -1) -> Ints:
    """Return the rows that belong to a caption or a picture of the set; empty where that is not known.

    Args:
        embeddings: the set.
        find: "pictures" or "captions".
        text: row of the caption that is searched with, or -1.
        image: row of the picture that is searched with, or -1.
    """
    texts, images = embeddings.links.T
    found: Ints = images[texts == text] if find == "pictures" else texts[images == image]
    return found


def caption_rows(embeddings: sde.EmbeddingSet) -> dict[str, int]:
    """Return each caption's row by its `plain` text; of equal ones the first."""
    rows: dict[str, int] = {}
    for row, caption in enumerate(embeddings.captions):
        if caption:
            rows.setdefault(plain(caption), row)
    return rows


def plain(text: str) -> str:
    """Return a text without capitals and without spaces that do not matter.

    >>> plain("  A red   heart ")
    'a red heart'
    """
    return " ".join(text.casefold().split())


def check_query(query: str) -> None:
    """Refuse a typed text that no tokenizer should be given.

    Raises:
        DataError: too long, or a word in it is.
    """
    if len(query) > MOST_LETTERS:
        raise sde.DataError(
            f"the query must have at most {MOST_LETTERS:,} characters; got {len(query):,}: an encoder reads a few "
            "dozen words"
        )
    longest = max((len(run) for run in re.findall(r"[^\W\d_]+|[^\w\s]+", query)), default=0)
    if longest > LONGEST_WORD:
        raise sde.DataError(
            f"a word of the query must have at most {LONGEST_WORD} letters; one has {longest:,}: put spaces between "
            "words"
        )


def example_captions(embeddings: sde.EmbeddingSet, count: int = 3) -> tuple[str, ...]:
    """Return some short captions of the set, the same ones every time."""
    rows = np.random.default_rng(0).permutation(embeddings.n_texts)[:200]
    short = (embeddings.captions[int(row)] for row in rows)
    return tuple(dict.fromkeys(text for text in short if 0 < len(text.strip()) <= 60))[:count]


def example_pair(embeddings: sde.EmbeddingSet, find: str, index: "NeighbourIndex") -> int:
    """Return the row of a picture whose pair makes a telling search: its answer is among the first, and not first.

    Of 48 seeded pairs the first such one; else one whose answer is first; else the first that has a caption.

    Args:
        embeddings: a set with both modalities.
        find: "pictures" or "captions".
        index: of what is searched.
    """
    import torch

    rows = np.flatnonzero(embeddings.primary_text >= 0)
    if not len(rows):
        return 0
    rows = np.random.default_rng(0).permutation(rows)[:N_TRIED]
    texts = embeddings.primary_text[rows]
    asks = embeddings.text[texts] if find == "pictures" else embeddings.image[rows]
    has_way = np.asarray(asks).any(axis=1)  # a row of zeros asks nothing
    rows, texts, asks = rows[has_way], texts[has_way], asks[has_way]
    if not len(rows):
        return 0
    near, _ = index.search(torch.from_numpy(np.asarray(asks, np.float32)), min(N_HITS, index.n_rows))
    right = [
        right_answers(embeddings, find, text=int(text), image=int(row))
        for row, text in zip(rows, texts, strict=True)
    ]
    places = [np.flatnonzero(np.isin(found, answers)) for found, answers in zip(near, right, strict=True)]
    first = [int(at[0]) if len(at) else N_HITS for at in places]
    for wanted in (range(1, N_HITS), range(1)):
        for row, place in zip(rows, first, strict=True):
            if place in wanted:
                return int(row)
    return int(rows[0])


def on_disk(shape: tuple[int, ...], folder: Path) -> Floats:
    """Return an array of zeros in a file without a name: the disk holds it, and it is gone with the array.

    Args:
        shape: of the array.
        folder: where there is room.

    Raises:
        DataError: there is none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, np.float32, "w+", shape=shape)
    except OSError as error:
        raise sde.DataError(f"{folder} has no room for the transformed vectors: {error.strerror}") from None
