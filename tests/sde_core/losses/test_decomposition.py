"""The cheap decomposition against the spectrum, signs, gradients by differences."""

import pytest
import torch

from sde_core.losses.decomposition import _lower_gram, decompose, singular_values
from sde_core.spectra.spectrum import compute_spectrum
from tests.sde_core.losses.terms.rows import rows, with_spectrum


@pytest.mark.parametrize(("m", "n"), [(12, 5), (5, 12), (6, 6), (1, 4), (4, 1)])
def test_the_cheap_decomposition_is_the_spectrum(m, n):
    x = rows(m, n)
    cheap, exact = decompose(x), compute_spectrum(x, center=None, route="svd")
    # squares carry half of the digits; the values here lie within a factor 100 of the largest
    torch.testing.assert_close(cheap.singular_values, exact.singular_values, rtol=1e-10, atol=0)
    identity = torch.eye(cheap.rank, dtype=torch.float64)
    torch.testing.assert_close(cheap.basis.T @ cheap.basis, identity, rtol=0, atol=1e-13)
    torch.testing.assert_close(cheap.basis @ cheap.basis.T, exact.basis @ exact.basis.T, rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_rows", [1, 3, 4, 9, 16])
def test_of_the_gram_matrix_the_half_that_is_read_is_whole(n_rows):
    x = rows(n_rows, 5)
    torch.testing.assert_close(_lower_gram(x).tril(), (x @ x.T).tril(), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(("m", "n"), [(12, 5), (5, 12)])
def test_signs_are_those_of_every_spectrum(m, n):
    # component contrast depends on them: two runs, or two ranks, must not differ by an eigenvector's sign
    x = rows(m, n)
    torch.testing.assert_close(
        decompose(x).basis, compute_spectrum(x, center=None, route="svd").basis, rtol=0, atol=1e-9
    )


@pytest.mark.parametrize(("m", "n"), [(12, 5), (5, 12)])
def test_a_wide_range_of_values_keeps_an_orthonormal_basis(m, n):
    spectrum = decompose(with_spectrum([1e3, 1.0, 1e-2, 2e-3, 1.5e-3], m, n))
    assert spectrum.rank == 5
    identity = torch.eye(5, dtype=torch.float64)
    torch.testing.assert_close(spectrum.basis.T @ spectrum.basis, identity, rtol=0, atol=1e-13)


def test_values_below_the_cut_are_not_directions():
    assert decompose(with_spectrum([1.0, 0.5, 1e-9], 8, 6)).rank == 2
    assert decompose(torch.ones(4, 3)).rank == 1
    assert decompose(torch.zeros(4, 3)).rank == 0
    assert decompose(torch.zeros(3, 4)).rank == 0


def symmetric_function(x):
    """A function that treats equal singular values alike, so that it is smooth where they meet."""
    s = singular_values(x, decompose(x))
    return (s.square().exp().sum() + s.sum()).log()


@pytest.mark.parametrize(("m", "n"), [(7, 4), (4, 7), (4, 4)])
def test_the_gradient_of_singular_values_by_differences(m, n):
    assert torch.autograd.gradcheck(symmetric_function, rows(m, n).requires_grad_())


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 1.0, 1.0]])
@pytest.mark.parametrize(("m", "n"), [(7, 4), (4, 7)])
def test_the_gradient_of_repeated_singular_values_by_differences(values, m, n):
    assert torch.autograd.gradcheck(symmetric_function, with_spectrum(values, m, n).requires_grad_())
