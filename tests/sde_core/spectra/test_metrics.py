"""Spectrum, alignment and geometry metrics: closed forms, independent references, laws, edge cases."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.spectra.metrics import alpha_req, isoscore, participation_ratio, stable_rank
from tests.sde_core.spectra.pairs import CHECK, normal, rotation

spectra = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12)


def test_printed_values_of_the_table():
    s = [4, 2, 1, 1]
    p = np.array(s) / 8
    assert sde.effective_rank(s) == pytest.approx(3.363586, abs=5e-7)
    assert sde.effective_rank(s) == pytest.approx(math.exp(-(p * np.log(p)).sum()), rel=1e-12)
    assert sde.effective_rank(s, on="energies") == pytest.approx(2.276322, abs=5e-7)
    assert stable_rank(s) == 1.375
    assert participation_ratio(s) == pytest.approx(242 / 137, rel=1e-12)  # 1.766423
    assert isoscore(s) == pytest.approx(35 / 137, rel=1e-12)  # 0.2554745
    assert sde.hellinger_distance(s, [3, 3, 1, 1]) == pytest.approx(0.103928, abs=5e-7)
    assert sde.hellinger_distance(s, [3, 3, 1, 1], on="energies") == pytest.approx(0.215725, abs=5e-7)
    assert alpha_req(1 / np.sqrt(np.arange(1, 400))) == pytest.approx(1.0, rel=1e-10)
    assert alpha_req(np.arange(1, 400.0) ** -1.5) == pytest.approx(3.0, rel=1e-10)


def test_isoscore_is_the_published_algorithm():
    # Rudman et al. 2022, steps 3 to 7, on the variances along the principal directions.
    s = np.array([5.0, 3.0, 2.0, 0.5])
    d, variances = 6, np.array([*s**2, 0, 0])
    normalised = variances * math.sqrt(d) / np.linalg.norm(variances)
    defect = np.linalg.norm(normalised - 1) / math.sqrt(2 * (d - math.sqrt(d)))
    used = (d - defect**2 * (d - math.sqrt(d))) ** 2 / d**2
    assert isoscore(s, d) == pytest.approx((d * used - 1) / (d - 1), rel=1e-12)


@CHECK
@given(spectra, st.floats(1e-150, 1e150))
def test_spectrum_metrics_ignore_scale_and_order_and_stay_in_range(values, scale):
    s = torch.tensor(values, dtype=torch.float64)
    for metric in (sde.effective_rank, stable_rank, participation_ratio):
        value = metric(s)
        assert 1 - 1e-12 <= value <= len(s) * (1 + 1e-12)
        assert metric(s.flip(0) * scale) == pytest.approx(value, rel=1e-9)
    assert participation_ratio(s) <= sde.effective_rank(s, on="energies") * (1 + 1e-12)  # Renyi 2 <= 1
    assert sde.effective_rank(s, on="energies") <= sde.effective_rank(s) * (1 + 1e-12)
    if len(s) > 1:
        assert alpha_req(s.flip(0) * scale) == pytest.approx(alpha_req(s), rel=1e-6, abs=1e-6)
        assert -1e-12 <= isoscore(s) <= 1 + 1e-12


@CHECK
@given(st.integers(1, 9))
def test_equal_values_use_all_directions(r):
    s = torch.full((r,), 3.0)
    expected = [r, r, r, r]
    found = [
        sde.effective_rank(s),
        sde.effective_rank(s, on="energies"),
        stable_rank(s),
        participation_ratio(s),
    ]
    assert found == pytest.approx(expected, rel=1e-12)
    assert r == 1 or isoscore(s) == pytest.approx(1)
    assert r == 1 or alpha_req(s) == pytest.approx(0)


@CHECK
@given(spectra, spectra, spectra)
def test_hellinger_is_a_metric(a, b, c):
    ab, bc, ac = (sde.hellinger_distance(*two) for two in ((a, b), (b, c), (a, c)))
    assert sde.hellinger_distance(b, a) == pytest.approx(ab, abs=1e-12)
    assert sde.hellinger_distance(a, np.array(a) * 7) == pytest.approx(0, abs=1e-7)
    assert 0 <= ac <= 1
    assert ac <= ab + bc + 1e-12


def test_hellinger_fills_the_shorter_spectrum_with_zeros():
    assert sde.hellinger_distance([1], [1, 1]) == pytest.approx(math.sqrt(1 - math.sqrt(0.5)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize(("m", "n"), [(40, 7), (7, 40), (1, 5), (5, 1)])
def test_spectrum_metrics_of_any_shape(m, n, dtype):
    spectrum = sde.compute_spectrum(normal(m, n).to(dtype), center=None)
    found = sde.spectrum_metrics(spectrum)
    turned = sde.spectrum_metrics(
        sde.compute_spectrum(normal(m, n).to(dtype).double() @ rotation(n) * 3, center=None)
    )
    assert list(found) == list(turned)
    np.testing.assert_allclose(list(found.values()), list(turned.values()), rtol=1e-9, atol=1e-9)
    assert 1 <= found["participation_ratio"] <= found["rank"] == min(m, n)


def test_a_spectrum_without_directions_has_zero_counts_and_no_ratios():
    found = sde.spectrum_metrics(sde.compute_spectrum(torch.zeros(6, 3)))
    zero = ("rank", "effective_rank", "effective_rank_energy", "stable_rank", "participation_ratio")
    assert [found[name] for name in zero] == [0] * 5
    assert math.isnan(found["isoscore"])
    assert math.isnan(found["alpha_req"])


def test_rank_one_uses_one_direction():
    found = sde.spectrum_metrics(sde.compute_spectrum(torch.outer(normal(9), normal(4)), center=None))
    assert found["effective_rank"] == pytest.approx(1)
    assert found["isoscore"] == pytest.approx(0)
    assert math.isnan(found["alpha_req"])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.effective_rank([[1.0]]), "vector"),
        (lambda: sde.effective_rank([1.0, -1.0]), "at least 0; got -1"),
        (lambda: sde.effective_rank([1.0, math.nan]), "finite"),
        (lambda: sde.effective_rank([1.0], on="both"), "'both'"),
        (lambda: isoscore([1.0, 1.0], 1), "at least 2"),
        (lambda: sde.hellinger_distance([0.0], [1.0]), "zeros"),
    ],
)
def test_bad_spectra_are_refused(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.alignment_metrics(torch.eye(3), torch.eye(2)), "one row per pair"),
        (lambda: sde.alignment_metrics(torch.eye(2), torch.eye(3)[:2]), "same width"),
        (lambda: sde.alignment_metrics(torch.zeros(2, 2), torch.eye(2)), "zeros; got one at row 0"),
        (lambda: sde.uniformity(torch.eye(3), sample=1), "at least 2"),
        (lambda: sde.direction_correlations(torch.eye(3), torch.eye(3), torch.eye(2)), "3 rows"),
        (lambda: sde.subspace_overlap(torch.eye(3), 2 * torch.eye(3)), "second must have orthonormal"),
        (lambda: sde.subspace_overlap(torch.eye(3), torch.eye(2)), "number of rows"),
        (lambda: sde.neighbourhood_overlap([[0.5]], [[1]]), "first must be a table .* of whole numbers"),
        (lambda: sde.neighbourhood_overlap([[1, 2]], [[1]]), "the same shape"),
        (
            lambda: sde.neighbourhood_overlap([[1, 2]], [[3, 3]]),
            "second must name each neighbour once; row 0",
        ),
        (lambda: sde.k_occurrence(torch.eye(3), torch.eye(3), k=4), r"\[1, 3\]"),
        (lambda: sde.k_occurrence(torch.eye(3), torch.eye(3), direction="up", k=1), "'up'"),
        (lambda: sde.k_occurrence(torch.eye(3), torch.eye(2), k=1), "same width"),
        (lambda: sde.hubness([[1]]), "vector"),
        (lambda: sde.two_nn_dimension(torch.eye(3), points=2), "at least 3"),
        (lambda: sde.two_nn_dimension(torch.eye(3), discard=1.0), r"\[0, 1\)"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()
