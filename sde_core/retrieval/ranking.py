"""Ranks of right answers and the metrics read from them (docs/method.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError
from sde_core.retrieval.links import linked_groups
from sde_core.retrieval.medians import MedianPlaces
from sde_core.retrieval.per_query import average_precision
from sde_core.retrieval.places import FirstPlaces
from sde_core.retrieval.scores import BlockScore as BlockScore
from sde_core.retrieval.scores import Score as Score
from sde_core.retrieval.scores import cosine_score as cosine_score
from sde_core.retrieval.sides import BLOCK_ENTRIES as BLOCK_ENTRIES
from sde_core.retrieval.sides import CountLinks as CountLinks
from sde_core.retrieval.sides import Side, UnitPairs, counted_sides
from sde_core.vocabulary import DIRECTIONS, KS, Direction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryRanks:
    """Where the relevant items of every query stand, one direction; arrays lie on the CPU.

    Attributes:
        best_rank: (q,) float64 expected place of the first relevant item, from 1; fractions come from ties; NaN
            for a query without a relevant item.
        average_precision: (q,) float64 mAP@R of the single query, in [0, 1]; NaN as above.
        n_relevant: (q,) int64 number R of relevant items.
        group: (q,) int64; queries that share a right answer, directly or through a chain, have the same number
            (captions of one image): they are not independent, and the bootstrap draws them together.
        n_gallery: number of items that are ranked.
        first: what stands above and beside the first relevant item: from it the metrics are read.
        any_twin: the same where every item that equals a relevant one counts as relevant.
    """

    best_rank: Tensor
    average_precision: Tensor
    n_relevant: Tensor
    group: Tensor
    n_gallery: int
    first: FirstPlaces
    any_twin: FirstPlaces

    __repr__ = brief

    @property
    def included(self) -> Tensor:
        """(q,) bool: queries with at least one relevant item; only these enter the metrics."""
        return self.n_relevant > 0

    @property
    def n_excluded(self) -> int:
        """Number of queries without any relevant item."""
        return int((~self.included).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RetrievalRanks:
    """Ranks of both directions.

    Attributes:
        image_retrieval: text -> image; one query per text.
        text_retrieval: image -> text; one query per image.
    """

    image_retrieval: QueryRanks
    text_retrieval: QueryRanks

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted


def retrieval_metrics(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike,
    ks: Sequence[int] = KS,
    *,
    score: Score = cosine_score,
) -> dict[str, float]:
    """Return retrieval metrics of both directions; unchanged by any strictly increasing map of the scores.

    `retrieval_ranks` followed by `metrics_from_ranks`; see there for ranks, ties, precision and memory.

    Args:
        image: (n_images, d) image embeddings, no zero row; scale of a row does not matter.
        text: (n_texts, d) text embeddings, no zero row.
        text_to_image: (n_texts,) row of each text's image, or (n_links, 2) pairs (text row, image row) when
            a caption is right for several images.
        ks: cut-offs of the recalls, each at least 1.
        score: how queries are scored; `cosine_score`, or a score of `sde_core.treatments.scores`.

    Returns:
        dict: for prefix ``image_retrieval`` (text -> image) and ``text_retrieval`` (image -> text):
            ``_recall@k`` for each k, ``_twin_recall@k`` (an item that equals a right one counts as right),
            ``_median_rank``, ``_mrr``, ``_map@r``, ``_queries`` (number of queries that count) and
            ``_excluded`` (queries without a relevant item, left out).

    Raises:
        DataError: a matrix is not finite, has a zero row, widths differ, or a link points nowhere.
        ConfigError: ``ks`` is empty or holds a number below 1.

    Source: docs/method.md, equations (6.13) to (6.17).

    >>> import torch
    >>> image, text = torch.eye(3), torch.eye(3)[[0, 1, 2, 2]]
    >>> found = retrieval_metrics(image, text, [0, 1, 2, 0], ks=(1, 2))
    >>> found["image_retrieval_recall@1"], found["image_retrieval_recall@2"]
    (0.75, 0.875)
    """
    check_ks(ks)
    return metrics_from_ranks(retrieval_ranks(image, text, text_to_image, score=score), ks)


def retrieval_ranks(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike,
    *,
    score: Score = cosine_score,
    block_entries: int = BLOCK_ENTRIES,
    count: CountLinks | None = None,
) -> RetrievalRanks:
    """Return the rank of the best relevant item for every query, and its average precision, both ways.

    Rank of a relevant item = 1 + irrelevant items that score higher: relevant items never push each other. Items
    that score the same stand in random order, and each metric is its mean over these orders, so that an encoder
    that maps everything to one point ranks at chance, and one of two twins is first half of the time.
    Rows are scaled to unit length in float64 and rounded to float32. On the CPU cosines (and scores that are
    cosines less a value for each item) are ranked both ways from one product, and compared in float64 where
    float32 cannot tell them apart; other scores are compared as they come. At most ``block_entries`` scores are
    held at once, never the whole matrix.

    Args:
        image: (n_images, d) image embeddings, no zero row.
        text: (n_texts, d) text embeddings, no zero row; moved to the device of ``image``.
        text_to_image: (n_texts,) or (n_links, 2) as in `retrieval_metrics`; a repeated pair counts once.
        score: how queries are scored.
        block_entries: scores held at once; at least one query row is always taken.
        count: who counts cosines; None is this process.

    Returns:
        RetrievalRanks: per-query arrays on the CPU, in the order of the rows.

    Raises:
        DataError: as in `retrieval_metrics`, or ``score`` returns NaN or another shape.

    Source: docs/method.md, equations (6.13) and (6.14).
    """
    pairs = UnitPairs.of(image, text, text_to_image)
    return ranks_of(pairs, score, block_entries=block_entries, count=count)


def ranks_of(
    pairs: UnitPairs,
    score: Score = cosine_score,
    *,
    block_entries: int = BLOCK_ENTRIES,
    count: CountLinks | None = None,
) -> RetrievalRanks:
    """Return what `retrieval_ranks` does of pairs that are there already.

    Args:
        pairs: of `UnitPairs.of`.
        score: how queries are scored.
        block_entries: scores held at once.
        count: who counts cosines.

    Raises:
        DataError: ``score`` returns NaN or another shape.
    """
    made = counted_sides(pairs, score, block_entries, count)
    texts, images = made[0].queries, made[0].gallery
    groups = linked_groups(made[0].links.numpy(), len(texts), len(images))
    of_texts, of_images = (_query_ranks(side, group) for side, group in zip(made, groups, strict=True))
    return RetrievalRanks(image_retrieval=of_texts, text_retrieval=of_images)


def metrics_from_ranks(ranks: RetrievalRanks, ks: Sequence[int] = KS) -> dict[str, float]:
    """Return the metrics of `retrieval_metrics` from ranks that are known already.

    Args:
        ranks: from `retrieval_ranks`.
        ks: cut-offs of the recalls, each at least 1.

    Returns:
        dict: names and values as in `retrieval_metrics`.

    Raises:
        ConfigError: ``ks`` is empty or holds a number below 1.

    Source: docs/method.md, equations (6.15) to (6.17).
    """
    return metrics_beside_medians(
        ranks, {way: _median(one.first.at(one.included)) for way, one in _ways(ranks)}, ks
    )


def metrics_beside_medians(
    ranks: RetrievalRanks, medians: Mapping[Direction, float], ks: Sequence[int] = KS
) -> dict[str, float]:
    """Return what `metrics_from_ranks` does, where the median ranks are known already.

    Args:
        ranks: from `retrieval_ranks`.
        medians: of each direction.
        ks: cut-offs of the recalls, each at least 1.
    """
    check_ks(ks)
    metrics: dict[str, float] = {}
    for direction, one in _ways(ranks):
        values = {name: float(each.mean()) for name, each in query_values(one, ks).items()}
        values["median_rank"] = medians[direction]
        values["queries"] = float(one.included.sum())
        values["excluded"] = float(one.n_excluded)
        metrics |= {f"{direction}_{name}": value for name, value in values.items()}
    return metrics


def query_values(ranks: QueryRanks, ks: Sequence[int] = KS) -> dict[str, Tensor]:
    """Return what each query contributes to the metrics that are means over queries.

    Args:
        ranks: one direction of `retrieval_ranks`.
        ks: cut-offs of the recalls.

    Returns:
        dict: "recall@k" and "twin_recall@k" for each k (0 or 1; between them where a tie lies over rank k), "mrr"
            and "map@r", each (included queries,) float64.

    Source: docs/method.md, equations (6.15) to (6.17).
    """
    first, twin = ranks.first.at(ranks.included), ranks.any_twin.at(ranks.included)
    values = {f"recall@{k}": first.share_within(k) for k in ks}
    values |= {f"twin_recall@{k}": twin.share_within(k) for k in ks}
    return values | {
        "mrr": first.expected_reciprocal(),
        "map@r": ranks.average_precision[ranks.included],
    }


def check_ks(ks: Sequence[int]) -> None:
    """Refuse an empty list of cut-offs, or one below 1.

    Raises:
        ConfigError: ``ks`` is empty or holds a number below 1.
    """
    if len(ks) == 0 or min(ks) < 1:
        raise ConfigError(f"ks must hold numbers of at least 1; got {tuple(ks)}")


def _ways(ranks: RetrievalRanks) -> list[tuple[Direction, QueryRanks]]:
    return [(direction, getattr(ranks, direction)) for direction in DIRECTIONS]


def _median(places: FirstPlaces) -> float:
    one_group = torch.zeros(len(places.above), dtype=torch.int64)
    return float(MedianPlaces(places, one_group, 1).of(torch.ones(1, 1, dtype=torch.float64)))


def _query_ranks(side: Side, group: Tensor) -> QueryRanks:
    n_relevant = torch.bincount(side.links[:, 0], minlength=len(group))
    return QueryRanks(
        best_rank=side.first.expected(),
        average_precision=average_precision(side.links, side.counts, n_relevant),
        n_relevant=n_relevant,
        group=group,
        n_gallery=len(side.gallery),
        first=side.first,
        any_twin=side.any_twin(),
    )
