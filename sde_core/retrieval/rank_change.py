"""Which queries find their answer earlier after a treatment, and which later."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sde_core.errors import DataError
from sde_core.retrieval.ranking import QueryRanks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankChange:
    """Ranks of the same queries before and after, and their ratio: from 20 to 2 tells more than from 220 to 202.

    Attributes:
        before: (q,) float64 rank of the best right answer; NaN for a query without one.
        after: (q,) the same after the treatment.
        log_ratio: (q,) log(after / before); negative is better, 0 where there is no rank.
    """

    before: Tensor
    after: Tensor
    log_ratio: Tensor

    @property
    def better(self) -> int:
        """Queries whose answer stands earlier."""
        return int((self.log_ratio < 0).sum())

    @property
    def worse(self) -> int:
        """Queries whose answer stands later."""
        return int((self.log_ratio > 0).sum())

    @property
    def same(self) -> int:
        """Queries with an answer that stands where it stood."""
        return int((self.before == self.after).sum())

    def won(self, most: int) -> list[int]:
        """Return the queries that won most, at most ``most``, largest first."""
        order = self.log_ratio.argsort(stable=True).tolist()
        return [i for i in order[:most] if self.log_ratio[i] < 0]

    def lost(self, most: int) -> list[int]:
        """Return the queries that lost most, at most ``most``, largest first."""
        order = self.log_ratio.argsort(stable=True).tolist()
        return [i for i in order[::-1][:most] if self.log_ratio[i] > 0]


def rank_change(before: QueryRanks, after: QueryRanks) -> RankChange:
    """Return how the rank of every query changed.

    Args:
        before: one direction of `retrieval_ranks`.
        after: of the same queries.

    Raises:
        DataError: other numbers of queries.

    >>> def ranks(*best):
    ...     best = torch.tensor(best, dtype=torch.float64)
    ...     one = torch.ones(len(best), dtype=torch.int64)
    ...     same = {"first": best, "any_twin": best, "average_precision": 1 / best}
    ...     return QueryRanks(best_rank=best, n_relevant=one, group=one, n_gallery=9, **same)
    >>> change = rank_change(ranks(1, 8, 2), ranks(1, 2, 4))
    >>> change.better, change.same, change.worse, change.won(3), change.lost(3)
    (1, 1, 1, [1], [2])
    """
    if len(before.best_rank) != len(after.best_rank):
        raise DataError(
            "before and after must rank the same queries; "
            f"got {len(before.best_rank)} and {len(after.best_rank)}"
        )
    ratio = torch.nan_to_num(after.best_rank.log() - before.best_rank.log())
    return RankChange(before=before.best_rank, after=after.best_rank, log_ratio=ratio)
