"""Both directions of retrieval from one matrix product on the CPU, with ties that no rounding breaks.

The product is taken in float32, tile by tile. What it cannot tell apart from a right answer, given how far a sum of
that many products may round, is compared again in float64; so equal vectors tie wherever they stand, and neither the
size of a tile nor the number of threads changes a rank.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

_UNIT = 2.0**-24  # rounding of float32
_EPS = float(np.finfo(np.float64).eps)
# Rows by columns of a tile: its scores and masks stay in the cache of the cores while they are counted.
_TILE = 1024
# Above this share of doubtful scores a tile is taken in float64 as a whole.
_DOUBTFUL = 1 / 128


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """For every link, how many wrong items score above its right one, and how many the same: (l,) each."""

    above: Ints
    tied: Ints


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

    Returns:
        Counts of text -> image and of image -> text, in the order of ``links``.
    """
    work = _Work(texts, images, links, hubs)
    side = max(1, min(_TILE, math.isqrt(block_entries)))
    n_texts, n_images = within or (len(texts), len(images))
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        for top in range(0, n_texts, side):
            for left in range(0, n_images, side):
                rows = slice(top, min(top + side, n_texts))
                columns = slice(left, min(left + side, n_images))
                work.add_tile(rows, columns, pool, threads)
    return work.by_text.counts, work.by_image.counts


class _Work:
    """The two sides, and the tiles counted so far."""

    def __init__(
        self, texts: Floats, images: Floats, links: Ints, hubs: tuple[Floats | None, Floats | None]
    ) -> None:
        self.texts, self.images, self.links = texts, images, links
        cosine = np.concatenate(
            [
                np.einsum("ld,ld->l", texts[part[:, 0]], images[part[:, 1]], dtype=np.float64)
                for part in _parts(links, max(1, (1 << 22) // texts.shape[1]))
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

    def add_tile(self, rows: slice, columns: slice, pool: ThreadPoolExecutor, threads: int) -> None:
        scores = (torch.from_numpy(self.texts[rows]) @ torch.from_numpy(self.images[columns]).T).numpy()
        self._hide_right_ones(scores, rows, columns)
        cuts = np.linspace(rows.start, rows.stop, threads + 1).astype(int)
        jobs = [
            pool.submit(self._count, scores[a - rows.start : b - rows.start], slice(a, b), columns)
            for a, b in pairwise(cuts.tolist())
            if b > a
        ]
        found = [piece for job in jobs for piece in job.result()]
        n_doubtful = sum(len(piece.link) for piece in found)
        if n_doubtful > _DOUBTFUL * scores.size:
            self._count_exactly(rows, columns)
            return
        for piece in found:
            np.add.at(piece.side.counts.above, piece.links, piece.above)
            self._settle(piece)

    def _hide_right_ones(self, scores: Floats, rows: slice, columns: slice) -> None:
        low, high = np.searchsorted(self.links[:, 0], [rows.start, rows.stop])
        here = self.links[low:high]
        here = here[(here[:, 1] >= columns.start) & (here[:, 1] < columns.stop)]
        scores[here[:, 0] - rows.start, here[:, 1] - columns.start] = -np.inf

    def _count(self, scores: Floats, rows: slice, columns: slice) -> list[_Piece]:
        """Count one strip of a tile for both sides; safe to run beside other strips."""
        return [
            *self._count_side(self.by_text, scores, rows, columns, axis=1),
            *self._count_side(self.by_image, scores, columns, rows, axis=0),
        ]

    def _count_side(
        self, side: _Side, scores: Floats, queries: slice, items: slice, *, axis: int
    ) -> Iterator[_Piece]:
        """Yield the counts of the queries of a strip, which lie along the other axis than ``axis``."""
        if side.hubs is not None:
            hubs = side.hubs[items].astype(np.float32)
            scores = scores - (hubs if axis == 1 else hubs[:, None])
        for links in side.nth:
            chosen = links[queries]
            asked = np.flatnonzero(chosen >= 0)
            if not len(asked):
                continue
            own = np.full(len(chosen), np.nan)
            own[asked] = side.own[chosen[asked]]
            low, high = ((own + sign * self.doubt).astype(np.float32) for sign in (-1, 1))
            if axis == 1:
                low, high = low[:, None], high[:, None]
            surely, maybe = scores > high, scores >= low
            above, beside = _count_true(surely, axis), _count_true(maybe, axis)
            doubtful = np.flatnonzero(beside > above)
            if axis == 1:
                query, item = np.nonzero(maybe[doubtful] & ~surely[doubtful])
            else:
                item, query = np.nonzero(maybe[:, doubtful] & ~surely[:, doubtful])
            yield _Piece(
                side=side,
                links=chosen[asked],
                above=above[asked],
                link=chosen[doubtful[query]],
                item=item + items.start,
            )

    def _settle(self, piece: _Piece) -> None:
        """Compare doubtful items with the right one in float64."""
        asks_text = piece.side is self.by_text
        asking, asked = (self.texts, self.images) if asks_text else (self.images, self.texts)
        column = 0 if asks_text else 1
        for link, item in zip(
            _parts(piece.link, max(1, (1 << 20) // asked.shape[1])),
            _parts(piece.item, max(1, (1 << 20) // asked.shape[1])),
            strict=True,
        ):
            query, right = self.links[link, column], self.links[link, 1 - column]
            apart = asked[item].astype(np.float64) - asked[right]
            lead = np.einsum("kd,kd->k", apart, asking[query], dtype=np.float64)
            if piece.side.hubs is not None:
                lead -= piece.side.hubs[item] - piece.side.hubs[right]
            np.add.at(piece.side.counts.above, link[lead > self.equal], 1)
            np.add.at(piece.side.counts.tied, link[np.abs(lead) <= self.equal], 1)

    def _count_exactly(self, rows: slice, columns: slice) -> None:
        """Count a tile in which much is equal, in float64."""
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
                side.counts.above[chosen[asked]] += np.count_nonzero(apart > self.equal, axis=1)
                side.counts.tied[chosen[asked]] += np.count_nonzero(np.abs(apart) <= self.equal, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Counts of one strip: sure ones of ``links``, and pairs of link and item that float32 cannot tell apart."""

    side: _Side
    links: Ints
    above: Ints
    link: Ints
    item: Ints


def _count_true(mask: npt.NDArray[np.bool_], axis: int) -> Ints:
    """Return the true values along an axis, eight at a time as the bytes of one word: at most 255 words a sum."""
    rows, columns = mask.shape
    whole = columns - columns % 8
    words = np.ascontiguousarray(mask[:, :whole]).view(np.uint64)
    rest = np.count_nonzero(mask[:, whole:], axis=axis)
    if axis == 1:
        total = np.zeros((rows, 8), np.int64)
        for i in range(0, words.shape[1], 255):
            total += words[:, i : i + 255].sum(axis=1).view(np.uint8).reshape(rows, 8)
        found: Ints = total.sum(axis=1) + rest
        return found
    total = np.zeros(whole, np.int64)
    for i in range(0, rows, 255):
        total += words[i : i + 255].sum(axis=0).view(np.uint8)
    return np.concatenate([total, rest])


def _parts(rows: Ints, size: int) -> list[Ints]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]
