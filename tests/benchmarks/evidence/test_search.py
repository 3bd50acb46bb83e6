"""The search is the same for every method, the store gives back what it got, the statistics are right."""

import json
import zlib

import numpy as np
import pytest

from benchmarks.evidence.evaluation import Hits
from benchmarks.evidence.methods import METHODS
from benchmarks.evidence.plan import (
    BLOCKS,
    FOURTH_PART_SEEDS,
    MAIN,
    SECOND_PART_SEEDS,
    SEEDS,
    THIRD_PART_SEEDS,
    VARIANTS,
)
from benchmarks.evidence.statistics import Compared, difference, holm, mean_difference
from benchmarks.evidence.store import Store
from benchmarks.evidence.tuning import FIRST_SEED, OWN, SHARED, START, Budget, searched, tuned


def test_seeds_of_tuning_are_not_those_of_the_end_and_every_method_runs_once_in_styles():
    assert len(SEEDS) == 5
    assert max(THIRD_PART_SEEDS) < min(FOURTH_PART_SEEDS) <= max(FOURTH_PART_SEEDS) < FIRST_SEED
    assert (
        max(SEEDS)
        < min(SECOND_PART_SEEDS)
        <= max(SECOND_PART_SEEDS)
        < min(THIRD_PART_SEEDS)
        <= max(THIRD_PART_SEEDS)
        < FIRST_SEED
    )
    ran = [
        name for block in BLOCKS if (block.regime, block.towers) == ("styles", MAIN) for name in block.methods
    ]
    assert sorted([*ran, *VARIANTS, "components-barlow"]) == sorted(METHODS)


def test_the_search_climbs_and_the_best_mean_wins():
    space = {"a": (0, 1, 2, 3), "b": (0, 1), "still": (7,)}
    asked = []

    def score(knobs, seed):
        asked.append((knobs["a"], knobs["b"], seed - FIRST_SEED))
        luck = 5 if (knobs["a"], seed) == (0, FIRST_SEED + 1) else 0
        return knobs["a"] + 0.5 * knobs["b"] - luck

    start = [{"a": a, "b": 0, "still": 7} for a in (0, 1)]
    budget = Budget(first=2, moves=6)
    assert tuned(space, start, score, budget) == {"a": 3, "b": 1, "still": 7}
    assert len(asked) == budget.first + budget.moves + budget.best * budget.again
    assert len(set(asked)) == len(asked)  # nothing is tried twice
    assert asked[:2] == [(0, 0, 0), (1, 0, 0)]


def test_the_best_mean_wins_not_the_best_first_try():
    scores = {0: [0.9, 0.1], 1: [0.8, 0.8], 2: [0.5, 1.0]}

    def score(knobs, seed):
        return scores[knobs["i"]][seed - FIRST_SEED]

    budget = Budget(first=3, moves=5)
    assert tuned({"i": (0, 1, 2)}, [{"i": i} for i in scores], score, budget) == {"i": 1}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("regime", ["styles", "pairs-500"])
def test_every_method_starts_where_infonce_was_and_is_trained_as_often_from_there(method, regime):
    asked = []

    def score_of(name):
        def score(knobs, seed):
            asked.append((name, seed, dict(knobs)))
            return sum(zlib.crc32(f"{k}{v}".encode()) % 1000 for k, v in knobs.items() if k in SHARED) / 1000

        return score

    searched(method, regime, score_of)
    begin = START.get(regime, START[""])
    shared, mine = asked[: begin.first + begin.moves], asked[begin.first + begin.moves :]
    assert {(name, seed) for name, seed, _ in shared} == {("infonce", FIRST_SEED)}
    most = OWN.first + OWN.moves + OWN.best * OWN.again
    has_own = any(len(values) > 1 for values in METHODS[method].own.values())
    # Without knobs of its own every move from the best one may have been tried before the budget ends.
    assert len(mine) == most if has_own else len(mine) <= most
    assert {name for name, _, _ in mine} == {method}
    if method != "infonce":
        best = max((knobs for _, _, knobs in shared), key=lambda knobs: score_of("")(knobs, 0))
        assert {k: v for k, v in mine[0][2].items() if k in SHARED} == best


def test_a_cell_is_found_by_its_settings_and_half_a_file_is_none(tmp_path):
    store, cell = Store(tmp_path), {"method": "sde", "seed": 1}
    assert store.find(cell) is None
    store.keep(cell, {"val": 0.5})
    assert Store(tmp_path).find({"seed": 1, "method": "sde"}) == {"val": 0.5}
    assert store.find({**cell, "seed": 2}) is None
    (tmp_path / "x.part").write_text("{")
    assert [found for _, found in store.all()] == [{"val": 0.5}]


