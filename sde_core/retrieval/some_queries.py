"""Ranks of some queries, each among the whole gallery: what recall of a large set is known from within seconds.

Recall among fewer items would be another number; recall of fewer queries is the same one, less exactly.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.sphere import unit_rows
from sde_core.retrieval.links import distinct_rows
from sde_core.retrieval.ranking import RetrievalRanks, retrieval_ranks
from sde_core.retrieval.scores import BlockScore, Score, TransductiveScore, cosine_score, score_for
from sde_core.vocabulary import DIRECTIONS, Direction

Ints: TypeAlias = npt.NDArray[np.int64]
See: TypeAlias = Callable[[Direction, Ints], None]
"""Is called with the direction and what stands first for the next queries, by its row of the gallery."""


def draw_queries(links: Ints, most: int, *, seed: int = 0) -> dict[Direction, Ints] | None:
    """Return at most so many seeded queries each way, ascending; None where one way has no more than that.

    Args:
        links: (n_links, 2) of (text row, image row).
        most: queries each way; 0 is all of them.
        seed: of the draw; a larger draw of one seed contains the smaller ones.

    >>> links = np.stack([np.arange(9)] * 2, axis=1)
    >>> [len(rows) for rows in draw_queries(links, 4).values()], draw_queries(links, 9)
    ([4, 4], None)
    """
    asked = {}
    for way in DIRECTIONS:
        linked = distinct_rows(links[:, 0 if way.query == "text" else 1])
        if not most or len(linked) <= most:
            return None
        asked[way] = np.sort(np.random.default_rng(seed).permutation(linked)[:most])
    return asked


def ranks_of_queries(
    image: MatrixLike,
    text: MatrixLike,
    links: Ints,
    asked: Mapping[Direction, Ints],
    *,
    score: Score = cosine_score,
    see: See | None = None,
) -> RetrievalRanks:
    """Return the ranks of the queries that ask, each among the whole gallery; the same as theirs among all queries.

    Args:
        image: (n_images, d) image embeddings, no zero row.
        text: (n_texts, d) text embeddings, no zero row.
        links: (n_links, 2) of (text row, image row).
        asked: (q,) rows that ask, ascending, by direction; each has a right answer.
        score: how queries are scored.
        see: for progress; an exception that it raises stops the work.

    Raises:
        DataError: as of `retrieval_ranks`.
    """
    sides = (as_matrix(text, "text"), as_matrix(image, "image"))
    found = {way: _one_way(way, asked[way], sides, links, score, see) for way in DIRECTIONS}
    return RetrievalRanks(
        image_retrieval=found[Direction.IMAGE_RETRIEVAL].image_retrieval,
        text_retrieval=found[Direction.TEXT_RETRIEVAL].text_retrieval,
    )


def _one_way(
    way: Direction, asked: Ints, sides: tuple[Tensor, Tensor], links: Ints, score: Score, see: See | None
) -> RetrievalRanks:
    """Return ranks of which one direction counts: that of the queries that ask."""
    asks, answers = (0, 1) if way.query == "text" else (1, 0)
    kept = links[np.isin(links[:, asks], asked)]
    gallery = sides[answers]
    # What is right stands first: blocks of the other direction that hold no right answer are left out.
    right = distinct_rows(kept[:, answers])
    order = np.concatenate([right, np.setdiff1d(np.arange(len(gallery)), right)])
    place = np.empty(len(gallery), np.int64)
    place[order] = np.arange(len(gallery))
    pairs = np.empty_like(kept)
    pairs[:, asks] = np.searchsorted(asked, kept[:, asks])
    pairs[:, answers] = place[kept[:, answers]]

    made = [sides[0], sides[1]]
    made[asks] = sides[asks][torch.from_numpy(asked)]
    made[answers] = gallery[torch.from_numpy(order)]
    if isinstance(score, TransductiveScore):
        score = score_for(score, unit_rows(made[1], "image"), unit_rows(made[0], "text"))

    def watched(gallery: Tensor, direction: Direction) -> BlockScore:
        inner = score(gallery, direction)

        def block(queries: Tensor) -> Tensor:
            scores = inner(queries)
            if see is not None and direction is way:
                see(way, order[scores.argmax(dim=1).cpu().numpy()])
            return scores

        return block

    return retrieval_ranks(made[1], made[0], pairs, score=watched)
