"""Both directions of retrieval from one matrix product on the CPU, with ties that no rounding breaks.

The product is taken in float32, tile by tile. What it cannot tell apart from a right answer, given how far a sum of
that many products may round, is compared again in float64; so equal vectors tie wherever they stand, and neither the
size of a tile nor the number of threads changes a rank.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sde_core.checks.threads import side_by_side

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

_UNIT = 2.0**-24  # rounding of float32
_EPS = float(np.finfo(np.float64).eps)
# Columns of a tile, and at most half as many rows: its scores and masks stay near a core while they are counted.
_TILE = 1024
# Entries of vectors in float64 at one time, of a thread.
_SETTLED = 1 << 18
# Up to this share of queries that have a link more, these are taken out of the tile.
_FEW_ASKED = 1 / 2
# Above this share of doubtful scores a tile is taken in float64 as a whole.
_DOUBTFUL = 1 / 128


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """For every link, how many wrong items score above its right one, and how many the same: (l,) each."""

    above: Ints
    tied: Ints


class KeptScores:
    """Cosines of all texts with all images, right ones hidden: who counts again, with other hubs, reads them here.

    Args:
        n_texts: rows.
        n_images: columns.
    """

    def __init__(self, n_texts: int, n_images: int) -> None:
        self._scores: Floats = np.empty((n_texts, n_images), np.float32)
        self._known: set[tuple[int, ...]] = set()  # edges of tiles

    def at(self, rows: slice, columns: slice) -> Floats | None:
        """Return the scores of a tile, which nobody writes to; None where it was not kept."""
        known = (rows.start, rows.stop, columns.start, columns.stop) in self._known
        return self._scores[rows, columns] if known else None

    def keep(self, rows: slice, columns: slice, scores: Floats) -> None:
        """Copy the scores of a tile."""
        self._scores[rows, columns] = scores
        self._known.add((rows.start, rows.stop, columns.start, columns.stop))


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One direction: whose rows ask, and which link is the first, second, ... of each row."""

    nth: list[Ints]  # (rows,) link of each row, -1 where it has no more
    own: Floats  # (l,) score of each link, float64
    hubs: Floats | None  # (columns,) taken off every score of a column
    counts: Counts

    @classmethod
    def of(cls, rows: Ints, n_rows: int, own: Floats, hubs: Floats | None) -> _Side:
        order = np.argsort(rows, kind="stable")
        place = np.arange(len(rows)) - np.searchsorted(rows[order], rows[order])
        nth = [np.full(n_rows, -1, np.int64) for _ in range(int(place.max()) + 1)]
        for number, links in enumerate(nth):
            chosen = order[place == number]
            links[rows[chosen]] = chosen
        zeros = np.zeros((2, len(rows)), np.int64)
        return cls(nth=nth, own=own, hubs=hubs, counts=Counts(*zeros))


