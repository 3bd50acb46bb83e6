"""Seeded parts of a set that share no picture and no caption: what is fitted on, and what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.retrieval.links import distinct_rows
from sde_core.vocabulary import Direction

Ints = npt.NDArray[np.int64]

SEED = 0
"""Of the parts and of the bootstrap; the report's default as well, so that both show equal numbers."""

HALVES = (0.5, 0.5)
THIRDS = (0.5, 0.25, 0.25)
"""Fitted on, chosen on, reported on; the first part is that of the halves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some pictures of a set with their captions.

    Attributes:
        embeddings: the part as a set; it is the gallery of its own queries.
        images: (a,) row of each picture in the whole set.
        texts: (b,) row of each caption in the whole set.
        n_images: pictures of the whole set.
        asked: which of its own rows ask, by direction of search; None is all of them.
    """

    embeddings: sde.EmbeddingSet
    images: Ints
    texts: Ints
    n_images: int
    asked: dict[Direction, Ints] | None = None

    def queries(self, way: Direction) -> Ints:
        """Return a number for each query: the row of a picture, or n_images plus the row of a caption."""
        rows = self.images if way is Direction.TEXT_RETRIEVAL else self.texts + self.n_images
        return rows if self.asked is None else rows[self.asked[way]]

    def row_of_query(self, way: Direction, number: int) -> int:
        """Return the part's own row of a query, by its number among those that ask."""
        return number if self.asked is None else int(self.asked[way][number])


def parts_of(
    embeddings: sde.EmbeddingSet, captions: str, shares: Sequence[float] = HALVES
) -> tuple[Part, ...]:
    """Return seeded parts that share no picture and no caption.

    Args:
        embeddings: the set.
        captions: "primary" keeps each picture's first caption, "all" every one, in all parts but the first: what
            is fitted on knows all captions.
        shares: of the pictures, as of `hold_out`.

    Raises:
        DataError: too few pictures.
    """
    masks = sde.hold_out(embeddings, shares, seed=SEED)
    return tuple(
        part_of(embeddings, np.flatnonzero(mask), primary=captions == "primary" and i > 0)
        for i, mask in enumerate(masks)
    )


def part_of(embeddings: sde.EmbeddingSet, images: Ints, *, primary: bool) -> Part:
    """Return the part with given pictures, ascending, and all of their captions or only the primary ones."""
    links = embeddings.links[np.isin(embeddings.links[:, 1], images)]
    made = embeddings.select(images)
    texts = distinct_rows(links[:, 0])
    if primary:
        made, texts = made.with_primary_captions(), distinct_rows(embeddings.primary_text[images])
    return Part(embeddings=made, images=images, texts=texts, n_images=embeddings.n_images)
