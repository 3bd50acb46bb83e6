"""Bootstrap intervals: coverage by simulation, pairing, groups, closed forms, bad input."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import sde_core as sde
from sde_core.retrieval import bootstrap
from sde_core.retrieval.medians import MedianPlaces
from sde_core.retrieval.places import FirstPlaces

CHECK = settings(deadline=None, derandomize=True, max_examples=25)
QUICK = sde.Resampling(n_resamples=400)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def noisy_ranks(noise, n=120, seed=0):
    image = normal(n, 8)
    text = image + noise * normal(n, 8, seed=seed + 1)
    return sde.retrieval_ranks(image, text, torch.arange(n))


def covered(truth, draw, n_runs=400):
    """Share of runs whose interval holds the truth."""
    hits = 0
    for seed in range(n_runs):
        values, groups = draw(np.random.default_rng(seed))
        found = sde.bootstrap_mean(values, groups=groups, resampling=QUICK)
        hits += found.low <= truth <= found.high
    return hits / n_runs


# Standard error of a share of 0.95 over 400 runs is 0.011; percentile intervals fall short by 1/n or so.
def test_intervals_hold_the_truth_as_often_as_they_say():
    assert 0.91 <= covered(0.3, lambda rng: (rng.random(150) < 0.3, None)) <= 0.98


def test_dependent_queries_need_groups():
    def draw(rng, grouped):
        return np.repeat(rng.normal(size=60), 5), np.repeat(np.arange(60), 5) if grouped else None

    assert 0.91 <= covered(0.0, lambda rng: draw(rng, True)) <= 0.98
    assert covered(0.0, lambda rng: draw(rng, False)) < 0.8


def test_interval_of_a_mean_is_close_to_the_normal_one():
    values = normal(400)
    found = sde.bootstrap_mean(values, resampling=sde.Resampling(n_resamples=20_000))
    half = 1.96 * float(values.std()) / math.sqrt(400)
    assert found.estimate == pytest.approx(float(values.mean()))
    # 20,000 draws give the 2.5 % quantile to about 2 % of the standard error.
    assert found.low == pytest.approx(found.estimate - half, abs=0.06 * half)
    assert found.high == pytest.approx(found.estimate + half, abs=0.06 * half)


@CHECK
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.floats(-5, 5), st.floats(0.1, 5))
def test_intervals_move_and_stretch_with_the_values(values, shift, scale):
    first = sde.bootstrap_mean(values, resampling=QUICK)
    second = sde.bootstrap_mean(np.array(values) * scale + shift, resampling=QUICK)
    for end in ("estimate", "low", "high"):
        assert getattr(second, end) == pytest.approx(getattr(first, end) * scale + shift, abs=1e-9)
    assert min(values) - 1e-12 <= first.low <= first.high <= max(values) + 1e-12


def test_the_seed_decides_and_a_higher_level_is_wider():
    values = normal(50)
    assert sde.bootstrap_mean(values) == sde.bootstrap_mean(values, resampling=sde.Resampling(seed=0))
    assert sde.bootstrap_mean(values) != sde.bootstrap_mean(values, resampling=sde.Resampling(seed=1))
    narrow, wide = (sde.bootstrap_mean(values, resampling=sde.Resampling(level=x)) for x in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_groups_of_unequal_size_weigh_by_their_queries():
    found = sde.bootstrap_mean(np.ones(10), groups=[0] * 7 + [1, 2, 2])
    assert (found.low, found.high) == (1, 1)


def test_groups_of_one_are_single_queries():
    values = normal(40)
    assert sde.bootstrap_mean(values, groups=range(40)) == sde.bootstrap_mean(values)


def test_retrieval_intervals_surround_the_metrics():
    ranks = noisy_ranks(1.0)
    metrics = sde.metrics_from_ranks(ranks)
    intervals = sde.retrieval_intervals(ranks)
    assert set(intervals) == {name for name in metrics if not name.endswith(("queries", "excluded"))}
    for name, interval in intervals.items():
        assert interval.estimate == pytest.approx(metrics[name], rel=1e-12)
        assert interval.low <= interval.estimate <= interval.high


def test_linked_queries_are_drawn_together():
    # Five equal captions an image: the text queries carry the information of 40 images, not of 200 texts.
    image, noisy = normal(40, 6), normal(40, 6) + normal(40, 6, seed=1)
    links = torch.arange(200) // 5
    ranks = sde.retrieval_ranks(image, noisy[links], links)
    grouped = sde.retrieval_intervals(ranks)["image_retrieval_recall@5"]
    values = sde.query_values(ranks.image_retrieval)["recall@5"]
    single = sde.bootstrap_mean(values)
    ratio = (grouped.high - grouped.low) / (single.high - single.low)
    assert ratio == pytest.approx(math.sqrt(5), rel=0.15)


def test_paired_differences():
    worse, better = noisy_ranks(1.2), noisy_ranks(0.9)
    found = sde.retrieval_differences(worse, better)
    before, after = sde.metrics_from_ranks(worse), sde.metrics_from_ranks(better)
    apart = sde.retrieval_intervals(worse), sde.retrieval_intervals(better)
    for name, interval in found.items():
        assert interval.estimate == pytest.approx(after[name] - before[name], abs=1e-12)
    name = "image_retrieval_mrr"
    unpaired = math.hypot(*(each[name].high - each[name].low for each in apart))
    assert found[name].high - found[name].low < 0.8 * unpaired
    assert found[name].excludes_zero
    assert not any(x.excludes_zero for x in sde.retrieval_differences(worse, worse).values())


def test_difference_of_medians_draws_the_same_queries():
    worse, better = noisy_ranks(1.2), noisy_ranks(0.9)
    found = sde.retrieval_differences(worse, better, resampling=QUICK)["text_retrieval_median_rank"]
    ranks = [each.text_retrieval.best_rank.numpy() for each in (worse, better)]
    drawn = torch.randint(120, (400, 120), generator=torch.Generator().manual_seed(0)).numpy()
    expected = np.median(ranks[1][drawn], axis=1) - np.median(ranks[0][drawn], axis=1)
    np.testing.assert_allclose([found.low, found.high], np.quantile(expected, [0.025, 0.975]), rtol=1e-12)


def test_without_medians_every_other_metric_is_the_same():
    ranks = noisy_ranks(1.0)
    whole = bootstrap.drawn_metrics(ranks, resampling=QUICK).values
    found = bootstrap.drawn_metrics(ranks, resampling=QUICK, with_medians=False).values
    assert set(whole) - set(found) == {"image_retrieval_median_rank", "text_retrieval_median_rank"}
    for name, values in found.items():
        torch.testing.assert_close(values, whole[name], rtol=0, atol=0)


@st.composite
def drawn_places(draw):
    """Places with ties of one right item, and how often each query was drawn."""
    count = st.integers(0, 4)
    rows = draw(st.lists(st.tuples(count, count, st.integers(0, 3)), min_size=1, max_size=12))
    above, tied, times = (torch.tensor(column) for column in zip(*rows, strict=True))
    times[0] += 1
    return above, tied, times


@CHECK
@given(drawn_places())
def test_the_median_is_that_of_all_draws_and_all_orders_of_the_ties(drawn):
    above, tied, times = drawn
    places = FirstPlaces(above=above, tied_wrong=tied, tied_right=torch.ones_like(above))
    everyone = []  # sixty orders each: a tie of up to five items takes each of its places equally often
    for a, t, n in zip(above.tolist(), tied.tolist(), times.tolist(), strict=True):
        everyone += [a + 1 + place for place in range(t + 1) for _ in range(n * 60 // (t + 1))]
    search = MedianPlaces(places, torch.arange(len(above)), len(above))
    weights = torch.stack([times, torch.zeros_like(times)]).double()
    weights[1, 0] = 1  # a draw far from the others is outside of the window that is searched first
    found = search.of(weights).tolist()
    assert found[0] == np.median(everyone)
    assert found[1] == above[0] + 1 + float(tied[0]) / 2


@pytest.mark.parametrize("n_items", [1, 7, 300])
def test_a_collapsed_encoder_has_no_spread_but_is_at_chance(n_items):
    ranks = sde.retrieval_ranks(torch.ones(n_items, 3), torch.ones(n_items, 3), torch.arange(n_items))
    found = sde.retrieval_intervals(ranks, ks=(2,), resampling=QUICK)
    for name, value in (("recall@2", min(1, 2 / n_items)), ("median_rank", (n_items + 1) / 2)):
        interval = found[f"image_retrieval_{name}"]
        assert (interval.low, interval.estimate, interval.high) == pytest.approx((value,) * 3, rel=1e-9)


def test_queries_without_a_right_answer_stay_out():
    ranks = sde.retrieval_ranks(torch.eye(4), torch.eye(4)[:2], [0, 1])
    found = sde.retrieval_intervals(ranks, ks=(1,))["text_retrieval_recall@1"]
    assert (found.estimate, found.low, found.high) == (1, 1, 1)


def test_blocks_of_draws_have_the_same_mean(monkeypatch):
    values = normal(50)
    whole = sde.bootstrap_mean(values)
    monkeypatch.setattr(bootstrap, "_BLOCK_ENTRIES", 50 * 7)
    blocks = sde.bootstrap_mean(values)
    assert (blocks.low, blocks.high) == pytest.approx((whole.low, whole.high), rel=0.1, abs=0.02)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.bootstrap_mean([[1.0]]), "values must be a vector"),
        (lambda: sde.bootstrap_mean([]), "at least one"),
        (lambda: sde.bootstrap_mean([math.nan]), "finite"),
        (lambda: sde.bootstrap_mean([1.0, 2.0], groups=[0]), "groups must hold 2"),
        (lambda: sde.bootstrap_mean([1.0], groups=[0.5]), "whole numbers"),
        (lambda: sde.Resampling(level=1.0), r"\(0, 1\)"),
        (lambda: sde.Resampling(level=math.nan), r"\(0, 1\)"),
        (lambda: sde.Resampling(n_resamples=0), "at least 1"),
        (lambda: sde.retrieval_intervals(noisy_ranks(1.0), ks=()), "ks"),
        (lambda: sde.retrieval_differences(noisy_ranks(1.0), noisy_ranks(1.0, n=9)), "same queries"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()
