"""Confidence intervals from queries drawn again (docs/method.md, section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.settings import Probability, Range, check_settings
from sde_core.checks.vectors import as_vector
from sde_core.errors import DataError
from sde_core.retrieval.medians import MedianPlaces
from sde_core.retrieval.places import FirstPlaces
from sde_core.retrieval.ranking import QueryRanks, RetrievalRanks, check_ks, query_values
from sde_core.vocabulary import DIRECTIONS, KS

# Draws held at one time: 32 MiB of int64.
_BLOCK_ENTRIES = 1 << 22
# Draws that are kept for the next row of a table, which has the same queries: 32 MiB of bytes; of small ones, 4 MiB,
# those of several tables, which a server measures in turn.
_KEPT_ENTRIES, _SMALL_ENTRIES = 1 << 25, 1 << 22
_DRAWING = Lock()


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

    __repr__ = brief

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside; for a difference: whether it is more than the noise of the queries."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How queries are resampled.

    Attributes:
        level: of the interval, in (0, 1).
        n_resamples: how often; 2,000 give the ends of a 95 % interval to about 1/20 of its width.
        seed: of the draws.
    """

    level: Annotated[float, Probability] = 0.95
    n_resamples: Annotated[int, Range(1)] = 2_000
    seed: int = 0

    __repr__ = brief

    def __post_init__(self) -> None:
        check_settings(self)


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
    means, _ = _draw(row[None], None, group, how)
    return intervals_of({"mean": torch.cat([means[0, :-1], row.mean()[None]])}, how)["mean"]