def count_both_ways(
    texts: Floats,
    images: Floats,
    links: Ints,
    hubs: tuple[Floats | None, Floats | None] = (None, None),
    *,
    block_entries: int = _TILE * _TILE,
    within: tuple[int, int] | None = None,
    kept: KeptScores | None = None,
) -> tuple[Counts, Counts]:
    """Return what stands above and beside every link, asked from its text and asked from its image.

    The score of an item is its cosine less its hub value; other right answers of the same query are not counted.

    Args:
        texts: (a, d) float32 unit rows.
        images: (b, d) float32 unit rows.
        links: (l, 2) distinct pairs (text row, image row), ordered by text.
        hubs: (b,) and (a,) float64 values taken off the cosines with each image, and with each text.
        block_entries: scores held at once.
        within: count the first so many texts and images alone; what follows them is only linked to.
        kept: scores of an earlier call with the same vectors and links, or where this one leaves them.

    Returns:
        Counts of text -> image and of image -> text, in the order of ``links``.
    """
    work = _Work(texts, images, links, hubs, kept)
    n_texts, n_images = within or (len(texts), len(images))
    threads = torch.get_num_threads()
    columns = max(1, min(_TILE, math.isqrt(block_entries)))
    rows = max(1, min(_TILE // 2, block_entries // (columns * threads)))
    work.add(n_texts, n_images, rows, columns)
    return work.by_text.counts, work.by_image.counts


class _Work:
    """The two sides, and the tiles counted so far."""

    def __init__(
        self,
        texts: Floats,
        images: Floats,
        links: Ints,
        hubs: tuple[Floats | None, Floats | None],
        kept: KeptScores | None,
    ) -> None:
        self.texts, self.images, self.links, self.kept = texts, images, links, kept
        cosine = np.concatenate(
            [
                np.einsum("ld,ld->l", texts[part[:, 0]], images[part[:, 1]], dtype=np.float64)
                for part in _parts(links, max(1, _SETTLED // texts.shape[1]))
            ]
        )
        of_image, of_text = hubs
        own = [cosine if h is None else cosine - h[links[:, 1 - k]] for k, h in enumerate(hubs)]
        self.by_text = _Side.of(links[:, 0], len(texts), own[0], of_image)
        self.by_image = _Side.of(links[:, 1], len(images), own[1], of_text)
        # Six standard deviations of a sum of d roundings, or the worst case where that is less; two more for hubs.
        d = texts.shape[1]
        size = 1 + max((float(np.abs(h).max()) for h in hubs if h is not None), default=0.0)
        self.doubt = (min(d, 6 * math.sqrt(d)) + 4) * _UNIT * size
        self.equal = 4 * d * _EPS * size

    def add(self, n_texts: int, n_images: int, rows: int, columns: int) -> None:
        """Count so many texts and images in tiles of at most so many rows and columns, each thread its own ones."""
        tiles = (
            (slice(top, min(top + rows, n_texts)), slice(left, min(left + columns, n_images)))
            for top in range(0, n_texts, rows)
            for left in range(0, n_images, columns)
        )
        several = n_texts > rows or n_images > columns
        rooms: list[_Room] = []  # those that no thread uses

        def counted(tile: tuple[slice, slice]) -> list[_Piece]:
            try:
                room = rooms.pop()
            except IndexError:
                room = _Room.of(rows, columns)
            found = self._counted(*tile, room)
            rooms.append(room)
            return found

        for pieces in (side_by_side if several else map)(counted, tiles):
            for piece in pieces:  # a link stands in a piece once
                piece.side.counts.above[piece.links] += piece.above
                piece.side.counts.tied[piece.links] += piece.tied

    def _counted(self, rows: slice, columns: slice, room: _Room) -> list[_Piece]:
        """Return what stands above and beside the links of a tile's rows and columns."""
        known = None if self.kept is None else self.kept.at(rows, columns)
        scores = self._scores(rows, columns, room) if known is None else known
        found = [
            *self._count_side(self.by_text, scores, rows, columns, room, axis=1),
            *self._count_side(self.by_image, scores, columns, rows, room, axis=0),
        ]
        if sum(len(piece.place) for piece in found) > _DOUBTFUL * scores.size:
            return list(self._counted_exactly(rows, columns))
        for piece in found:
            self._settle(piece)
        return found

    def _scores(self, rows: slice, columns: slice, room: _Room) -> Floats:
        """Return the cosines of a tile, right ones hidden."""
        scores = room.scores(rows.stop - rows.start, columns.stop - columns.start)
        texts, images = torch.from_numpy(self.texts[rows]), torch.from_numpy(self.images[columns])
        torch.mm(texts, images.T, out=torch.from_numpy(scores))
        self._hide_right_ones(scores, rows, columns)
        if self.kept is not None:
            self.kept.keep(rows, columns, scores)
        return scores

    def _hide_right_ones(self, scores: Floats, rows: slice, columns: slice) -> None:
        low, high = np.searchsorted(self.links[:, 0], [rows.start, rows.stop])
        here = self.links[low:high]
        here = here[(here[:, 1] >= columns.start) & (here[:, 1] < columns.stop)]
        scores[here[:, 0] - rows.start, here[:, 1] - columns.start] = -np.inf

    def _count_side(
        self, side: _Side, scores: Floats, queries: slice, items: slice, room: _Room, *, axis: int
    ) -> Iterator[_Piece]:
        """Yield the counts of the queries of a tile, which lie along the other axis than ``axis``."""
        if side.hubs is not None:
            hubs = side.hubs[items].astype(np.float32)
            scores = np.subtract(
                scores, hubs if axis == 1 else hubs[:, None], out=room.less_hubs(*scores.shape)
            )
        for links in side.nth:
            chosen = links[queries]
            asked = np.flatnonzero(chosen >= 0)
            if not len(asked):
                continue
            some = scores
            if len(asked) <= _FEW_ASKED * len(chosen):
                some, chosen = (scores[asked] if axis == 1 else scores[:, asked]), chosen[asked]
                asked = np.arange(len(asked))
            own = np.full(len(chosen), np.nan)
            own[asked] = side.own[chosen[asked]]
            low, high = ((own + sign * self.doubt).astype(np.float32) for sign in (-1, 1))
            if axis == 1:
                low, high = low[:, None], high[:, None]
            surely, maybe = room.masks(*some.shape)
            np.greater(some, high, out=surely)
            np.greater_equal(some, low, out=maybe)
            above, beside = _count_true(surely, axis), _count_true(maybe, axis)
            doubtful = np.flatnonzero(beside > above)
            if axis == 1:
                query, item = np.nonzero(maybe[doubtful] > surely[doubtful])
            else:
                item, query = np.nonzero(maybe[:, doubtful] > surely[:, doubtful])
            yield _Piece(
                side=side,
                links=chosen[asked],
                above=above[asked],
                tied=np.zeros(len(asked), np.int64),
                place=np.searchsorted(asked, doubtful[query]),
                item=item + items.start,
            )

    def _settle(self, piece: _Piece) -> None:
        """Compare doubtful items with the right one in float64."""
        asks_text = piece.side is self.by_text
        asking, asked = (self.texts, self.images) if asks_text else (self.images, self.texts)
        column = 0 if asks_text else 1
        size = max(1, _SETTLED // asked.shape[1])
        for place, item in zip(_parts(piece.place, size), _parts(piece.item, size), strict=True):
            link = piece.links[place]
            query, right = self.links[link, column], self.links[link, 1 - column]
            apart = asked[item].astype(np.float64) - asked[right]
            lead = np.einsum("kd,kd->k", apart, asking[query], dtype=np.float64)
            if piece.side.hubs is not None:
                lead -= piece.side.hubs[item] - piece.side.hubs[right]
            np.add.at(piece.above, place[lead > self.equal], 1)
            np.add.at(piece.tied, place[np.abs(lead) <= self.equal], 1)

    def _counted_exactly(self, rows: slice, columns: slice) -> Iterator[_Piece]:
        """Yield the counts of a tile in which much is equal, in float64."""
        scores = self.texts[rows].astype(np.float64) @ self.images[columns].astype(np.float64).T
        self._hide_right_ones(scores, rows, columns)
        for side, queries, items, axis in (
            (self.by_text, rows, columns, 1),
            (self.by_image, columns, rows, 0),
        ):
            lead = scores
            if side.hubs is not None:
                lead = scores - (side.hubs[items] if axis == 1 else side.hubs[items][:, None])
            for links in side.nth:
                chosen = links[queries]
                asked = np.flatnonzero(chosen >= 0)
                some = lead[asked] if axis == 1 else lead[:, asked].T
                apart = some - side.own[chosen[asked]][:, None]
                yield _Piece(
                    side=side,
                    links=chosen[asked],
                    above=np.count_nonzero(apart > self.equal, axis=1),
                    tied=np.count_nonzero(np.abs(apart) <= self.equal, axis=1),
                )


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Counts of ``links`` in one tile, and items that float32 cannot tell apart from the link at a place of them."""

    side: _Side
    links: Ints
    above: Ints
    tied: Ints
    place: Ints = field(default_factory=_none)
    item: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """What one thread writes tiles to, so that none takes fresh pages: numbers twice, truth values twice."""

    numbers: Floats
    truth: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: int, columns: int) -> _Room:
        size = rows * columns
        return cls(np.empty((2, size), np.float32), np.empty((2, size), bool))

    def scores(self, rows: int, columns: int) -> Floats:
        return self.numbers[0, : rows * columns].reshape(rows, columns)

    def less_hubs(self, rows: int, columns: int) -> Floats:
        return self.numbers[1, : rows * columns].reshape(rows, columns)

    def masks(self, rows: int, columns: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        first, second = self.truth[:, : rows * columns].reshape(2, rows, columns)
        return first, second


def _count_true(mask: npt.NDArray[np.bool_], axis: int) -> Ints:
    """Return the true values along an axis, eight at a time as the bytes of one word: at most 255 words a sum."""
    rows, columns = mask.shape
    whole = columns - columns % 8
    words = np.ascontiguousarray(mask[:, :whole]).view(np.uint64)
    rest: Ints | int = np.count_nonzero(mask[:, whole:], axis=axis) if whole < columns else 0
    if axis == 1:
        total = np.zeros((rows, 8), np.int64)
        for i in range(0, words.shape[1], 255):
            total += words[:, i : i + 255].sum(axis=1).view(np.uint8).reshape(rows, 8)
        found: Ints = total.sum(axis=1) + rest
        return found
    total = np.zeros(whole, np.int64)
    for i in range(0, rows, 255):
        total += words[i : i + 255].sum(axis=0).view(np.uint8)
    return total if whole == columns else np.concatenate([total, np.atleast_1d(rest)])


def _parts(rows: Ints, size: int) -> list[Ints]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]
