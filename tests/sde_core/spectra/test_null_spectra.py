import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sde_core import (
    ConfigError,
    DataError,
    compute_cross_spectrum,
    compute_joint_spectrum,
    compute_spectrum,
    resampled_spectra,
    shuffled_column_spectra,
    shuffled_pair_spectra,
)
from sde_core.spectra import null_spectra as module

# Gram routes carry half of the digits: eigenvalues are right to eps ||F||^2, values above 1e-6 s_1 to far better.
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def _pairs(m=60, n=8, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(m, 3)) @ rng.normal(size=(3, n)) * 2
    return shared + rng.normal(size=(m, n)) + 1.0, shared + rng.normal(size=(m, n)) - 0.5


@given(m=st.integers(1, 12), n=st.integers(1, 7), seed=st.integers(0, 9))
def test_shuffled_columns_keep_the_energy_and_the_values_of_each_column(m, n, seed):
    x = np.random.default_rng(seed).normal(size=(m, n)) + 3
    for values in shuffled_column_spectra(x, n_shuffles=2, seed=seed):
        assert values.shape == (min(m, n),)
        assert (values.diff() <= 1e-12).all()
        centred = x - x.mean(axis=0)
        np.testing.assert_allclose(float(values.square().sum()), (centred**2).sum(), **CLOSE)


def test_one_column_has_nothing_to_share():
    x = torch.arange(9.0)[:, None]
    (values,) = shuffled_column_spectra(x, n_shuffles=1)
    torch.testing.assert_close(values, compute_spectrum(x).singular_values)


@pytest.mark.parametrize(("m", "n"), [(5000, 12), (300, 40), (20, 30)])
def test_shuffled_columns_of_float32_are_those_of_float64(m, n):
    x = (np.random.default_rng(0).normal(size=(m, n)) * np.geomspace(1, 0.05, n) + 2).astype(np.float32)
    once, twice = (
        torch.stack(list(shuffled_column_spectra(y, n_shuffles=2))) for y in (x, x.astype(np.float64))
    )
    assert once.dtype == torch.float64
    # Rounding of a product of float32 and of the centred entries, beside the largest value.
    torch.testing.assert_close(once, twice, rtol=0, atol=1e-6 * float(twice.max()))


def test_shuffled_columns_lose_what_they_share():
    x = _pairs(m=500)[0]
    found = compute_spectrum(x).singular_values
    null = torch.stack(list(shuffled_column_spectra(x, n_shuffles=5)))
    assert float(found[0]) > 1.2 * float(null.max())
    assert float(found[-1]) < 0.9 * float(null.min())


def test_shuffled_pairs_are_the_cross_spectrum_of_permuted_rows():
    image, text = _pairs()
    order = torch.randperm(60, generator=torch.Generator().manual_seed(4)).numpy()
    (values,) = shuffled_pair_spectra(image, text, n_shuffles=1, seed=4)
    np.testing.assert_allclose(
        values, compute_cross_spectrum(image, text[order]).singular_values.numpy(), **CLOSE
    )


def test_only_the_cross_spectrum_knows_the_pairs():
    image, text = _pairs(m=400)
    order = np.random.default_rng(1).permutation(400)
    torch.testing.assert_close(
        compute_joint_spectrum(image, text).singular_values,
        compute_joint_spectrum(image, text[order]).singular_values,
    )
    cross = compute_cross_spectrum(image, text).singular_values
    null = torch.stack(list(shuffled_pair_spectra(image, text, n_shuffles=19)))
    assert (cross[:3] > null.max(dim=0).values[:3]).all()
    unpaired = compute_cross_spectrum(image, text[order]).singular_values
    assert float(unpaired[0]) < 2 * float(null.max())


@pytest.mark.parametrize("center", ["mean", None])
@pytest.mark.parametrize("kind", ["one", "joint", "cross"])
def test_each_group_drawn_once_is_the_spectrum_itself(monkeypatch, center, kind):
    image, text = _pairs()
    monkeypatch.setattr(torch, "randint", lambda high, size, generator: torch.arange(high))
    sides = (image,) if kind == "one" else (image, text)
    (values,) = resampled_spectra(*sides, center=center, cross=kind == "cross", n_resamples=1)
    whole = {
        "one": lambda: compute_spectrum(image, center=center),
        "joint": lambda: compute_joint_spectrum(image, text, center=center),
        "cross": lambda: compute_cross_spectrum(image, text, center=center),
    }[kind]()
    np.testing.assert_allclose(values, whole.singular_values.numpy(), rtol=1e-7)


def test_few_groups_give_the_spread_of_all_rows(monkeypatch):
    """300 rows in 300 groups or in 40: the same spread of s_1, within the error of 400 draws and 40 groups."""
    x = _pairs(m=300)[0]
    monkeypatch.setattr(module, "_MOST_GROUPS", 300)
    each = torch.stack(list(resampled_spectra(x, n_resamples=400)))[:, 0]
    monkeypatch.setattr(module, "_GROUP_ENTRIES", 40 * 64)
    few = torch.stack(list(resampled_spectra(x, n_resamples=400)))[:, 0]
    # The spread of a spread from g groups is 1 / sqrt(2 g): 11 % for 40.
    assert float(few.std() / each.std()) == pytest.approx(1, abs=0.35)


def test_the_bootstrap_spread_is_that_of_new_samples():
    rng = np.random.default_rng(0)
    scale = np.array([4.0, 2.0, 1.0, 1.0])
    fresh = torch.stack(
        [compute_spectrum(rng.normal(size=(400, 4)) * scale).singular_values for _ in range(200)]
    )
    again = torch.stack(list(resampled_spectra(rng.normal(size=(400, 4)) * scale, n_resamples=300)))
    # 200 draws know a spread to 5 %, and one sample's own spread varies by about 10 %.
    assert float(again[:, 0].std() / fresh[:, 0].std()) == pytest.approx(1, abs=0.35)


def test_a_seed_repeats_and_another_does_not():
    image, text = _pairs()
    for make in (
        lambda seed: shuffled_column_spectra(image, n_shuffles=1, seed=seed),
        lambda seed: shuffled_pair_spectra(image, text, n_shuffles=1, seed=seed),
        lambda seed: resampled_spectra(image, n_resamples=1, seed=seed),
    ):
        one, same, other = (next(make(seed)) for seed in (0, 0, 1))
        torch.testing.assert_close(one, same, rtol=0, atol=0)
        assert not torch.equal(one, other)


def test_bad_input_is_one_sentence():
    x = np.zeros((4, 3))
    with pytest.raises(ConfigError, match="n_shuffles must be at least 1; got 0"):
        next(shuffled_column_spectra(x, n_shuffles=0))
    with pytest.raises(ConfigError, match="sides must be two matrices; got 1"):
        next(resampled_spectra(x, cross=True))
    with pytest.raises(DataError, match="one row per pair"):
        next(shuffled_pair_spectra(x, x[:2]))
    with pytest.raises(DataError, match="finite"):
        next(resampled_spectra(x * np.nan))
    for values in (*shuffled_column_spectra(x[:1], n_shuffles=1), *resampled_spectra(x, n_resamples=1)):
        assert float(values.abs().max()) == 0.0
