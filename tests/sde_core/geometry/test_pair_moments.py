import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.checks.sphere import unit_rows
from tests.sde_core.geometry.test_directions import SHAPES, drawn_rows


@given(SHAPES, st.integers(1, 12))
def test_parts_of_gap_and_cosine_add_up(shape, k):
    m, n, rank, seed = shape
    x, y = drawn_rows(m, n, rank, seed), drawn_rows(m, n, rank, seed + 100)
    spectrum = sde.compute_spectrum(torch.cat([x, y]), center=None)
    if spectrum.rank == 0:
        return
    parts = sde.pair_moments(unit_rows(x, "x", torch.float64), unit_rows(y, "y", torch.float64)).shares(
        spectrum.basis[:, :k]
    )
    whole = sde.alignment_metrics(x, y)
    assert float(parts.gap.sum()) + parts.gap_outside == pytest.approx(whole["modality_gap"] ** 2, abs=1e-12)
    assert float(parts.cosine.sum()) + parts.cosine_outside == pytest.approx(
        whole["paired_cosine"], abs=1e-12
    )
    assert parts.gap_outside >= -1e-12
    if k >= spectrum.rank:  # both modalities lie in the span of their joint spectrum
        assert parts.gap_outside == pytest.approx(0, abs=1e-9)
        assert parts.cosine_outside == pytest.approx(0, abs=1e-9)


@given(SHAPES, st.integers(1, 12))
def test_moments_give_the_correlations_of_thedrawn_rows(shape, k):
    m, n, rank, seed = shape
    x, y = (
        drawn_rows(m, n, rank, seed),
        drawn_rows(m, n, rank, seed + 100) + 0.5 * drawn_rows(m, n, rank, seed),
    )
    basis, other = (torch.randn(n, k, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    moments = sde.pair_moments(x, y)
    expected = sde.direction_correlations(x, y, basis)
    # Of a variance that is a share of 1e-12 of the size the moments keep 4 of 16 digits.
    torch.testing.assert_close(moments.correlations(basis), expected, rtol=0, atol=1e-4, equal_nan=True)
    apart = [
        np.corrcoef(x.double() @ v, y.double() @ w)[0, 1]
        for v, w in zip(basis.T.double(), other.T.double(), strict=True)
    ]
    torch.testing.assert_close(moments.correlations(basis, other), torch.tensor(apart), rtol=0, atol=1e-4)


def test_the_gap_lies_where_it_was_planted():
    generator = torch.Generator().manual_seed(0)
    x, y = (0.1 * torch.randn(500, 6, generator=generator) for _ in range(2))
    x[:, 2] += 1
    y[:, 2] -= 1
    parts = sde.pair_moments(unit_rows(x, "x", torch.float64), unit_rows(y, "y", torch.float64)).shares(
        torch.eye(6)
    )
    assert float(parts.gap[2] / parts.gap.sum()) > 0.99
    assert float(parts.cosine[2]) < -0.9


def test_pairs_that_agree_beat_every_shuffle_and_others_do_not():
    generator = torch.Generator().manual_seed(0)
    a, noise = torch.randn(400, generator=generator), torch.randn(400, generator=generator)
    agree = sde.correlation_test(a, a + noise, n_permutations=99)
    assert agree.correlation == pytest.approx(float(np.corrcoef(a, a + noise)[0, 1]), abs=1e-12)
    assert agree.p_value == pytest.approx(1 / 100)
    assert len(agree.null) == 99
    assert float(agree.null.abs().max()) < 0.25  # 5 standard deviations of 1 / sqrt(399)
    # One-sided: pairs that oppose each other are no help.
    assert sde.correlation_test(a, -a, n_permutations=99).p_value == 1.0
    assert 0.05 < sde.correlation_test(a, noise, n_permutations=99).p_value < 0.95


def test_the_null_has_the_variance_of_shuffled_pairs_and_its_seed():
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(50, generator=generator).exp() for _ in range(2))
    found = sde.correlation_test(a, b, n_permutations=2000, seed=3)
    # Var = 1 / (m - 1) exactly; its estimate from 2,000 shuffles is good to 1 / sqrt(1000) at one sigma.
    assert float(found.null.var()) == pytest.approx(1 / 49, rel=0.15)
    again = sde.correlation_test(a, b, n_permutations=2000, seed=3)
    torch.testing.assert_close(found.null, again.null, rtol=0, atol=0)
    assert not torch.equal(found.null, sde.correlation_test(a, b, n_permutations=2000, seed=4).null)


def test_a_side_that_does_not_vary_has_no_correlation():
    found = sde.correlation_test(torch.ones(9), torch.arange(9.0))
    assert math.isnan(found.correlation)
    assert found.p_value == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sde.pair_moments(torch.ones(3, 2), torch.ones(4, 2)), "one row per pair"),
        (lambda: sde.correlation_test(torch.ones(3), torch.ones(4)), "one entry per pair"),
        (lambda: sde.correlation_test(torch.ones(3), torch.ones(3), n_permutations=0), "n_permutations must"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(sde.SDEError, match=message):
        call()


def test_one_shuffle_is_a_null_too():
    found = sde.correlation_test(torch.arange(9.0), torch.arange(9.0) ** 2, n_permutations=1)
    assert found.null.shape == (1,)
    assert found.p_value in (0.5, 1.0)
