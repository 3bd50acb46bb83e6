"""The subspace terms against their loops, by differences, and what costs nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sde_core.losses import (
    captured_energy_loss,
    hellinger_loss,
    subspace_loss,
)
from sde_core.losses.decomposition import decompose
from tests.sde_core.losses.terms.rows import numpy_svd, rows, with_spectrum


def loop_subspace(x, y, k):
    a, b = numpy_svd(x)[2], numpy_svd(y)[2]
    total = 0.0
    for i in range(k):
        for j in range(k):
            total += float(a[i] @ b[j]) ** 2
    return 1 - total / k


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("m", "n"), [(12, 6), (5, 12)])
def test_subspace_is_the_loop(k, m, n):
    x, y = rows(m, n), rows(m, n, seed=1)
    assert float(subspace_loss(x, y, rank=k)) == pytest.approx(loop_subspace(x, y, k), abs=1e-11)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize(("m", "n"), [(8, 4), (5, 9), (4, 4)])
def test_the_gradient_of_subspace_by_differences(k, m, n):
    x, y = rows(m, n).requires_grad_(), rows(m, n, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: subspace_loss(a, b, rank=k, broadening=0.0), (x, y))


@pytest.mark.parametrize(("m", "n"), [(8, 5), (5, 9)])
def test_the_gradient_of_subspace_needs_no_gap_inside_the_kept_or_the_dropped(m, n):
    x = with_spectrum([3.0, 3.0, 1.0, 1.0, 1.0], m, n).requires_grad_()
    y = with_spectrum([2.0, 2.0, 0.5, 0.5, 0.5], m, n, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: subspace_loss(a, b, rank=2, broadening=0.0), (x, y))


def test_broadening_scales_a_gap_as_it_says():
    # k = 1 of two directions: one gap, so the whole gradient shrinks by d^2 / (d^2 + eps)
    x = with_spectrum([2.0, 1.9], 6, 2).requires_grad_()
    y = with_spectrum([2.0, 1.0], 6, 2, seed=1)
    exact, broad = (torch.autograd.grad(subspace_loss(x, y, rank=1, broadening=b), x)[0] for b in (0.0, 0.1))
    gap, eps = 2.0**2 - 1.9**2, (0.1 * 2.0**2) ** 2
    torch.testing.assert_close(broad, exact * (gap**2 / (gap**2 + eps)), rtol=1e-9, atol=1e-12)


def test_no_gap_at_all_has_a_finite_slope():
    x = with_spectrum([1.0, 1.0, 1.0], 6, 3).requires_grad_()
    subspace_loss(x, rows(6, 3), rank=2).backward()
    assert bool(torch.isfinite(x.grad).all())


def test_signs_and_rotations_inside_the_subspace_cost_nothing():
    base = with_spectrum([3.0, 2.0, 0.1], 8, 5)
    _, _, v = torch.linalg.svd(base, full_matrices=False)
    turn = torch.eye(5, dtype=torch.float64) - 2 * torch.outer(v[0], v[0])  # flips one direction
    assert float(subspace_loss(base, base @ turn, rank=2)) == pytest.approx(0, abs=1e-12)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(seed=st.integers(0, 999), k=st.integers(1, 4), scale=st.floats(0.1, 10))
def test_a_joint_rotation_or_scale_leaves_both_published_terms_unchanged(seed, k, scale):
    x, y = rows(9, 5, seed), rows(9, 5, seed + 1)
    turn = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(seed), dtype=x.dtype)).Q
    for loss in (hellinger_loss, lambda a, b: subspace_loss(a, b, rank=k)):
        assert float(loss(x @ turn * scale, y @ turn * scale)) == pytest.approx(float(loss(x, y)), abs=1e-8)


def loop_captured(x, y, k):
    a, b = numpy_svd(x)[2][:k], numpy_svd(y)[2][:k]
    outside = []
    for f, basis in ((x.numpy(), b), (y.numpy(), a)):
        inside = sum(float(row @ v) ** 2 for row in f for v in basis)
        outside.append(1 - inside / float((f**2).sum()))
    return sum(outside) / 2


def test_captured_energy_is_the_loop_and_differentiable():
    x, y = rows(10, 5), rows(10, 5, seed=1)
    assert float(captured_energy_loss(x, y, rank=2)) == pytest.approx(loop_captured(x, y, 2), abs=1e-12)
    spectra = decompose(x), decompose(y)
    assert torch.autograd.gradcheck(
        lambda a, b: captured_energy_loss(a, b, rank=2, spectra=spectra),
        (x.requires_grad_(), y.requires_grad_()),
    )


@pytest.mark.parametrize("is_image", [True, False])
def test_where_a_modality_is_all_zero_nothing_is_missed(is_image):
    rows = torch.ones(5, 3, dtype=torch.float64).requires_grad_()
    pair = (torch.zeros_like(rows), rows) if is_image else (rows, torch.zeros_like(rows))
    for loss in (subspace_loss, captured_energy_loss):
        value = loss(*pair, rank=2)
        assert float(value) == 0
        [gradient] = torch.autograd.grad(value, rows)
        assert not gradient.any()
