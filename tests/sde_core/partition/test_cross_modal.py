"""The rule that asks the pairs: what agrees, at which rate by chance."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError, DataError
from sde_core.partition import NOISE, STRONG
from sde_core.partition.cross_modal import CrossModalRule, discoveries, tail_shares


def agreeing(seed, pairs, n, correlations):
    """Return image and text whose first coordinates correlate as given; sizes keep directions apart."""
    r = np.random.default_rng(seed)
    image, own = r.standard_normal((2, pairs, n))
    rho = np.zeros(n)
    rho[: len(correlations)] = correlations
    text = rho * image + np.sqrt(1 - rho**2) * own
    sizes = 1.5 ** -np.arange(n)
    return image * sizes, text * sizes


def test_exactly_the_directions_that_agree_are_found_whatever_their_size():
    image, text = agreeing(0, 2000, 12, [0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.6, 0.0, -0.7, 0.0, 0.0, 0.4])
    spectrum = compute_spectrum(image)
    p = partition_spectrum(spectrum, CrossModalRule(q=0.01), paired=(image, text))
    found = [int(spectrum.basis[:, i].abs().argmax()) for i in (p.labels != NOISE).nonzero()[:, 0]]
    # Coordinate 8 opposes its pairs: no help to a similarity that adds up products.
    assert sorted(found) == [1, 6, 11]
    assert math.isnan(p.tau_strong)
    assert math.isnan(p.tau_noise)
    assert (
        f"2000 pairs are independent; nothing is assumed about the noise, and about 1.0 % of the {len(found)}"
        in p.note
    )


def test_strong_is_above_the_fence_of_the_correlations():
    image, text = agreeing(1, 3000, 40, [0.9, 0.85, *[0.2] * 12])
    spectrum = compute_spectrum(image)
    p = partition_spectrum(spectrum, "cross-modal", paired=(image, text))
    a, b = image @ spectrum.basis.numpy(), text @ spectrum.basis.numpy()
    rho = np.array([np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(40)])
    low, high = np.quantile(rho, [0.25, 0.75])
    assert (p.labels == STRONG).tolist() == (rho > high + 1.5 * (high - low)).tolist()
    assert (p.n_strong, p.n_weak >= 12) == (2, True)


def test_the_share_of_false_discoveries_stays_below_q():
    shares = []
    for seed in range(40):
        image, text = agreeing(seed, 300, 30, [0.6] * 6)
        spectrum = compute_spectrum(image)
        # Sizes differ enough that coordinate i is direction i up to small rotations: judge by the coordinate.
        p = partition_spectrum(spectrum, CrossModalRule(q=0.2), paired=(image, text), seed=seed)
        hits = (p.labels != NOISE).nonzero()[:, 0]
        truth = (spectrum.basis[:6].square().sum(dim=0) > 0.05)[hits]
        shares.append(float((~truth).sum()) / max(1, len(hits)))
    # Benjamini-Hochberg promises q times the share of true nulls, 0.16, on average.
    assert np.mean(shares) <= 0.2


@given(st.integers(0, 1000), st.integers(1, 40), st.floats(0.01, 0.9))
def test_discoveries_are_scipys(seed, count, q):
    r = np.random.default_rng(seed)
    shares = np.where(r.random(count) < 0.5, r.random(count), 1e-3 * r.random(count))
    expected = false_discovery_control(shares, method="bh") <= q
    assert discoveries(torch.from_numpy(shares), q=q).tolist() == expected.tolist()


def test_tail_shares_count_ties_and_never_reach_zero():
    null = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    found = tail_shares(torch.tensor([5.0, 3.0, 1.0, -1.0]).view(-1), null.repeat(1, 2))
    np.testing.assert_allclose(found, [1 / 9, 3 / 9, 7 / 9, 1.0], rtol=1e-12)


def test_every_kind_of_agreement_is_a_correlation_of_loops():
    image, text = agreeing(2, 50, 6, [0.8, 0.5])
    # Means that say nothing about agreement: both far from zero in every other coordinate.
    image[:, ::2] += 3
    text[:, ::2] -= 3
    spectrum = compute_spectrum(image)
    p = partition_spectrum(spectrum, "cross-modal", paired=(image, text), seed=3)
    basis = spectrum.basis.numpy()
    a, b = image @ basis, text @ basis

    def correlation(order):
        return [np.corrcoef(a[:, i], b[order, i])[0, 1] for i in range(6)]

    generator = torch.Generator().manual_seed(3)
    null = np.array([correlation(torch.randperm(50, generator=generator).numpy()) for _ in range(100)])
    observed = np.array(correlation(np.arange(50)))
    shares = [(1 + (null >= value).sum()) / (1 + null.size) for value in observed]
    expected = false_discovery_control(shares, method="bh") <= 0.05
    assert (p.labels != NOISE).tolist() == expected.tolist()


def test_a_side_that_does_not_vary_agrees_with_nothing():
    image, _ = agreeing(0, 100, 5, [])
    p = partition_spectrum(compute_spectrum(image), "cross-modal", paired=(image, np.full((100, 5), 0.1)))
    assert p.n_noise == 5


def test_the_seed_decides_and_pairs_may_be_another_set_than_the_rows():
    image, text = agreeing(0, 200, 8, [0.3] * 4)
    spectrum = compute_spectrum(agreeing(5, 90, 8, [])[0])
    one, same = (partition_spectrum(spectrum, "cross-modal", paired=(image, text), seed=1) for _ in range(2))
    assert one.labels.tolist() == same.labels.tolist()


def test_pairs_that_are_missing_few_or_do_not_fit_are_refused():
    image, text = agreeing(0, 100, 5, [])
    spectrum = compute_spectrum(image)
    with pytest.raises(
        DataError, match=r'rule "cross-modal" needs pairs; got none: pass paired=\(image, text\)'
    ):
        partition_spectrum(spectrum, "cross-modal")
    with pytest.raises(DataError, match="paired must have at least 8 rows; got 7"):
        partition_spectrum(spectrum, "cross-modal", paired=(image[:7], text[:7]))
    with pytest.raises(
        DataError, match=r"paired\[0\] and paired\[1\] must have one row per pair; got 100 and 99 rows"
    ):
        partition_spectrum(spectrum, "cross-modal", paired=(image, text[:99]))
    with pytest.raises(DataError, match=r"paired\[0\] must have 5 columns like the spectrum"):
        partition_spectrum(spectrum, "cross-modal", paired=(image[:, :4], text[:, :4]))
    broken = text.copy()
    broken[2, 1] = np.nan
    with pytest.raises(DataError, match=r"paired\[1\] must be finite; got nan at row 2, column 1"):
        partition_spectrum(spectrum, "cross-modal", paired=(image, broken))
    with pytest.raises(DataError, match=r"paired must be \(image, text\); got 3 entries"):
        partition_spectrum(spectrum, "cross-modal", paired=(image, text, text))


def test_parameters_outside_are_refused():
    for q in (0.0, -0.1, 1.0, 1.5, math.nan):
        with pytest.raises(ConfigError, match=rf"q must lie in \(0, 1\); got {q}"):
            CrossModalRule(q=q)
    assert CrossModalRule(q=0.05, n_permutations=20).n_permutations == 20
    with pytest.raises(ConfigError, match="n_permutations must be at least 1 / q = 100; got 99"):
        CrossModalRule(q=0.01, n_permutations=99)
