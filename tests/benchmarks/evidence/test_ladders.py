"""The search of the fifth part: it climbs past every start, spends its budget, and says what it left open."""

import math

import pytest

from benchmarks.evidence.fifth_methods import CORE, FIFTH
from benchmarks.evidence.fifth_settings import (
    MOST_SEEN,
    SEEDS,
    SETTINGS,
    TRAININGS,
    is_allowed,
    ladders_of,
)
from benchmarks.evidence.ladders import Ladder, climbed
from benchmarks.evidence.plan import FOURTH_PART_SEEDS
from benchmarks.evidence.tuning import FIRST_SEED

LADDERS = {
    "a": Ladder(values=tuple(range(10)), start=1),
    "b": Ladder(values=(0.1, 0.2, 0.4, 0.8), start=0.1),
    "still": Ladder(values=(7,), start=7),
}


def _hill(knobs, seed):
    return -abs(knobs["a"] - 6) - abs(math.log2(knobs["b"] / 0.4))


def test_a_winner_has_both_its_neighbours_beside_it():
    asked = []

    def score(knobs, seed):
        asked.append((seed, *knobs.items()))
        return _hill(knobs, seed)

    found = climbed(LADDERS, score, trainings=24)
    assert found.knobs == {"a": 6, "b": 0.4, "still": 7}
    assert (found.open, found.limits) == ((), ())
    assert found.trainings == len(asked) == len(set(asked)) == 24
    assert sum(seed != FIRST_SEED for seed, *_ in asked) == 3  # the best three once more


def test_the_same_search_makes_the_same_steps():
    runs = []
    for _ in range(2):
        asked = []

        def score(knobs, seed, asked=asked):
            asked.append((seed, *knobs.items()))
            return _hill(knobs, seed)

        climbed(LADDERS, score, trainings=20, name="one")
        runs.append(asked)
    assert runs[0] == runs[1]


def test_what_is_left_is_spent_on_draws_that_find_what_no_single_step_does():
    # A ridge: each knob alone makes it worse, two together lead up.
    ladders = {name: Ladder(values=(0, 1, 2, 3), start=0) for name in "ab"}

    def ridge(knobs, seed):
        a, b = knobs["a"], knobs["b"]
        return a + b - 5 * abs(a - b)

    assert climbed(ladders, ridge, trainings=16, best=1).knobs == {"a": 3, "b": 3}


def test_a_winner_at_a_limit_is_named_and_nothing_beyond_what_is_allowed_is_tried():
    tried = []

    def score(knobs, seed):
        tried.append(knobs)
        return knobs["steps"] + knobs["batch"] / 100

    ladders = {"steps": Ladder.doubling(10, 80, 10), "batch": Ladder.doubling(8, 64, 8)}
    found = climbed(
        ladders, score, trainings=15, best=1, is_allowed=lambda k: k["steps"] * k["batch"] <= 1280
    )
    assert found.knobs == {"steps": 80, "batch": 16}
    assert set(found.limits) == {"steps", "batch"}
    assert all(k["steps"] * k["batch"] <= 1280 for k in tried)


def test_a_budget_that_ends_on_the_way_leaves_its_knob_open():
    found = climbed({"a": LADDERS["a"]}, lambda knobs, seed: knobs["a"], trainings=5, best=1)
    assert found.open == ("a",)
    with pytest.raises(ValueError, match="trainings must be above 3"):
        climbed(LADDERS, _hill, trainings=3)


def test_a_start_from_elsewhere_is_tried_and_its_missing_knobs_begin_where_the_ladder_does():
    tried = []

    def score(knobs, seed):
        tried.append(knobs)
        return 0.0

    climbed(LADDERS, score, trainings=6, starts=[{"a": 8}])
    assert tried[:2] == [{"a": 1, "b": 0.1, "still": 7}, {"a": 8, "b": 0.1, "still": 7}]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_begins_within_its_ladders_and_its_limit(setting):
    for method in setting.methods:
        ladders = ladders_of(setting, method, 400)
        for ladder in ladders.values():
            assert ladder.start in ladder.values
            assert list(ladder.values) == sorted(ladder.values)
            assert not ladder.is_limit(ladder.start)
        assert is_allowed({knob: ladder.start for knob, ladder in ladders.items()})
    assert set(CORE) <= set(setting.methods) <= set(FIFTH)


def test_eight_settings_count_seeds_are_new_and_the_limit_is_where_the_protocol_says():
    assert sum(setting.counts for setting in SETTINGS) == 8
    assert max(FOURTH_PART_SEEDS) < min(SEEDS) <= max(SEEDS) < FIRST_SEED
    assert (len(SEEDS), TRAININGS, MOST_SEEN) == (10, 32, 1_280 * 512)
