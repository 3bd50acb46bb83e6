"""Confidence intervals from queries drawn again (docs/method.md, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.vectors import as_vector
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.ranking import DIRECTIONS, QueryRanks, RetrievalRanks, check_ks, query_values

# Weights of queries held at one time: 32 MiB of float64.
_BLOCK_ENTRIES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and the percentile interval of its resampled values, all in the unit of the metric.

    Attributes:
        estimate: the metric on the queries as they are.
        low: lower end.
        high: upper end.
        level: share of repeated samples whose interval should hold the truth.
    """

    estimate: float
    low: float
    high: float
    level: float

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside; for a difference: whether it is more than the noise of the queries."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How queries are drawn again.

    Attributes:
        level: of the interval, in (0, 1).
        n_resamples: how often; 2,000 give the ends of a 95 % interval to about 1/20 of its width.
        seed: of the draws.
    """

    level: float = 0.95
    n_resamples: int = 2_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.level < 1.0:
            raise ConfigError(f"level must lie in (0, 1); got {self.level}")
        if self.n_resamples < 1:
            raise ConfigError(f"n_resamples must be at least 1; got {self.n_resamples}")


def bootstrap_mean(
    values: MatrixLike, *, groups: MatrixLike | None = None, resampling: Resampling | None = None
) -> Interval:
    """Return the mean of per-query values and its percentile interval.

    For a paired difference give the differences: the same queries are then drawn for both sides.

    Args:
        values: (q,) one value per query.
        groups: (q,) whole numbers; queries with the same number are drawn together. Use it where queries
            are not independent (captions of one image, drawings of one subject): the interval is then as
            wide as it must be.
        resampling: level, number of draws and seed; None takes 95 %, 2,000 and 0.

    Raises:
        DataError: not a vector of finite numbers, or groups of another length.

    Source: docs/method.md, equation (6.22); Efron 1979.

    >>> interval = bootstrap_mean([0.0, 1.0] * 200)
    >>> interval.estimate, round(interval.low, 1), round(interval.high, 1), interval.excludes_zero
    (0.5, 0.5, 0.5, True)
    """
    how = resampling or Resampling()
    row = as_vector(values, "values").cpu()
    if len(row) == 0:
        raise DataError("values must have at least one query; got none")
    group = torch.arange(len(row)) if groups is None else _groups(groups, len(row))
    means, _ = _draw(row[None], row[None][:0], group, how)
    return _interval(float(row.mean()), means[0], how)


def retrieval_intervals(
    ranks: RetrievalRanks, ks: Sequence[int] = (1, 5, 10), *, resampling: Resampling | None = None
) -> dict[str, Interval]:
    """Return an interval for every metric of `metrics_from_ranks`; linked queries are drawn together.

    Args:
        ranks: from `retrieval_ranks`.
        ks: cut-offs of the recalls.
        resampling: level, number of draws and seed; None takes 95 %, 2,000 and 0.

    Returns:
        dict: names of `retrieval_metrics` (recalls, median rank, MRR, mAP@R) -> interval.

    Raises:
        ConfigError: ``ks`` is empty or holds a number below 1.

    Source: docs/method.md, equation (6.22).
    """
    check_ks(ks)
    how = resampling or Resampling()
    intervals: dict[str, Interval] = {}
    for direction in DIRECTIONS:
        one: QueryRanks = getattr(ranks, direction)
        values = query_values(one, ks)
        table, rank = torch.stack(list(values.values())), one.best_rank[one.included][None]
        means, medians = _draw(table, rank, one.group[one.included], how)
        for name, row, drawn in zip(values, table, means, strict=True):
            intervals[f"{direction}_{name}"] = _interval(float(row.mean()), drawn, how)
        intervals[f"{direction}_median_rank"] = _interval(float(_medians(rank)), medians[0], how)
    return intervals


def retrieval_differences(
    before: RetrievalRanks,
    after: RetrievalRanks,
    ks: Sequence[int] = (1, 5, 10),
    *,
    resampling: Resampling | None = None,
) -> dict[str, Interval]:
    """Return after - before with paired intervals: every draw takes the same queries on both sides.

    Much narrower than the difference of two intervals, because what is hard for one is hard for both. It
    covers the choice of queries, not the seed of a training.

    Args:
        before: ranks of the first system.
        after: ranks of the second system for the same queries and links.
        ks: cut-offs of the recalls.
        resampling: level, number of draws and seed; None takes 95 %, 2,000 and 0.

    Returns:
        dict: names as in `retrieval_intervals`; a negative difference of the median rank is a gain.

    Raises:
        DataError: the two do not have the same queries and right answers.
        ConfigError: ``ks`` is empty or holds a number below 1.

    Source: docs/method.md, equation (6.23).
    """
    check_ks(ks)
    how = resampling or Resampling()
    intervals: dict[str, Interval] = {}
    for direction in DIRECTIONS:
        first: QueryRanks = getattr(before, direction)
        second: QueryRanks = getattr(after, direction)
        if not (torch.equal(first.n_relevant, second.n_relevant) and torch.equal(first.group, second.group)):
            raise DataError(
                "before and after must rank the same queries with the same links; "
                f"got {len(first.n_relevant)} and {len(second.n_relevant)} queries in {direction}"
            )
        old, new = query_values(first, ks), query_values(second, ks)
        table = torch.stack([new[name] - old[name] for name in old])
        rank = torch.stack([each.best_rank[each.included] for each in (first, second)])
        means, medians = _draw(table, rank, first.group[first.included], how)
        for name, row, drawn in zip(old, table, means, strict=True):
            intervals[f"{direction}_{name}"] = _interval(float(row.mean()), drawn, how)
        change = _medians(rank)
        intervals[f"{direction}_median_rank"] = _interval(
            float(change[1] - change[0]), medians[1] - medians[0], how
        )
    return intervals


def _draw(table: Tensor, ranks: Tensor, group: Tensor, how: Resampling) -> tuple[Tensor, Tensor]:
    """Return resampled means of ``table`` (s, q) and medians of ``ranks`` (t, q): (s, B) and (t, B)."""
    groups, member = torch.unique(group, return_inverse=True)
    n_groups, n_queries = len(groups), len(member)
    generator = torch.Generator().manual_seed(how.seed)
    means, medians = [], []
    rows = max(1, _BLOCK_ENTRIES // n_queries)
    for start in range(0, how.n_resamples, rows):
        size = (min(rows, how.n_resamples - start), n_groups)
        drawn = torch.randint(n_groups, size, generator=generator)
        times = torch.zeros(size, dtype=torch.float64).scatter_add_(1, drawn, torch.ones(size).double())
        weights = times[:, member]
        means.append((table @ weights.T) / weights.sum(dim=1))
        drawn_ranks = [_weighted_medians(row, weights) for row in ranks]
        medians.append(torch.stack(drawn_ranks) if drawn_ranks else weights.new_empty(0, size[0]))
    return torch.cat(means, dim=1), torch.cat(medians, dim=1)


def _weighted_medians(values: Tensor, weights: Tensor) -> Tensor:
    """Return (b,) medians of ``values`` (q,), each value taken ``weights`` (b, q) times."""
    order = values.argsort()
    seen = weights[:, order].cumsum(dim=1)
    half = seen[:, -1:] / 2
    # With an even count the median lies between two values: the last at half and the first beyond it.
    low = torch.searchsorted(seen, half)
    high = torch.searchsorted(seen, half, right=True)
    ordered = values[order]
    return (ordered[low[:, 0]] + ordered[high[:, 0]]) / 2


def _medians(rows: Tensor) -> Tensor:
    return torch.cat([_weighted_medians(row, torch.ones(1, len(row)).double()) for row in rows])


def _interval(estimate: float, drawn: Tensor, how: Resampling) -> Interval:
    tail = (1 - how.level) / 2
    low, high = (float(drawn.quantile(q)) for q in (tail, 1 - tail))
    return Interval(estimate=estimate, low=low, high=high, level=how.level)


def _groups(groups: MatrixLike, n_queries: int) -> Tensor:
    numbers = groups.cpu() if isinstance(groups, Tensor) else torch.from_numpy(np.array(groups))
    if numbers.shape != (n_queries,) or numbers.is_floating_point():
        raise DataError(
            f"groups must hold {n_queries} whole numbers, one per query; "
            f"got shape {tuple(numbers.shape)} and dtype {numbers.dtype}"
        )
    return numbers