def retrieval_intervals(
    ranks: RetrievalRanks, ks: Sequence[int] = KS, *, resampling: Resampling | None = None
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
    return drawn_metrics(ranks, ks, resampling=resampling).intervals()


def retrieval_differences(
    before: RetrievalRanks,
    after: RetrievalRanks,
    ks: Sequence[int] = KS,
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
    first = drawn_metrics(before, ks, resampling=resampling)
    return drawn_metrics(after, ks, resampling=resampling).differences(first)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMetrics:
    """Every metric of one system, of its queries as they are and as they were drawn.

    Attributes:
        ranks: of the queries.
        how: they were drawn.
        values: name -> (B + 1,) values; the last is that of the queries as they are.
    """

    ranks: RetrievalRanks
    how: Resampling
    values: Mapping[str, Tensor]

    def intervals(self) -> dict[str, Interval]:
        """Return the interval of every metric."""
        return intervals_of(self.values, self.how)

    def differences(self, before: DrawnMetrics) -> dict[str, Interval]:
        """Return the paired intervals of this system less another.

        Raises:
            DataError: the two do not have the same queries and right answers.
        """
        for direction in DIRECTIONS:
            first: QueryRanks = getattr(before.ranks, direction)
            second: QueryRanks = getattr(self.ranks, direction)
            same = torch.equal(first.n_relevant, second.n_relevant) and torch.equal(first.group, second.group)
            if not same:
                raise DataError(
                    "before and after must rank the same queries with the same links; "
                    f"got {len(first.n_relevant)} and {len(second.n_relevant)} queries in {direction}"
                )
        return intervals_of({name: row - before.values[name] for name, row in self.values.items()}, self.how)


def drawn_metrics(
    ranks: RetrievalRanks,
    ks: Sequence[int] = KS,
    *,
    resampling: Resampling | None = None,
    with_medians: bool = True,
) -> DrawnMetrics:
    """Return the metrics of drawn queries, from which intervals and paired differences are read.

    Args:
        ranks: from `retrieval_ranks`.
        ks: cut-offs of the recalls.
        resampling: level, number of draws and seed; None takes 95 %, 2,000 and 0.
        with_medians: whether median ranks are among them, which take a third of the time.

    Raises:
        ConfigError: ``ks`` is empty or holds a number below 1.
    """
    check_ks(ks)
    how = resampling or Resampling()
    found: dict[str, Tensor] = {}
    for direction in DIRECTIONS:
        one: QueryRanks = getattr(ranks, direction)
        values = query_values(one, ks)
        table = torch.stack(list(values.values()))
        places = one.first.at(one.included) if with_medians else None
        means, median = _draw(table, places, one.group[one.included], how)
        names = [f"{direction}_{name}" for name in (*values, *(["median_rank"] if with_medians else []))]
        found |= dict(zip(names, [*means, *([median] if with_medians else [])], strict=True))
    return DrawnMetrics(ranks=ranks, how=how, values=found)


def drawn_means(table: Tensor, groups: Tensor, how: Resampling) -> Tensor:
    """Return the (s, B + 1) means of (s, q) values of the same queries, drawn and, last, as they are.

    Args:
        table: a row a kind of value.
        groups: (q,) queries of one number are drawn together.
        how: they are drawn.
    """
    return _draw(table, None, groups, how)[0]


def _draw(table: Tensor, places: FirstPlaces | None, group: Tensor, how: Resampling) -> tuple[Tensor, Tensor]:
    """Return (s, B + 1) means of ``table`` (s, q) and (B + 1,) medians of the places, drawn and, last, as they are.

    Sums over a group are taken once: no array has queries on one axis and draws on the other.
    """
    groups, member = torch.unique(group, return_inverse=True)
    n_groups = len(groups)
    columns = torch.cat([table, table.new_ones(1, table.shape[1])])
    sums = columns.new_zeros(len(columns), n_groups).index_add_(1, member, columns)
    search = None if places is None else MedianPlaces(places, member, n_groups)
    means, medians = [], []
    for drawn in _draws(n_groups, how):
        for part in torch.split(drawn, max(1, _BLOCK_ENTRIES // n_groups)):
            times = part.double()  # itself where it was kept so
            total = times @ sums.T
            means.append((total[:, :-1] / total[:, -1:]).T)
            if search is not None:
                medians.append(search.of(times))
    means.append(table.mean(dim=1, keepdim=True))
    if search is None:
        return torch.cat(means, dim=1), table.new_empty(0)
    medians.append(search.of(torch.ones(1, n_groups, dtype=torch.float64)))
    return torch.cat(means, dim=1), torch.cat(medians)


def _draws(n_groups: int, how: Resampling) -> Iterable[Tensor]:
    """Return blocks of (b, g) how often each group is drawn; those of small sets are kept for the next call."""
    entries = n_groups * how.n_resamples
    if entries > _KEPT_ENTRIES:
        return _drawn(n_groups, how)
    with _DRAWING:  # rows that are computed at one time wait for the draws of the first
        return (_kept_draws if entries > _SMALL_ENTRIES else _kept_numbers)(n_groups, how)


@lru_cache(maxsize=2)
def _kept_draws(n_groups: int, how: Resampling) -> list[Tensor]:
    return list(_drawn(n_groups, how))


@lru_cache(maxsize=1)
def _kept_numbers(n_groups: int, how: Resampling) -> list[Tensor]:
    """Return the last small draws in float64, 32 MiB at most: both ways of every row of a table multiply them."""
    return [part.double() for part in _kept_small_draws(n_groups, how)]


@lru_cache(maxsize=16)
def _kept_small_draws(n_groups: int, how: Resampling) -> list[Tensor]:
    return list(_drawn(n_groups, how))


def _drawn(n_groups: int, how: Resampling) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(how.seed)
    rows = max(1, _BLOCK_ENTRIES // n_groups)
    for start in range(0, how.n_resamples, rows):
        size = (min(rows, how.n_resamples - start), n_groups)
        drawn = torch.randint(n_groups, size, generator=generator)
        times = torch.zeros(size, dtype=torch.int32).scatter_add_(
            1, drawn, torch.ones(size, dtype=torch.int32)
        )
        yield times.to(torch.uint8) if int(times.max()) < 256 else times


def intervals_of(values: Mapping[str, Tensor], how: Resampling) -> dict[str, Interval]:
    """Return the intervals of several metrics.

    Args:
        values: name -> (B + 1,) values as they were drawn and, last, the estimate.
        how: they were drawn.
    """
    tail, rows = (1 - how.level) / 2, torch.stack(list(values.values()))
    ends = rows[:, :-1].quantile(torch.tensor([tail, 1 - tail], dtype=rows.dtype), dim=1)
    numbers = torch.cat([rows[:, -1:], ends.T], dim=1).tolist()
    return {
        name: Interval(estimate=estimate, low=low, high=high, level=how.level)
        for name, (estimate, low, high) in zip(values, numbers, strict=True)
    }


def _groups(groups: MatrixLike, n_queries: int) -> Tensor:
    numbers = groups.cpu() if isinstance(groups, Tensor) else torch.from_numpy(np.array(groups))
    if numbers.shape != (n_queries,) or numbers.is_floating_point():
        raise DataError(
            f"groups must hold {n_queries} whole numbers, one per query; "
            f"got shape {tuple(numbers.shape)} and dtype {numbers.dtype}"
        )
    return numbers
