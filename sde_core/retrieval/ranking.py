"""Retrieval quality from ranks, both ways, several right answers allowed (docs/method.md, section 6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError

Direction: TypeAlias = Literal["image_retrieval", "text_retrieval"]
"""What is looked for: "image_retrieval" is text -> image, "text_retrieval" is image -> text."""

BlockScore: TypeAlias = Callable[[Tensor], Tensor]
"""(b, d) unit query rows -> (b, g) scores against a whole gallery; larger is better."""

Score: TypeAlias = Callable[[Tensor, Direction], BlockScore]
"""(g, d) unit gallery rows and the direction -> how one block of queries is scored."""

DIRECTIONS: tuple[Direction, Direction] = ("image_retrieval", "text_retrieval")

# Scores held at one time: 16 MiB of float32, and three temporaries of the same size at most.
BLOCK_ENTRIES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryRanks:
    """Where the relevant items of every query stand, one direction; arrays lie on the CPU.

    Attributes:
        best_rank: (q,) float64 rank of the best relevant item, from 1; half steps come from ties; NaN for
            a query without a relevant item.
        average_precision: (q,) float64 mAP@R of the single query, in [0, 1]; NaN as above.
        n_relevant: (q,) int64 number R of relevant items.
        group: (q,) int64; queries that share a right answer, at first or second hand, have the same number
            (captions of one image): they are not independent, and the bootstrap draws them together.
        n_gallery: number of items that are ranked.
    """

    best_rank: Tensor
    average_precision: Tensor
    n_relevant: Tensor
    group: Tensor
    n_gallery: int

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


def cosine_score(gallery: Tensor, direction: Direction) -> BlockScore:
    """Return the plain score: the cosine between unit query rows and unit gallery rows (6.13)."""
    return lambda queries: queries @ gallery.T


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
        score: how queries are scored; `cosine_score`, or a score of `sde_core.baselines`.

    Returns:
        dict: for prefix ``image_retrieval`` (text -> image) and ``text_retrieval`` (image -> text):
            ``_recall@k`` for each k, ``_median_rank``, ``_mrr``, ``_map@r``, ``_queries`` (number of queries
            that count) and ``_excluded`` (queries without a relevant item, left out).

    Raises:
        DataError: a matrix is not finite, has a zero row, widths differ, or a link points nowhere.
        ConfigError: ``ks`` is empty or holds a number below 1.

    Source: docs/method.md, equations (6.13) to (6.17).

    >>> import torch
    >>> image, text = torch.eye(3), torch.eye(3)[[0, 1, 2, 2]]
    >>> found = retrieval_metrics(image, text, [0, 1, 2, 0], ks=(1, 2))
    >>> found["image_retrieval_recall@1"], found["image_retrieval_recall@2"]
    (0.75, 0.75)
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
) -> RetrievalRanks:
    """Return the rank of the best relevant item for every query, and its average precision, both ways.

    Rank of a relevant item = 1 + irrelevant items that score strictly higher + half of the irrelevant items
    that score exactly the same: relevant items never push each other, and a tie gets its expected place
    under a random order, so that an encoder that maps everything to one point ranks at chance.
    Rows are scaled to unit length in float64, scores are a float32 matrix product. At most
    ``block_entries`` scores are held at once, never the whole matrix.

    Args:
        image: (n_images, d) image embeddings, no zero row.
        text: (n_texts, d) text embeddings, no zero row; moved to the device of ``image``.
        text_to_image: (n_texts,) or (n_links, 2) as in `retrieval_metrics`; a repeated pair counts once.
        score: how queries are scored.
        block_entries: scores held at once; at least one query row is always taken.

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
    texts = texts.to(images.device)
    links = _as_links(text_to_image, len(texts), len(images))
    text_group, image_group = linked_groups(links, len(texts), len(images))
    links = links.to(images.device)
    return RetrievalRanks(
        image_retrieval=_query_ranks(
            texts, score(images, "image_retrieval"), links, text_group, len(images), block_entries
        ),
        text_retrieval=_query_ranks(
            images, score(texts, "text_retrieval"), links.flip(1), image_group, len(texts), block_entries
        ),
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
        values["median_rank"] = _median(one.best_rank[one.included])
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
        dict: "recall@k" (0 or 1) for each k, "mrr" and "map@r", each (included queries,) float64.

    Source: docs/method.md, equations (6.15) to (6.17).
    """
    best = ranks.best_rank[ranks.included]
    values = {f"recall@{k}": (best <= k).double() for k in ks}
    return values | {"mrr": best.reciprocal(), "map@r": ranks.average_precision[ranks.included]}


def check_ks(ks: Sequence[int]) -> None:
    """Refuse an empty list of cut-offs, or one below 1.

    Raises:
        ConfigError: so it is.
    """
    if len(ks) == 0 or min(ks) < 1:
        raise ConfigError(f"ks must hold numbers of at least 1; got {tuple(ks)}")


def _median(values: Tensor) -> float:
    ordered = values.sort().values
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def _query_ranks(
    queries: Tensor, score: BlockScore, links: Tensor, group: Tensor, n_gallery: int, block_entries: int
) -> QueryRanks:
    """Return the ranks of one direction; ``links`` (l, 2) are sorted here by query."""
    if block_entries < 1:
        raise ConfigError(f"block_entries must be at least 1; got {block_entries}")
    links = links[links[:, 0].argsort(stable=True)]
    n_relevant = torch.bincount(links[:, 0], minlength=len(queries))
    first = torch.cat([n_relevant.new_zeros(1), n_relevant.cumsum(0)])
    ranks = torch.empty(len(links), dtype=torch.float64)
    rows = max(1, block_entries // n_gallery)
    for start in range(0, len(queries), rows):
        stop = min(start + rows, len(queries))
        span = slice(int(first[start]), int(first[stop]))
        if span.start == span.stop:
            continue
        scores = score(queries[start:stop])
        _check_scores(scores, stop - start, n_gallery)
        scores = scores if scores.dtype == torch.float64 else scores.float()  # numpy has no bfloat16
        ranks[span] = _link_ranks(scores, links[span, 0] - start, links[span, 1])
    return _gather(ranks, links[:, 0].cpu(), n_relevant.cpu(), group, n_gallery)


def _link_ranks(scores: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the (l,) rank of each linked column among the columns that are irrelevant to its row.

    ``rows`` is ascending. One pass over the block for the first link of every row, one for the second ...
    """
    own = scores[rows, columns]
    # NaN is neither above nor equal: with relevant scores out of the way, only irrelevant ones are counted.
    scores = scores.clone()
    scores[rows, columns] = torch.nan
    ranks = torch.empty(len(rows), dtype=torch.float64)
    links = torch.arange(len(rows), device=rows.device)
    place = links - torch.searchsorted(rows, rows)
    for nth in range(int(place.max()) + 1):
        some = links[place == nth]
        against = scores if len(some) == len(scores) else scores[rows[some]]
        ranks[some.cpu()] = _mid_ranks(against, own[some, None])
    return ranks


def _mid_ranks(scores: Tensor, own: Tensor) -> Tensor:
    """Return (b,) 1 + scores above ``own`` (b, 1) + half of the scores equal to it, on the CPU."""
    if scores.is_cpu:  # numpy counts truth values ten times faster than torch
        s, o = scores.numpy(), own.numpy()
        above, equal = np.count_nonzero(s > o, axis=1), np.count_nonzero(s == o, axis=1)
        return torch.from_numpy(1 + above + 0.5 * equal)
    return (1 + (scores > own).sum(dim=1) + 0.5 * (scores == own).sum(dim=1)).double().cpu()


def _gather(ranks: Tensor, query: Tensor, n_relevant: Tensor, group: Tensor, n_gallery: int) -> QueryRanks:
    """Return per-query arrays from link ranks; ``query`` (l,) is ascending."""
    order = ranks.argsort(stable=True)
    order = order[query[order].argsort(stable=True)]  # by query, then by rank
    ranks = ranks[order]
    first = n_relevant.cumsum(0) - n_relevant
    place = torch.arange(len(ranks)) - first[query] + 1  # 1, 2, ... within a query
    position = ranks + place - 1  # the better relevant items stand before it after all
    within = position <= n_relevant[query]
    total = torch.zeros(len(n_relevant), dtype=torch.float64)
    total.index_add_(0, query, torch.where(within, place / position, 0.0).double())
    best = torch.full((len(n_relevant),), torch.nan, dtype=torch.float64)
    best[n_relevant > 0] = ranks[first[n_relevant > 0]]
    return QueryRanks(
        best_rank=best,
        average_precision=total / n_relevant,
        n_relevant=n_relevant,
        group=group,
        n_gallery=n_gallery,
    )


def linked_groups(links: Tensor, n_texts: int, n_images: int) -> tuple[Tensor, Tensor]:
    """Return the connected component of every text and of every image in the graph of links (l, 2)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    text, image = links[:, 0].numpy(), links[:, 1].numpy() + n_texts
    size = n_texts + n_images
    _, label = connected_components(coo_array((np.ones(len(links)), (text, image)), shape=(size, size)))
    component = torch.from_numpy(label.astype(np.int64))
    return component[:n_texts], component[n_texts:]


def _as_links(text_to_image: MatrixLike, n_texts: int, n_images: int) -> Tensor:
    """Return (l, 2) distinct pairs (text row, image row)."""
    table = text_to_image.cpu().numpy() if isinstance(text_to_image, Tensor) else np.asarray(text_to_image)
    if table.dtype.kind not in "iu":
        raise DataError(f"text_to_image must hold row numbers; got dtype {table.dtype}")
    links = torch.from_numpy(table.astype(np.int64))  # a copy: the caller's may be read-only
    if links.ndim == 1 and len(links) == n_texts:
        links = torch.stack([torch.arange(n_texts), links], dim=1)
    elif links.ndim != 2 or links.shape[1] != 2 or len(links) == 0:
        raise DataError(
            f"text_to_image must have shape ({n_texts},) or (n_links, 2) with at least one link; "
            f"got {tuple(links.shape)}"
        )
    for column, (name, size) in enumerate((("text", n_texts), ("image", n_images))):
        wrong = ((links[:, column] < 0) | (links[:, column] >= size)).nonzero()
        if len(wrong):
            at = int(wrong[0])
            raise DataError(
                f"text_to_image must name {name} rows in [0, {size}); "
                f"got {int(links[at, column])} at entry {at}"
            )
    code = torch.unique(links[:, 0] * n_images + links[:, 1])
    return torch.stack([code // n_images, code % n_images], dim=1)


def _check_scores(scores: Tensor, n_queries: int, n_gallery: int) -> None:
    if scores.shape != (n_queries, n_gallery):
        raise DataError(
            f"score must return shape ({n_queries}, {n_gallery}), queries by gallery; "
            f"got {tuple(scores.shape)}"
        )
    if bool(scores.amax().isnan()):  # the largest of numbers with a NaN is NaN
        raise DataError("score must return numbers; got NaN")
