"""Both sides of 2 B = n are one function: the smaller matrix is a way to compute it, not another loss."""

import pytest
import torch
from torch.nn import functional

from sde_core.losses import spectral_contrast, whitened_agreement
from sde_core.losses.terms import covariance
from sde_core.losses.terms.covariance import solved_rows
from sde_core.losses.terms.whitening import whitened
from tests.sde_core.losses.terms.rows import rows


@pytest.mark.parametrize(("m", "n"), [(9, 5), (4, 9), (4, 8), (3, 40)])
@pytest.mark.parametrize("shrinkage", [0.03, 1.0])
def test_rows_times_the_inverse_whichever_matrix_is_smaller(m, n, shrinkage):
    x, y = rows(m, n), rows(m, n, seed=1)
    both = torch.cat([x - x.mean(0), y - y.mean(0)])
    gram = both.T @ both / (2 * m)
    gram = gram + shrinkage * gram.trace() / n * torch.eye(n, dtype=gram.dtype)
    found = solved_rows(x, y, shrinkage)
    # float64 throughout, and a condition of at most n / 0.03
    torch.testing.assert_close(found.solved, torch.linalg.solve(gram, both.T).T, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        found.squares[:, 0], (both @ torch.linalg.inv(gram) * both).sum(1), rtol=1e-9, atol=1e-9
    )


def by_the_factor(x, y, shrinkage):
    first, second = whitened(x, y, shrinkage=shrinkage, by="both")
    return 2 - 2 * functional.cosine_similarity(first, second, dim=1).mean()


@pytest.mark.parametrize(("m", "n"), [(9, 5), (4, 9), (4, 8), (3, 40)])
@pytest.mark.parametrize("shrinkage", [0.03, 0.3])
def test_agreement_and_its_gradient_are_those_through_the_factor(m, n, shrinkage):
    pair = rows(m, n).requires_grad_(), (rows(m, n) + rows(m, n, seed=1)).requires_grad_()
    wanted, got = (
        f(*pair, shrinkage=shrinkage)
        for f in (by_the_factor, lambda *p, **c: whitened_agreement(*p, by="both", **c))
    )
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-9)
    for a, b in zip(torch.autograd.grad(got, pair), torch.autograd.grad(wanted, pair), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("m", "n"), [(7, 4), (3, 8), (2, 5)])
def test_agreement_by_differences_on_both_sides(m, n):
    pair = rows(m, n).requires_grad_(), rows(m, n, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: whitened_agreement(a, b, shrinkage=0.1, by="both"), pair)


@pytest.mark.parametrize("shrinkage", [1e-5, 1e-3, 0.029])
@pytest.mark.parametrize("m", [2, 24])
def test_little_shrinkage_in_few_rows_keeps_the_digits_of_float64(m, shrinkage):
    x, y = rows(m, 96), rows(m, 96) + rows(m, 96, seed=1)
    x, y = (z + 5 * z[:, :1] for z in (x, y))
    pairs = [
        [z.to(kind).detach().requires_grad_() for z in (x.float(), y.float())]
        for kind in (torch.float64, torch.float32)
    ]
    for loss in (
        lambda *pair: whitened_agreement(*pair, shrinkage=shrinkage, by="both"),
        lambda *pair: spectral_contrast(*pair, logit_scale=5.0, shrinkage=shrinkage),
        lambda *pair: spectral_contrast(*pair, logit_scale=5.0, shrinkage=shrinkage, tile=5),
    ):
        exact, found = (loss(*pair) for pair in pairs)
        assert found.dtype == torch.float32
        # rounding of the division by the largest entry, which the condition of at most n / c makes as large
        torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-5)
        wanted, got = (torch.autograd.grad(v, pair) for v, pair in zip((exact, found), pairs, strict=True))
        for a, b in zip(got, wanted, strict=True):
            assert a.dtype == torch.float32
            assert float((a - b).norm() / b.norm()) < 1e-3


@pytest.mark.parametrize("m", [24, 100])
def test_in_float32_agreement_keeps_its_digits(m):
    """A direction with nearly all of the energy, fewer and more rows than coordinates."""
    x, y = rows(m, 96), rows(m, 96) + rows(m, 96, seed=1)
    x, y = (z + 5 * z[:, :1] for z in (x, y))
    pairs = [
        [z.to(kind).detach().requires_grad_() for z in (x, y)] for kind in (torch.float64, torch.float32)
    ]
    values = [whitened_agreement(*pair, shrinkage=0.03, by="both") for pair in pairs]
    # a condition of about n / c = 3,200 times the rounding of float32
    torch.testing.assert_close(values[1].double(), values[0], rtol=4e-4, atol=4e-4)
    wanted, got = (torch.autograd.grad(v, pair) for v, pair in zip(values, pairs, strict=True))
    for a, b in zip(got, wanted, strict=True):
        assert float((a - b).norm() / b.norm()) < 1e-3


def test_no_factor_of_the_larger_side_is_taken(monkeypatch):
    sizes = []
    cholesky = torch.linalg.cholesky
    monkeypatch.setattr(covariance.torch.linalg, "cholesky", lambda x: sizes.append(len(x)) or cholesky(x))
    for m, n in ((3, 40), (40, 3)):
        pair = rows(m, n), rows(m, n, seed=1)
        whitened_agreement(*pair, shrinkage=0.1, by="both")
        spectral_contrast(*pair, logit_scale=5.0)
    whitened_agreement(rows(3, 40), rows(3, 40, seed=1), shrinkage=0.001, by="both")
    spectral_contrast(rows(3, 40), rows(3, 40, seed=1), logit_scale=5.0, shrinkage=0.001)
    assert sizes == [6, 6, 3, 3, 6, 6]
