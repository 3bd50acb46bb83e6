"""The enhanced view against its loop, short ways, gradients."""

import numpy as np
import pytest
import torch

from sde_core.losses import (
    enhanced_view,
)
from sde_core.losses.decomposition import decompose
from tests.sde_core.losses.terms.rows import rows


def test_the_enhanced_view_is_the_loop():
    x, v = rows(7, 5), decompose(rows(20, 5, seed=1)).basis[:, :3]
    mean, gains = rows(1, 5, seed=2)[0], torch.tensor([1.5, 0.8, 0.2], dtype=torch.float64)
    expected = []
    for row in x.numpy():
        out = row.copy()
        for i in range(3):
            direction = v[:, i].numpy()
            out += float((row - mean.numpy()) @ direction) * (float(gains[i]) - 1) * direction
        expected.append(out * np.linalg.norm(row) / np.linalg.norm(out))
    np.testing.assert_allclose(enhanced_view(x, v, gains, mean), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("mean", [None, rows(1, 5, seed=2)[0]])
def test_a_complete_basis_takes_the_short_way_to_the_same_view(mean):
    x, v = rows(7, 5), decompose(rows(20, 5, seed=1)).basis
    gains = torch.tensor([1.5, 0.9, 0.6, 0.6, 0.6], dtype=torch.float64)
    long_way = enhanced_view(x, v, gains.clone().requires_grad_(), mean)
    torch.testing.assert_close(enhanced_view(x, v, gains, mean), long_way, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(lambda a: enhanced_view(a, v, gains, mean), x.clone().requires_grad_())


@pytest.mark.parametrize("k", [5, 3], ids=["complete basis", "some directions"])
def test_the_gradient_of_rows_without_length_is_that_of_the_long_way(k):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    x[2] = 0
    basis = torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64)).Q
    gains = torch.tensor([1.4, 0.7, 0.3, 0.3, 0.3], dtype=torch.float64)[:k]
    weights = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    slopes = []
    for g in (gains, gains.clone().requires_grad_()):
        rows = x.clone().requires_grad_()
        (enhanced_view(rows, basis[:, :k], g) * weights).sum().backward()
        slopes.append(rows.grad)
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-12, atol=1e-13)


def test_the_gradient_of_the_enhanced_view_by_differences():
    x, v = rows(7, 5).requires_grad_(), decompose(rows(20, 5, seed=1)).basis[:, :3]
    gains = torch.tensor([1.5, 0.8, 0.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, g: enhanced_view(a, v, g), (x, gains))


def test_lengths_and_the_identity_are_kept_bit_for_bit():
    x = rows(7, 5, dtype=torch.float32) * torch.arange(7.0)[:, None]
    v = decompose(x).basis
    assert torch.equal(enhanced_view(x, v, torch.ones(5)), x)
    stirred = enhanced_view(x, v, torch.linspace(0.1, 1.9, 5))
    torch.testing.assert_close(stirred.norm(dim=1), x.norm(dim=1))