@pytest.mark.parametrize(("n", "m"), [(1, 0), (5, 3), (8, 8), (0, 2)])
def test_hits_come_back_from_text(n, m):
    generator = np.random.default_rng(n)
    hits = Hits(*(generator.integers(0, 4, size).astype(np.uint8) for size in (n, m)))
    found = Hits.unpacked(json.loads(json.dumps(hits.packed())))
    assert np.array_equal(found.image, hits.image)
    assert np.array_equal(found.text, hits.text)


def test_scores_and_recalls_of_hits():
    hits = Hits(np.array([3, 0, 1, 2], np.uint8), np.array([3], np.uint8))
    assert hits.score == pytest.approx((6 / 12 + 1) / 2)
    assert hits.recall(1) == (0.25, 1.0)
    assert hits.recall(10) == (0.75, 1.0)


def _hits(generator, chance, n=300):
    return Hits(*(3 * (generator.random(n) < chance).astype(np.uint8) for _ in range(2)))


def test_a_difference_that_is_there_is_found_and_one_that_is_not_is_not():
    generator = np.random.default_rng(0)
    base = [_hits(generator, 0.5) for _ in range(5)]
    better = [Hits(np.maximum(h.image, _hits(generator, 0.2).image), h.text) for h in base]
    same = [_hits(generator, 0.5) for _ in range(5)]
    clusters = np.arange(300) // 3, np.arange(300) // 3
    found = difference(better, base, clusters)
    assert found.low > 0
    assert found.p < 0.002
    assert found.estimate == pytest.approx(
        np.mean([100 * (a.score - b.score) for a, b in zip(better, base, strict=True)])
    )
    assert found.estimate == pytest.approx(np.mean(found.by_seed))
    chance = difference(same, base, clusters)
    assert chance.low < 0 < chance.high
    assert chance.p > 0.05
    assert difference(base, better, clusters).estimate == pytest.approx(-found.estimate)


def test_queries_of_one_cluster_are_not_independent_evidence():
    generator = np.random.default_rng(1)
    luck = np.repeat(generator.integers(0, 2, 10), 30).astype(np.uint8)
    base = [Hits(np.ones(300, np.uint8), np.ones(300, np.uint8))] * 5
    lucky = [Hits(1 + luck, 1 + luck)] * 5
    together = np.repeat(np.arange(10), 30)
    narrow = difference(lucky, base, (np.arange(300), np.arange(300)))
    wide = difference(lucky, base, (together, together))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_a_mean_over_sets_counts_each_set_once_and_draws_seeds_for_all_together():
    generator = np.random.default_rng(2)
    sets, clusters = [], (np.arange(300), np.arange(300))
    for gain in (0.3, 0.0):
        base = [_hits(generator, 0.5) for _ in range(6)]
        better = [Hits(np.maximum(h.image, _hits(generator, gain).image), h.text) for h in base]
        sets.append(Compared(first=better, second=base, clusters=clusters))
    alone = [difference(one.first, one.second, clusters) for one in sets]
    both = mean_difference(sets)
    assert both.estimate == pytest.approx(np.mean([one.estimate for one in alone]))
    assert both.low > 0
    one = mean_difference(sets[:1])
    assert one.estimate == pytest.approx(alone[0].estimate)
    assert (one.low, one.high) == pytest.approx((alone[0].low, alone[0].high), abs=0.3)
    # A seed that is lucky everywhere is no evidence: it is drawn with its luck in every set at once.
    lucky = [Hits(np.full(300, 3 * (seed == 0), np.uint8), np.full(300, 0, np.uint8)) for seed in range(6)]
    plain = [Hits(np.zeros(300, np.uint8), np.zeros(300, np.uint8))] * 6
    wide = mean_difference([Compared(first=lucky, second=plain, clusters=clusters)] * 4)
    assert wide.low == 0


def test_a_difference_at_one_cut_off_is_that_of_its_recall():
    generator = np.random.default_rng(3)
    first, second = (
        [Hits(*(generator.integers(0, 4, 90).astype(np.uint8) for _ in range(2))) for _ in range(3)]
        for _ in range(2)
    )
    clusters = (np.arange(90), np.arange(90))
    for k in (1, 5, 10):
        found = mean_difference([Compared(first=first, second=second, clusters=clusters)], k=k)
        expected = np.mean(
            [np.mean(a.recall(k)) - np.mean(b.recall(k)) for a, b in zip(first, second, strict=True)]
        )
        assert found.estimate == pytest.approx(100 * expected)


def test_holm_is_at_least_the_plain_p_value_and_ordered():
    plain = {"a": 0.001, "b": 0.02, "c": 0.5, "d": 0.02}
    found = holm(plain)
    assert found == {"a": 0.004, "b": 0.06, "d": 0.06, "c": 0.5}
