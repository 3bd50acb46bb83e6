"""Queries whose answer moved: how far, and what stood first before and after."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sde_core.retrieval.rank_change import RankChange, rank_change
from sde_core.vocabulary import Direction
from sde_explorer.retrieval.numbers.table import Part, RecallRow

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

MOST_POINTS = 60_000
"""Queries in the figure; of more, the changed ones first, evenly spaced."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QueryCard:
    """One query; rows are those of the whole set.

    Attributes:
        query: row of the caption or picture that asks.
        answer: row of a right answer, the first if there are several.
        n_answers: how many answers are right.
        first_before: row of what stood first.
        first_after: row of what stands first.
        before: rank of the best right answer.
        after: the same after the treatment.
    """

    query: int
    answer: int
    n_answers: int
    first_before: int
    first_after: int
    before: float
    after: float


def change_of(raw: RecallRow, row: RecallRow, way: Direction) -> RankChange:
    """Return how the rank of every query changed from raw to a row."""
    return rank_change(getattr(raw.compared.ranks, way), getattr(row.compared.ranks, way))


def extremes(
    part: Part, raw: RecallRow, row: RecallRow, way: Direction, most: int
) -> tuple[list[QueryCard], list[QueryCard]]:
    """Return the queries that won most and those that lost most."""
    change = change_of(raw, row, way)
    queries, gallery = (
        (part.texts, part.images) if way is Direction.IMAGE_RETRIEVAL else (part.images, part.texts)
    )
    asks, answers = (0, 1) if way is Direction.IMAGE_RETRIEVAL else (1, 0)
    links = part.embeddings.links

    def card(i: int) -> QueryCard:
        own = part.row_of_query(way, i)
        right = links[links[:, asks] == own, answers]
        return QueryCard(
            query=int(queries[own]),
            answer=int(gallery[right[0]]),
            n_answers=len(right),
            first_before=int(gallery[raw.first[way][i]]),
            first_after=int(gallery[row.first[way][i]]),
            before=float(change.before[i]),
            after=float(change.after[i]),
        )

    return [card(i) for i in change.won(most)], [card(i) for i in change.lost(most)]


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangePoints:
    """Queries as points.

    Attributes:
        before: (p,) rank before.
        after: (p,) rank after.
        kind: (p,) 0 same, 1 better, 2 worse.
        ids: (p,) row of a picture, or n_images plus row of a caption.
        n_queries: of all; more than p if these are a sample.
    """

    before: Floats
    after: Floats
    kind: npt.NDArray[np.int8]
    ids: npt.NDArray[np.int32]
    n_queries: int


def change_points(part: Part, change: RankChange, way: Direction, *, most: int = MOST_POINTS) -> ChangePoints:
    """Return the queries as points; of more than ``most`` those that changed first, evenly spaced."""
    ratio = change.log_ratio.numpy()
    kind = np.where(ratio < 0, 1, np.where(ratio > 0, 2, 0)).astype(np.int8)
    order = np.concatenate([np.flatnonzero(kind > 0), np.flatnonzero(kind == 0)])
    if len(order) > most:
        moved = int((kind > 0).sum())
        order = order[np.linspace(0, moved - 1, most).astype(int)] if moved > most else order[:most]
    shown = np.sort(order)
    return ChangePoints(
        before=change.before.numpy()[shown].astype(np.float32),
        after=change.after.numpy()[shown].astype(np.float32),
        kind=kind[shown],
        ids=part.queries(way)[shown].astype(np.int32),
        n_queries=len(ratio),
    )
