"""Small eigendecompositions run on one thread, and leave the number of threads as it was."""

import pytest
import torch

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
