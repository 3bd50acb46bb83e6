"""The place of the first right item, against every order of its tie."""

import itertools
import math
from fractions import Fraction

import pytest
import torch

from sde_core.retrieval.places import FirstPlaces, harmonic_between

CASES = [(above, wrong, right) for above in (0, 1, 3) for wrong in range(5) for right in range(4)]


def places(cases):
    above, wrong, right = torch.tensor(cases, dtype=torch.int64).T
    return FirstPlaces(above=above, tied_wrong=wrong, tied_right=right)


def every_first_place(above, wrong, right):
    """Place of the first right item in each order of the tie, all alike likely."""
    orders = set(itertools.permutations([False] * wrong + [True] * right))
    return [1 + above + order.index(True) for order in orders]


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
def test_the_share_within_k_is_that_of_all_orders(k):
    share = places(CASES).share_within(k).tolist()
    for case, found in zip(CASES, share, strict=True):
        first = every_first_place(*case) if case[2] else []
        expected = Fraction(sum(place <= k for place in first), len(first)) if first else 0
        assert found == pytest.approx(float(expected), abs=1e-12), case


def test_the_expected_place_and_its_reciprocal_are_means_over_all_orders():
    made = places(CASES)
    for case, place, reciprocal in zip(
        CASES, made.expected().tolist(), made.expected_reciprocal().tolist(), strict=True
    ):
        if not case[2]:
            assert math.isnan(place)
            assert math.isnan(reciprocal)
            continue
        first = every_first_place(*case)
        assert place == pytest.approx(sum(first) / len(first), rel=1e-12), case
        assert reciprocal == pytest.approx(sum(1 / p for p in first) / len(first), rel=1e-12), case


def test_some_queries_by_mask_and_by_number():
    made = places([(0, 1, 2), (3, 4, 5), (6, 7, 8)])
    for some in (torch.tensor([False, True, True]), torch.tensor([1, 2])):
        part = made.at(some)
        assert (part.above.tolist(), part.tied_wrong.tolist(), part.tied_right.tolist()) == (
            [3, 6],
            [4, 7],
            [5, 8],
        )


def test_a_part_of_the_harmonic_sum():
    low, high = torch.tensor([0, 2, 5, 7]), torch.tensor([1, 4, 5, 8])
    assert harmonic_between(low, high).tolist() == pytest.approx([1, 1 / 3 + 1 / 4, 0, 1 / 8], abs=1e-14)
