import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde

EPS32 = float(np.finfo(np.float32).eps)


def drawn_rows(m: int, n: int, rank: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(m, rank, generator=generator), torch.randn(rank, n, generator=generator)
    return left @ right + 0.3


SHAPES = st.tuples(st.integers(2, 40), st.integers(1, 12), st.integers(1, 12), st.integers(0, 5))


@given(SHAPES, st.sampled_from(["mean", None]))
def test_every_row_of_the_set_spends_its_energy_on_the_bands(shape, center):
    x = drawn_rows(*shape)
    spectrum = sde.compute_spectrum(x, center=center)
    shares = sde.energy_shares(x, spectrum)
    labels = torch.arange(spectrum.rank) % 3
    bands = sde.band_shares(shares, labels)
    assert bands.shape == (len(x), 3)
    has_energy = ~bands.isnan().any(dim=1)
    # Sums of at most 12 float32 numbers below 1.
    torch.testing.assert_close(
        bands[has_energy].sum(dim=1), torch.ones(int(has_energy.sum())), rtol=0, atol=16 * EPS32
    )
    # Rows in the span leave nothing outside: the noise band holds what its own directions hold.
    own = shares[has_energy][:, labels == 2].sum(dim=1)
    torch.testing.assert_close(bands[has_energy, 2], own, rtol=0, atol=1e-4)
    assert (bands[has_energy] >= 0).all()


def test_energy_outside_the_span_is_noise_and_a_row_at_the_mean_has_none():
    x = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    spectrum = sde.compute_spectrum(x)
    other = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]])
    found = sde.band_shares(sde.energy_shares(other, spectrum), torch.tensor([0]))
    torch.testing.assert_close(found[0], torch.tensor([9 / 25, 0.0, 16 / 25]))
    assert found[1].isnan().all()


def test_equal_rows_have_no_direction_and_no_energy():
    x = torch.full((5, 3), 0.1)
    spectrum = sde.compute_spectrum(x)
    found = sde.band_shares(sde.energy_shares(x, spectrum), torch.zeros(0, dtype=torch.int64))
    assert found.shape == (5, 3)
    assert found.isnan().all()


def test_coefficients_rebuild_the_spectrum():
    x = drawn_rows(300, 9, 9, 0).numpy()
    spectrum = sde.compute_spectrum(x)
    found = sde.direction_coefficients(x, spectrum.basis, spectrum.mean)
    torch.testing.assert_close(found.square().sum(dim=0).sqrt(), spectrum.singular_values, rtol=1e-10, atol=0)
    expected = (x.astype(np.float64) - spectrum.mean.numpy()) @ spectrum.basis.numpy()
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sde.direction_coefficients(torch.ones(3, 2), torch.ones(3, 1)), "basis must have 2 rows"),
        (lambda: sde.band_shares(torch.ones(3, 2), torch.tensor([0])), "labels must have 2 entries"),
        (lambda: sde.energy_shares(torch.ones(3, 5), sde.compute_spectrum(torch.eye(2))), "must have 5 rows"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(sde.SDEError, match=message):
        call()
