"""A look against independent references and closed forms."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch.nn.functional import normalize

import sde_core as sde
from sde_core.training.monitoring.measurement import measured_look


def _rows(seed, m=300, d=12, shift=0.0):
    drawn = torch.randn(m, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return drawn * torch.linspace(3, 0.2, d) + shift


def test_the_parts_of_the_gap_add_up_to_the_frechet_distance():
    image, text = _rows(0, shift=0.5), _rows(1, shift=-0.2)
    look = measured_look(1, image, text)
    a, b = (normalize(rows, dim=1).numpy() for rows in (image, text))
    covariances = [np.cov(rows.T, bias=True) for rows in (a, b)]
    root = scipy.linalg.sqrtm(covariances[0])
    cross = scipy.linalg.sqrtm(root @ covariances[1] @ root)
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    whole = apart + np.trace(covariances[0] + covariances[1] - 2 * cross.real)
    # float32 rows in the spectra
    assert look.gap + look.gap_trace + look.gap_shape == pytest.approx(whole, rel=1e-5)
    assert look.gap == pytest.approx(apart, rel=1e-9)


def test_a_rotated_copy_has_its_gap_in_shape_and_means_only():
    image = _rows(2)
    turn = torch.linalg.qr(
        torch.randn(12, 12, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    ).Q
    look = measured_look(1, image, image @ turn)
    assert look.gap_trace == pytest.approx(0, abs=1e-6)
    assert look.gap_shape > 0.05
    assert measured_look(1, image, image).gap_shape == pytest.approx(0, abs=1e-6)


def test_the_spectrum_is_that_of_the_unit_rows():
    image, text = _rows(3), _rows(4)
    look = measured_look(7, 5 * image, text)
    rows = normalize(image, dim=1)
    spectrum = sde.compute_spectrum(rows)
    np.testing.assert_allclose(look.image.values, spectrum.singular_values / math.sqrt(300), rtol=1e-5)
    assert look.image.effective_rank == pytest.approx(sde.effective_rank(spectrum.singular_values), rel=1e-5)
    uncentred = sde.compute_spectrum(rows, center=None).singular_values
    assert look.image.rankme == pytest.approx(sde.effective_rank(uncentred), rel=1e-6)
    assert look.image.norm == pytest.approx(float((5 * image).norm(dim=1).mean()), rel=1e-9)
    partition = sde.partition_spectrum(spectrum, "mp-iqr")
    assert look.image.counts == {
        "strong": partition.n_strong, "weak": partition.n_weak, "noise": partition.n_noise
    }  # fmt: skip
    assert sum(look.image.energy_shares().values()) == pytest.approx(1)


def test_agreement_is_one_for_equal_sides_and_nan_for_other_widths():
    image = _rows(5)
    np.testing.assert_allclose(measured_look(1, image, image).image.agreement, 1, atol=1e-6)
    other = measured_look(1, image, _rows(6, d=9))
    assert np.isnan(other.image.agreement).all()
    assert math.isnan(other.gap)
    assert math.isnan(other.recall_image)
    assert len(other.cross) == 9


@pytest.mark.parametrize("m", [300, 9])  # more rows than columns, and fewer
def test_agreement_and_cross_spectrum_are_those_of_the_rows(m):
    image = _rows(5, m=m, shift=0.3)
    text = image + _rows(6, m=m)
    text[:, 0] = 0  # a coordinate that does not vary
    look = measured_look(1, image, text)
    x, y = normalize(image, dim=1), normalize(text, dim=1)
    for rows, side in ((x, look.image), (y, look.text)):
        basis = sde.compute_spectrum(rows).basis
        np.testing.assert_allclose(side.agreement, sde.direction_correlations(x, y, basis), atol=1e-6)
    cross = np.linalg.svd(np.cov(x.T, y.T, bias=True)[:12, 12:], compute_uv=False)
    np.testing.assert_allclose(look.cross, cross, atol=1e-6 * cross[0])


def test_agreement_with_a_side_that_does_not_vary_is_nan():
    look = measured_look(1, _rows(5), torch.ones(300, 12))
    assert np.isnan(look.image.agreement).all()
    assert len(look.text.agreement) == 0


def test_bad_rows_are_left_out_with_their_partner_and_counted():
    image, text = _rows(7), _rows(8)
    image[3, 0], image[4], text[10, 2] = torch.nan, 0, torch.inf
    look = measured_look(1, image, text)
    keep = [i for i in range(300) if i not in (3, 4, 10)]
    assert (look.n_rows, look.image.not_finite, look.text.not_finite) == (297, 1, 1)
    clean = measured_look(1, image[keep], text[keep])
    np.testing.assert_allclose(look.image.values, clean.image.values, rtol=1e-6)
    assert measured_look(1, torch.full((4, 3), torch.nan), torch.randn(4, 3)).image is None


def test_copies_and_recall_are_of_the_last_batch():
    image = _rows(9)
    image[250:] = image[250]
    look = measured_look(1, image, image, last_rows=100)
    assert look.image.copies == pytest.approx(0.5)
    # 50 rows find themselves; the 50 copies tie, and one of them in fifty is right.
    assert look.recall_image == pytest.approx((50 + 1) / 100)


@pytest.mark.parametrize("off", [0.0, 5e-4, 3e-3])
def test_copies_are_rows_whose_cosines_say_so_however_they_differ(off):
    """As the cosines of all pairs tell; rows that differ outside of the first directions are no copies."""
    image = _rows(11, d=40)
    image[100:130] = image[:30]
    image[100:130, 39] += off * image[:30].norm(dim=1)
    x = normalize(image, dim=1)
    cosines = (x @ x.T).fill_diagonal_(-1)
    assert measured_look(1, image, image).image.copies == float(
        (cosines.amax(dim=1) > 1 - 1e-6).double().mean()
    )


def test_constant_rows_have_no_direction():
    look = measured_look(1, torch.ones(20, 4), torch.ones(20, 4))
    assert len(look.image.values) == 0
    assert look.image.effective_rank == 0
    assert look.image.copies == 1
