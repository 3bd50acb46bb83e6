"""Agreement of all layers of two models: equal to the similarity of every two, and calibrated like the best of all."""

import pytest
import torch

from sde_core.errors import ConfigError, DataError
from sde_core.geometry.similarity.calibration import calibrated_similarity
from sde_core.geometry.similarity.layers import layer_agreement
from sde_core.geometry.similarity.measures import similarity


def _layers(seed, n=24):
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=numbers)
    noise = [torch.randn(n, 6, generator=numbers) for _ in range(3)]
    return [noise[0] + 5, x + noise[0], x.flip(1)], [noise[1], 3 * x + 2 * noise[2]]


def test_every_value_is_the_unbiased_cka_of_the_two_and_the_best_is_calibrated_as_the_best():
    first, second = _layers(0)
    found = layer_agreement(first, second, n_permutations=39, seed=3)
    direct = torch.tensor([[similarity(a, b) for b in second] for a in first], dtype=torch.float64)
    torch.testing.assert_close(found.values, direct, rtol=1e-10, atol=1e-12)
    whole = calibrated_similarity(first, second, n_permutations=39, seed=3)
    assert found.best == whole.place == (2, 1)
    assert found.threshold == pytest.approx(whole.threshold)
    assert float(found.scores[2, 1]) == pytest.approx(whole.score)
    assert float(found.p_values[2, 1]) == pytest.approx(whole.p_value)


def test_the_null_of_every_two_layers_is_a_plain_loop_over_shuffles():
    first, second = _layers(1)
    found = layer_agreement(first, second, n_permutations=19, seed=5)
    numbers = torch.Generator().manual_seed(5)
    orders = [torch.randperm(24, generator=numbers) for _ in range(19)]
    null = torch.tensor([[[similarity(a, b[o]) for b in second] for a in first] for o in orders]).double()
    torch.testing.assert_close(found.null_mean, null.mean(0), rtol=1e-6, atol=1e-7)
    best = null.amax((1, 2))
    expected = (1 + (best[:, None, None] >= found.values).sum(0)) / 20
    torch.testing.assert_close(found.p_values, expected.double())


def test_kernels_in_blocks_are_kernels_at_once(monkeypatch):
    first, second = _layers(2)
    whole = layer_agreement(first, second, n_permutations=9)
    monkeypatch.setattr("sde_core.geometry.similarity.layers._BLOCK", 2 * 24 * 5)  # 5 rows, the last block 4
    parts = layer_agreement(first, second, n_permutations=9)
    torch.testing.assert_close(parts.null_mean, whole.null_mean)
    assert parts.threshold == pytest.approx(whole.threshold)


def test_a_layer_that_does_not_vary_says_nothing_and_the_others_do():
    first, second = _layers(0)
    found = layer_agreement([torch.full((24, 3), 0.1), *first], second, n_permutations=9)
    assert bool(found.values[0].isnan().all())
    assert bool(found.p_values[0].isnan().all())
    torch.testing.assert_close(found.values[1:], layer_agreement(first, second, n_permutations=9).values)


def test_bad_input_is_refused():
    first, second = _layers(0)
    for wrong, words in (({"n_permutations": 0}, "n_permutations"), ({"alpha": 0.0}, "alpha must lie")):
        with pytest.raises(ConfigError, match=words):
            layer_agreement(first, second, **wrong)
    with pytest.raises(DataError, match="at least one layer"):
        layer_agreement([], second)
    with pytest.raises(DataError, match="rows vary"):
        layer_agreement([torch.ones(24, 2)], second)
    with pytest.raises(DataError, match="rows"):
        layer_agreement([first[0][:9]], second)
