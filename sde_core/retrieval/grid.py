"""Ranks by blocks: texts and images in strips, each pair of strips counted by itself, wherever that may be.

Counts are whole numbers and add up, and the size of a tile changes none of them (`both_ways`), so the sum over all
pairs of strips is what one process counts, to the last one. A pair needs no more than its two strips.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sde_core.checks.brief import brief
from sde_core.retrieval.both_ways import Counts, Floats, Ints, count_both_ways

STRIP_ROWS = 1 << 15
"""Rows of a strip: at width 768 it is 100 MB, with what is right for its rows twice that."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Strip:
    """Some rows of one side that follow each other, and what is right for them.

    Attributes:
        start: number of the first row.
        rows: (k, d) unit rows.
        numbers: (r,) which of all links have their row here.
        links: (r, 2) these links, (text row, image row).
        right: (r, d) the row of the other side that each of them leads to.
    """

    start: int
    rows: Floats
    numbers: Ints
    links: Ints
    right: Floats

    __repr__ = brief


def strips_of(
    rows: Floats, others: Floats, links: Ints, side: int, size: int = STRIP_ROWS
) -> Iterator[Strip]:
    """Yield one side in strips.

    Args:
        rows: (n, d) unit rows of the side.
        others: (m, d) those of the other one.
        links: (l, 2) of (text row, image row), ordered by text.
        side: column of ``links`` that numbers the rows: 0 for texts, 1 for images.
        size: rows of a strip.
    """
    order = np.argsort(links[:, side], kind="stable")
    ordered = links[order, side]
    for start in range(0, len(rows), size):
        low, high = np.searchsorted(ordered, [start, start + size])
        numbers = order[low:high]
        here = links[numbers]
        yield Strip(
            start=start,
            rows=rows[start : start + size],
            numbers=numbers,
            links=here,
            right=others[here[:, 1 - side]],
        )


def count_pair(texts: Strip, images: Strip) -> tuple[Counts, Counts]:
    """Return what of one strip stands above and beside the right answers of the other, both ways.

    Args:
        texts: of texts.
        images: of images.

    Returns:
        Counts of the links of ``texts``, asked from the text, and of those of ``images``, asked from the image.
    """
    n_texts, n_images = len(texts.rows), len(images.rows)
    if not len(texts.links) and not len(images.links):
        none = np.empty(0, np.int64)
        return Counts(none, none), Counts(none, none)
    asked = texts.links - (texts.start, images.start)
    is_away = (asked[:, 1] < 0) | (asked[:, 1] >= n_images)
    asked[is_away, 1] = n_images + np.arange(int(is_away.sum()))
    # Links of these images whose text is elsewhere: the others are among those of the texts, which ascend.
    back = images.links - (texts.start, images.start)
    is_back = (back[:, 0] < 0) | (back[:, 0] >= n_texts)
    place = np.searchsorted(texts.numbers, images.numbers)
    place[is_back] = len(asked) + np.arange(int(is_back.sum()))
    more = back[is_back]
    more[:, 0] = n_texts + np.arange(len(more))
    from_text, from_image = count_both_ways(
        np.concatenate([texts.rows, images.right[is_back]]),
        np.concatenate([images.rows, texts.right[is_away]]),
        np.concatenate([asked, more]),
        within=(n_texts, n_images),
    )
    own = slice(len(asked))
    return (
        Counts(from_text.above[own], from_text.tied[own]),
        Counts(from_image.above[place], from_image.tied[place]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of all links so far, both ways: (2, l) above and beside.

    Attributes:
        by_text: asked from the text.
        by_image: asked from the image.
    """

    by_text: Ints
    by_image: Ints

    @classmethod
    def of(cls, n_links: int) -> "Tally":
        """Return that of nothing."""
        return cls(np.zeros((2, n_links), np.int64), np.zeros((2, n_links), np.int64))

    def add(self, texts: Ints, images: Ints, found: tuple[Counts, Counts]) -> None:
        """Add what `count_pair` found for strips with links of these numbers."""
        for total, numbers, counts in zip((self.by_text, self.by_image), (texts, images), found, strict=True):
            total[0, numbers] += counts.above
            total[1, numbers] += counts.tied

    def counts(self) -> tuple[Counts, Counts]:
        """Return the counts both ways, as `count_both_ways` does."""
        return Counts(*self.by_text), Counts(*self.by_image)
