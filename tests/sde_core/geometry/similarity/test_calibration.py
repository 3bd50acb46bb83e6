"""The null of a similarity: its level, its score, and what picking the best costs."""

import numpy as np
import pytest
import torch

from sde_core.errors import ConfigError, DataError
from sde_core.geometry.similarity.calibration import calibrated_similarity
from sde_core.geometry.similarity.measures import measure_names, similarity


def _gaussians(seed, *widths, n=24):
    numbers = torch.Generator().manual_seed(seed)
    return [torch.randn(n, d, generator=numbers) for d in widths]


@pytest.mark.parametrize("measure", measure_names())
def test_score_and_p_value_are_those_of_a_plain_loop(measure):
    x, y = _gaussians(0, 6, 9)
    y = y + x @ torch.ones(6, 9)
    found = calibrated_similarity(x, y, measure, n_permutations=39, seed=4)
    numbers = torch.Generator().manual_seed(4)
    null = [similarity(x, y[torch.randperm(24, generator=numbers)], measure) for _ in range(39)]
    value = similarity(x, y, measure)
    threshold = sorted([*null, value])[37]  # ceil(0.95 * 40) = 38th
    assert found.value == pytest.approx(value)
    assert found.p_value == (1 + sum(each >= value for each in null)) / 40
    assert found.threshold == pytest.approx(threshold)
    assert found.score == pytest.approx(max(0, (value - threshold) / (1 - threshold)))
    assert found.null_mean == pytest.approx(np.mean(null))


@pytest.mark.parametrize("width", [64, 512, 2048])
def test_unrelated_spaces_of_any_width_are_rejected_at_the_level(width):
    n_trials = 200
    found = [
        calibrated_similarity(
            *_gaussians(seed, width, width, n=16), "unbiased-cka", n_permutations=19, seed=seed
        )
        for seed in range(n_trials)
    ]
    rejected = sum(each.score > 0 for each in found)
    assert 1 <= rejected <= 21  # exact level 1 / 20: ten on average, 3.5 standard deviations of 3.1


def test_the_best_of_many_layers_is_tested_as_the_best():
    found = {True: 0, False: 0}
    for seed in range(60):
        x, *layers = _gaussians(seed, 8, *[8] * 10)
        best = max(layers, key=lambda y, x=x: similarity(x, y))
        found[True] += calibrated_similarity(x, layers, n_permutations=19, seed=seed).p_value <= 0.05
        found[False] += calibrated_similarity(x, best, n_permutations=19, seed=seed).p_value <= 0.05
    assert found[True] <= 9  # three of 60 on average
    assert found[False] > 15  # naive: about 40 % of 60


def test_the_place_of_the_best_is_named():
    x, y, z = _gaussians(0, 5, 5, 5)
    found = calibrated_similarity([y, x], [z, 2 * x], n_permutations=19)
    assert (found.place, found.value) == ((1, 1), pytest.approx(1))
    mean = calibrated_similarity([y, x], [z, 2 * x], n_permutations=19, aggregate="mean")
    assert mean.place is None
    assert mean.value < found.value


def test_bad_input_is_refused():
    x, y = _gaussians(0, 5, 5)
    for wrong, words in (
        ({"n_permutations": 0}, "n_permutations"),
        ({"alpha": 1.0}, "alpha must lie"),
        ({"aggregate": "median"}, "aggregate must be"),
    ):
        with pytest.raises(ConfigError, match=words):
            calibrated_similarity(x, y, **wrong)
    with pytest.raises(DataError, match="rows that vary"):
        calibrated_similarity(x, torch.ones(24, 3))
    with pytest.raises(DataError, match="at least one matrix"):
        calibrated_similarity([], y)


def test_where_every_shuffle_gives_the_same_value_nothing_is_said():
    x = np.random.default_rng(0).normal(size=(20, 40))  # all rows fill all directions: any order is as alike
    found = calibrated_similarity(x, x, "pwcca", n_permutations=39)
    assert found.value == pytest.approx(1.0)
    assert found.p_value == 1.0
