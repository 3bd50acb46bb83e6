"""Ranks of right answers and the metrics read from them (docs/method.md, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.block_counts import count_by_blocks
from sde_core.retrieval.both_ways import Counts, count_both_ways
from sde_core.retrieval.links import as_link_pairs, linked_groups
from sde_core.retrieval.medians import MedianPlaces
from sde_core.retrieval.per_query import any_twin_places, average_precision, first_places
from sde_core.retrieval.places import FirstPlaces
from sde_core.retrieval.scores import BlockScore as BlockScore
from sde_core.retrieval.scores import HubScore, score_for
from sde_core.retrieval.scores import Score as Score
from sde_core.retrieval.scores import cosine_score as cosine_score
from sde_core.retrieval.twins import twin_classes, with_twins
from sde_core.vocabulary import DIRECTIONS

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
CountLinks: TypeAlias = Callable[[Floats, Floats, npt.NDArray[np.int64]], tuple[Counts, Counts]]
"""Counts every link both ways, of (texts, images, links), as `count_both_ways` does."""
_Side: TypeAlias = tuple[Counts, FirstPlaces, FirstPlaces]

# Scores held at one time: 16 MiB of float32, and three temporaries of the same size at most.
BLOCK_ENTRIES = 1 << 22


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
    ks: Sequence[int] = (1, 5, 10),
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
    images, texts = unit_rows(image, "image"), unit_rows(text, "text")
    if images.shape[1] != texts.shape[1]:
        raise DataError(
            f"image and text must have the same width; got {images.shape[1]} and {texts.shape[1]}"
        )
    if block_entries < 1:
        raise ConfigError(f"block_entries must be at least 1; got {block_entries}")
    score = score_for(score, images, texts.to(images.device))
    links = as_link_pairs(text_to_image, len(texts), len(images))
    by_image = links[:, 1].argsort(stable=True)
    asked = (links, links[by_image].flip(1))
    if images.is_cpu and texts.is_cpu and (score is cosine_score or isinstance(score, HubScore)):
        hubs = _hubs(score, images, texts)
        given = (texts.numpy(), images.numpy(), links.numpy())
        if count is not None and score is cosine_score:
            from_text, from_image = count(*given)
        else:
            from_text, from_image = count_both_ways(*given, hubs, block_entries=block_entries)
        order = by_image.numpy()
        counts = (from_text, Counts(from_image.above[order], from_image.tied[order]))
        sides = [
            _by_formula(q, c, g, len(x))
            for q, c, g, x in zip(asked, counts, (images, texts), (texts, images), strict=True)
        ]
    else:
        texts = texts.to(images.device)
        sides = [
            _by_scores(queries, gallery, score(gallery, direction), pairs, block_entries)
            for queries, gallery, direction, pairs in zip(
                (texts, images), (images, texts), DIRECTIONS, asked, strict=True
            )
        ]
    groups = linked_groups(links.numpy(), len(texts), len(images))
    return RetrievalRanks(
        image_retrieval=_query_ranks(asked[0], *sides[0], groups[0], len(images)),
        text_retrieval=_query_ranks(asked[1], *sides[1], groups[1], len(texts)),
    )


def metrics_from_ranks(ranks: RetrievalRanks, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
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
    check_ks(ks)
    metrics: dict[str, float] = {}
    for direction in DIRECTIONS:
        one: QueryRanks = getattr(ranks, direction)
        values = {name: float(each.mean()) for name, each in query_values(one, ks).items()}
        values["median_rank"] = _median(one.first.at(one.included))
        values["queries"] = float(one.included.sum())
        values["excluded"] = float(one.n_excluded)
        metrics |= {f"{direction}_{name}": value for name, value in values.items()}
    return metrics


def query_values(ranks: QueryRanks, ks: Sequence[int] = (1, 5, 10)) -> dict[str, Tensor]:
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


def _median(places: FirstPlaces) -> float:
    one_group = torch.zeros(len(places.above), dtype=torch.int64)
    return float(MedianPlaces(places, one_group, 1).of(torch.ones(1, 1, dtype=torch.float64)))


def _hubs(score: Score, images: Tensor, texts: Tensor) -> tuple[Floats | None, Floats | None]:
    """Return what a score takes off the cosines with each image and with each text; equal for equal items."""
    if not isinstance(score, HubScore):
        return None, None
    of_images, of_texts = (
        score.hubs(gallery, direction).double()[twin_classes(gallery)].numpy()
        for gallery, direction in zip((images, texts), DIRECTIONS, strict=True)
    )
    return of_images, of_texts


def _by_formula(links: Tensor, counts: Counts, gallery: Tensor, n_queries: int) -> _Side:
    """Return one direction where equal items are known to score the same."""
    first = first_places(links, counts, n_queries)
    return counts, first, any_twin_places(links, counts, first, twin_classes(gallery))


def _by_scores(
    queries: Tensor, gallery: Tensor, score: BlockScore, links: Tensor, block_entries: int
) -> _Side:
    """Return one direction from scores of any kind, which may tell equal items apart."""
    with_all = with_twins(links, twin_classes(gallery).cpu())
    sets = [links] if len(with_all) == len(links) else [links, with_all]
    moved = [pairs.to(queries.device) for pairs in sets]
    found = count_by_blocks(queries, score, moved, len(gallery), block_entries)
    places = [first_places(pairs, each, len(queries)) for pairs, each in zip(sets, found, strict=True)]
    return found[0], places[0], places[-1]


def _query_ranks(
    links: Tensor, counts: Counts, first: FirstPlaces, any_twin: FirstPlaces, group: Tensor, n_gallery: int
) -> QueryRanks:
    n_relevant = torch.bincount(links[:, 0], minlength=len(group))
    return QueryRanks(
        best_rank=first.expected(),
        average_precision=average_precision(links, counts, n_relevant),
        n_relevant=n_relevant,
        group=group,
        n_gallery=n_gallery,
        first=first,
        any_twin=any_twin,
    )
