"""Small decompositions run on one thread, leave the number of threads as it was, and have the same bits on any."""

import pytest
import torch

import sde_core as sde
from sde_core.spectra.eigen import symmetric_eigen


@pytest.mark.parametrize("n", [1, 7, 513])
def test_values_and_vectors_rebuild_the_matrix_and_the_upper_triangle_is_not_read(n):
    x = torch.randn(n + 3, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gram = x.T @ x
    before = torch.get_num_threads()
    values, vectors = symmetric_eigen(gram.tril())
    assert torch.get_num_threads() == before
    assert (values.diff() >= 0).all()
    # n eps ||G|| bounds the residual of a backward stable decomposition.
    atol = 10 * n * torch.finfo(torch.float64).eps * float(gram.norm())
    torch.testing.assert_close((vectors * values) @ vectors.T, gram, rtol=0, atol=atol)


def test_threads_come_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError):
        symmetric_eigen(torch.full((3, 3), torch.nan))
    assert torch.get_num_threads() == before


@pytest.fixture
def threads():
    """Return what sets the number of threads, and set it back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("shape", [(60, 48), (200, 48), (500, 192), (512, 512)])
@pytest.mark.parametrize(
    "compute", [sde.compute_spectrum, sde.compute_cross_spectrum, sde.compute_joint_spectrum]
)
def test_a_small_set_has_the_same_spectrum_bit_for_bit_on_any_number_of_threads(threads, shape, compute):
    generator = torch.Generator().manual_seed(1)
    sides = [torch.randn(*shape, generator=generator) for _ in range(2)]
    found = []
    for n in (1, 2, 4):
        threads(n)
        found.append(compute(*sides[: 1 if compute is sde.compute_spectrum else 2]).singular_values)
        assert torch.get_num_threads() == n
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
