"""Who wins and who loses: right queries in their order, and none that has no answer."""

import math

import pytest
import torch

from sde_core.errors import DataError
from sde_core.retrieval.rank_change import rank_change
from sde_core.retrieval.ranking import QueryRanks


def ranks(*best):
    best = torch.tensor(best, dtype=torch.float64)
    one = torch.ones(len(best), dtype=torch.int64)
    return QueryRanks(
        best_rank=best, n_relevant=one, group=one, n_gallery=99, first=best, any_twin=best,
        average_precision=1 / best,
    )  # fmt: skip


def test_wins_and_losses_are_ordered_by_their_ratio():
    change = rank_change(ranks(1, 8, 2, 20, math.nan, 5, 3, 1), ranks(1, 2, 4, 2, math.nan, 4, 30, 8))
    assert (change.better, change.same, change.worse) == (3, 1, 3)
    assert change.won(9) == [3, 1, 5]
    assert change.won(2) == [3, 1]
    assert change.won(0) == []
    assert change.lost(9) == [6, 7, 2]
    assert change.lost(1) == [6]
    expected = [0, math.log(2 / 8), math.log(2), math.log(0.1), 0, math.log(0.8), math.log(10), math.log(8)]
    assert change.log_ratio.tolist() == pytest.approx(expected, abs=1e-12)
    assert change.before.tolist()[:2] == [1, 8]
    assert change.after.tolist()[:2] == [1, 2]


def test_other_queries_are_refused():
    with pytest.raises(DataError, match="before and after must rank the same queries; got 2 and 3"):
        rank_change(ranks(1, 2), ranks(1, 2, 3))
