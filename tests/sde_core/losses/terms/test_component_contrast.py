"""Component contrast against its loop, by differences, at its ends."""

import math

import numpy as np
import pytest
import torch

from sde_core.losses import (
    component_contrast,
    shared_spectrum,
)
from sde_core.losses.terms.component_contrast import standardised
from tests.sde_core.losses.terms.rows import rows


def loop_component_contrast(x, y, v, tau):
    b, k = len(x), v.shape[1]
    zx, zy = x @ v, y @ v
    for z in (zx, zy):
        for i in range(k):
            z[:, i] = (z[:, i] - z[:, i].mean()) / z[:, i].std()
    c = np.array([[(zx[:, i] * zy[:, j]).sum() / (b * tau) for j in range(k)] for i in range(k)])
    rows_ = [-c[i, i] + math.log(sum(math.exp(c[i, j]) for j in range(k))) for i in range(k)]
    columns = [-c[i, i] + math.log(sum(math.exp(c[j, i]) for j in range(k))) for i in range(k)]
    return (sum(rows_) / k + sum(columns) / k) / 2


@pytest.mark.parametrize(("m", "n", "tau"), [(30, 5, 0.1), (6, 9, 0.5)])
def test_component_contrast_is_the_loop(m, n, tau):
    x, y = rows(m, n), rows(m, n, seed=1)
    basis = shared_spectrum(x, y).basis
    expected = loop_component_contrast(x.numpy(), y.numpy(), basis.numpy(), tau)
    # the variance floor of 1e-8 of the mean square
    value = float(component_contrast(x, y, basis, temperature=tau))
    assert value == pytest.approx(expected, rel=1e-6)


def test_the_shared_basis_diagonalises_the_sum_of_both_gram_matrices():
    x, y = rows(20, 5), rows(20, 5, seed=1)
    spectrum = shared_spectrum(x, y)
    gram = (x.T @ x + y.T @ y).numpy()
    v = spectrum.basis.numpy()
    np.testing.assert_allclose(v.T @ gram @ v, np.diag(spectrum.energies), rtol=0, atol=1e-12)


def test_the_gradient_of_component_contrast_by_differences():
    x, y = rows(8, 4).requires_grad_(), rows(8, 4, seed=1).requires_grad_()
    basis = shared_spectrum(x, y).basis
    # the floor looks at detached sizes; tolerance above its share of 1e-8
    assert torch.autograd.gradcheck(
        lambda a, b: component_contrast(a, b, basis), (x, y), atol=1e-5, rtol=1e-4
    )


def test_component_contrast_at_its_two_ends():
    x = rows(400, 4)
    basis = torch.eye(4, dtype=torch.float64)
    assert float(component_contrast(x, x, basis, temperature=0.05)) < 1e-4
    constant = torch.ones(400, 4, dtype=torch.float64)
    assert float(component_contrast(x, constant, basis)) == pytest.approx(math.log(4))
    assert float(component_contrast(x, x, basis[:, :0])) == 0.0


@pytest.mark.parametrize("scale", [1.0, 1e10])
def test_rounding_noise_in_a_constant_column_is_not_standardised_into_signal(scale):
    noise = torch.randn(64, 1, generator=torch.Generator().manual_seed(0))
    column = (torch.full((64, 1), 0.1) + 7e-9 * noise) * scale
    assert float(standardised(column).abs().max()) < 0.1
