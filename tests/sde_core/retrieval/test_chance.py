"""Chance is what counting all subsets gives, whatever the number of right answers."""

import math

import pytest

from sde_core.retrieval.chance import chance_recall


@pytest.mark.parametrize("k", [1, 2, 5, 9, 10, 20])
def test_chance_is_one_less_the_share_of_subsets_without_a_right_answer(k):
    relevant, size = [1, 1, 3, 10], 10
    missed = [math.comb(size - r, k) / math.comb(size, k) if k <= size else 0 for r in relevant]
    assert chance_recall(relevant, size, k) == pytest.approx(1 - sum(missed) / len(missed), abs=1e-14)
