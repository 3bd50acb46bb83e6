"""The spectral term against its loop and by differences."""

import math

import pytest
import torch

from sde_core.losses import (
    hellinger_loss,
)
from tests.sde_core.losses.terms.rows import numpy_svd, rows, with_spectrum


def loop_hellinger(x, y, power):
    p, q = numpy_svd(x)[1] ** power, numpy_svd(y)[1] ** power
    affinity = 0.0
    for a, b in zip(p, q, strict=True):
        affinity += math.sqrt(a / p.sum() * b / q.sum())
    return 1 - affinity


@pytest.mark.parametrize(("on", "power"), [("values", 1), ("energies", 2)])
@pytest.mark.parametrize(("m", "n"), [(12, 5), (5, 12)])
def test_hellinger_is_the_loop(on, power, m, n):
    x, y = rows(m, n), with_spectrum([3.0, 1.0, 0.5, 0.2, 0.1], m, n)
    # the floor of 1e-8 a direction moves a share of 1e-3 by at most a part in 1e5
    assert float(hellinger_loss(x, y, on=on)) == pytest.approx(loop_hellinger(x, y, power), rel=1e-5)


def test_hellinger_has_the_value_of_the_method():
    x, y = torch.diag(torch.tensor([4.0, 2, 1, 1])), torch.diag(torch.tensor([3.0, 3, 1, 1]))
    assert math.sqrt(hellinger_loss(x, y)) == pytest.approx(0.103928, abs=1e-6)
    assert math.sqrt(hellinger_loss(x, y, on="energies")) == pytest.approx(0.215725, abs=1e-6)


@pytest.mark.parametrize("on", ["values", "energies"])
@pytest.mark.parametrize(("m", "n"), [(7, 4), (4, 7)])
def test_the_gradient_of_hellinger_by_differences(on, m, n):
    x, y = rows(m, n).requires_grad_(), (rows(m, n, seed=1) * 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: hellinger_loss(a, b, on=on), (x, y))
    assert torch.autograd.gradcheck(lambda a, b: hellinger_loss(a, b, on=on, form="distance"), (x, y))


def test_the_gradient_of_hellinger_where_both_spectra_repeat():
    x, y = (with_spectrum(values, 6, 4, seed=i) for i, values in enumerate([[2.0, 2, 1, 1], [3.0, 3, 1, 1]]))
    assert torch.autograd.gradcheck(hellinger_loss, (x.requires_grad_(), y.requires_grad_()))


def test_the_distance_is_the_root_and_rests_where_the_spectra_are_equal():
    x, y = rows(12, 5), with_spectrum([3.0, 1.0, 0.5, 0.2, 0.1], 12, 5)
    assert float(hellinger_loss(x, y, form="distance")) == pytest.approx(math.sqrt(hellinger_loss(x, y)))
    x.requires_grad_()
    hellinger_loss(x, x.detach() @ torch.linalg.qr(rows(5, 5))[0], form="distance").backward()
    hellinger_loss(same := rows(6, 4).requires_grad_(), same, form="distance").backward()
    assert torch.isfinite(x.grad).all()
    assert not same.grad.any()


def test_a_missing_direction_has_a_finite_slope():
    x = with_spectrum([1.0, 1.0], 6, 4).requires_grad_()
    hellinger_loss(x, rows(6, 4)).backward()
    assert float(x.grad.norm()) < 1e4
