"""Barlow Twins and its form on components against their loops and by differences."""

import numpy as np
import pytest
import torch

from sde_core.losses import (
    barlow_twins,
    component_barlow,
    shared_spectrum,
)
from tests.sde_core.losses.terms.rows import rows


def test_component_barlow_is_the_loop_blind_to_signs_and_has_its_gradient():
    x, y = rows(30, 5), rows(30, 5, seed=1)
    basis = shared_spectrum(x, y).basis[:, :3]
    zx, zy = ((z @ basis).numpy() for z in (x, y))
    r = [[np.corrcoef(zx[:, i], zy[:, j])[0, 1] for j in range(3)] for i in range(3)]
    expected = sum((1 - r[i][j]) ** 2 if i == j else 0.2 * r[i][j] ** 2 for i in range(3) for j in range(3))
    assert float(component_barlow(x, y, basis, off_diagonal=0.2)) == pytest.approx(expected, rel=1e-6)
    signs = torch.tensor([-1.0, 1, -1], dtype=torch.float64)
    assert float(component_barlow(x, y, basis * signs, off_diagonal=0.2)) == pytest.approx(expected, rel=1e-6)
    assert float(component_barlow(x, x, basis, off_diagonal=0)) < 1e-12
    assert float(component_barlow(x, y, basis[:, :0])) == 0.0
    pair = rows(8, 4).requires_grad_(), rows(8, 4, seed=1).requires_grad_()
    fixed = shared_spectrum(*pair).basis
    assert torch.autograd.gradcheck(lambda a, b: component_barlow(a, b, fixed), pair, atol=1e-5, rtol=1e-4)


def test_barlow_twins_is_the_loop():
    x, y = rows(20, 4), rows(20, 4, seed=1)
    zx, zy = ((z - z.mean(0)) / z.std(0) for z in (x.numpy().copy(), y.numpy().copy()))
    expected = 0.0
    for i in range(4):
        for j in range(4):
            c = sum(zx[b, i] * zy[b, j] for b in range(20)) / 20
            expected += (1 - c) ** 2 if i == j else 5e-3 * c**2
    assert float(barlow_twins(x, y)) == pytest.approx(expected, rel=1e-6)
    assert float(barlow_twins(x, x, off_diagonal=0.0)) == pytest.approx(0, abs=1e-12)
