"""Sinkhorn's normalisation of scores by banks of queries and of items, from reference rows or from the test itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.retrieval.ranking import BLOCK_ENTRIES, BlockScore, Score
from sde_core.retrieval.scores import HubScore, TransductiveScore
from sde_core.treatments.banks import Banks, blocks_of
from sde_core.treatments.scores import check_positive
from sde_core.vocabulary import Direction

N_ITERATIONS = 10
_MOST = 2_000
_TINY = 1e-30


def fit_sinkhorn(image: MatrixLike, text: MatrixLike, *, beta: float = 20.0) -> Score:
    """Return cos(q, g) + log v(g) / beta, with v the item's scale of a doubly normalised kernel (DBSN).

    The kernel exp(beta cosine) of the bank's queries with the gallery and the bank's items is scaled to equal sums
    of rows and of columns, in 10 rounds. At most 2,000 seeded rows of either bank are used.

    Args:
        image: (a, d) reference images, no zero row.
        text: (b, d) reference texts, no zero row; they need not be paired with ``image``.
        beta: inverse temperature, above 0.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: ``beta`` is not above 0.

    Source: docs/method.md, equation (7.16); after arXiv 2508.02538, 2025 (DBSN).
    """
    return sinkhorn(Banks(image, text), beta=beta)


def sinkhorn(banks: Banks, *, beta: float = 20.0) -> Score:
    """Return the score of `fit_sinkhorn` from banks that are there."""
    check_positive(beta, "beta")

    def hubs(gallery: Tensor, direction: Direction) -> Tensor:
        queries, own = (_drawn(each) for each in banks.of(direction, gallery))
        items = torch.cat([gallery, own])
        below = None
        if _is_small(queries, items):
            below = banks.once(gallery, direction, "below best", lambda: list(_below_best(queries, items)))
        return _hub_values(queries, items, beta, below)[: len(gallery)]

    return _score(hubs)


def sinkhorn_of_test(*, beta: float = 20.0) -> Score:
    """Return the score of `fit_sinkhorn` whose bank is the ranked queries themselves, hence transductive.

    Args:
        beta: inverse temperature, above 0.

    Raises:
        ConfigError: ``beta`` is not above 0.

    Source: docs/method.md, equation (7.16).
    """
    check_positive(beta, "beta")

    def seeing(images: Tensor, texts: Tensor) -> Score:
        return _score(
            lambda gallery, direction: _hub_values(
                _drawn(texts if Direction(direction).query == "text" else images), gallery, beta
            )
        )

    return TransductiveScore(seeing)


def _score(hubs: Callable[[Tensor, Direction], Tensor]) -> HubScore:
    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        values = hubs(gallery, direction)
        return lambda queries: queries @ gallery.T - values

    return HubScore(score, hubs)


def _drawn(bank: Tensor) -> Tensor:
    if len(bank) <= _MOST:
        return bank
    return bank[torch.randperm(len(bank), generator=torch.Generator().manual_seed(0))[:_MOST].sort().values]


def _hub_values(queries: Tensor, items: Tensor, beta: float, below: Iterable[Tensor] | None = None) -> Tensor:
    """Return (g,) -log v(g) / beta after the rounds; a query's own factor moves no rank.

    ``below`` is what `_below_best` returns, where somebody has it.
    """
    scale = items.new_full((len(items),), 1 / len(items))
    total = torch.zeros_like(scale)
    kept = list(_kernels(below or _below_best(queries, items), beta)) if _is_small(queries, items) else None
    for _ in range(N_ITERATIONS):
        total.zero_()
        for block in kept or _kernels(_below_best(queries, items), beta):
            total += block.T @ (block @ scale).clamp_min(_TINY).reciprocal()
        scale = total.clamp_min(_TINY).reciprocal() * (len(queries) / len(items))
    return -scale.log() / beta


def _is_small(queries: Tensor, items: Tensor) -> bool:
    """Return whether all their scores may be held."""
    return len(queries) * len(items) <= 4 * BLOCK_ENTRIES


def _below_best(queries: Tensor, items: Tensor) -> Iterator[Tensor]:
    """Yield blocks of cosines of queries with all items, less the largest of each query."""
    for part in blocks_of(queries, len(items)):
        scores = part @ items.T
        yield scores.sub_(scores.amax(dim=1, keepdim=True))


def _kernels(below: Iterable[Tensor], beta: float) -> Iterator[Tensor]:
    return ((block * beta).exp_() for block in below)
