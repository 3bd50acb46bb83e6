"""Each term of the loss against loops in float64 numpy, its gradient by differences, and its laws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sde_core.losses import (
    barlow_twins,
    captured_energy_loss,
    component_barlow,
    component_contrast,
    enhanced_view,
    gain_ascent,
    hellinger_loss,
    info_nce,
    shared_spectrum,
    subspace_loss,
    vicreg,
    whitened_agreement,
)
from sde_core.losses.decomposition import decompose, singular_values
from sde_core.losses.fanoise import spectral_noise
from sde_core.losses.terms.component_contrast import standardised
from sde_core.spectra.spectrum import compute_spectrum


def rows(m=12, n=5, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(m, n, generator=generator, dtype=torch.float64)
    return (x / x.norm(dim=1, keepdim=True)).to(dtype)


def with_spectrum(values, m, n, seed=0):
    """(m, n) rows with exactly these singular values."""
    generator = torch.Generator().manual_seed(seed)
    left = torch.linalg.qr(torch.randn(m, m, generator=generator, dtype=torch.float64)).Q[:, : len(values)]
    right = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q[:, : len(values)]
    return left * torch.tensor(values, dtype=torch.float64) @ right.T


def numpy_svd(x):
    return np.linalg.svd(np.asarray(x, dtype=np.float64), full_matrices=False)


# --- decomposition -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n"), [(12, 5), (5, 12), (6, 6), (1, 4), (4, 1)])
def test_the_cheap_decomposition_is_the_spectrum(m, n):
    x = rows(m, n)
    cheap, exact = decompose(x), compute_spectrum(x, center=None, route="svd")
    # squares carry half of the digits; the values here lie within a factor 100 of the largest
    torch.testing.assert_close(cheap.singular_values, exact.singular_values, rtol=1e-10, atol=0)
    identity = torch.eye(cheap.rank, dtype=torch.float64)
    torch.testing.assert_close(cheap.basis.T @ cheap.basis, identity, rtol=0, atol=1e-13)
    torch.testing.assert_close(cheap.basis @ cheap.basis.T, exact.basis @ exact.basis.T, rtol=0, atol=1e-10)


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


# --- Hellinger -----------------------------------------------------------------------------------------


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


def test_the_gradient_of_hellinger_where_both_spectra_repeat():
    x, y = (with_spectrum(values, 6, 4, seed=i) for i, values in enumerate([[2.0, 2, 1, 1], [3.0, 3, 1, 1]]))
    assert torch.autograd.gradcheck(hellinger_loss, (x.requires_grad_(), y.requires_grad_()))


def test_a_missing_direction_has_a_finite_slope():
    x = with_spectrum([1.0, 1.0], 6, 4).requires_grad_()
    hellinger_loss(x, rows(6, 4)).backward()
    assert float(x.grad.norm()) < 1e4


# --- subspace ------------------------------------------------------------------------------------------


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


# --- whitened agreement --------------------------------------------------------------------------------


def loop_whitened_agreement(x, y, shrinkage, by):
    """By symmetric roots where both share one covariance: the cosine must not depend on the root."""
    centred = [z - z.mean(0) for z in (x, y)]
    covariances = [z.T @ z / len(z) for z in centred]
    if by == "both":
        covariances = [sum(covariances) / 2] * 2
    whitened = []
    for z, s in zip(centred, covariances, strict=True):
        s = s + shrinkage * np.trace(s) / len(s) * np.eye(len(s))
        if by == "both":
            values, vectors = np.linalg.eigh(s)
            whitened.append(z @ vectors @ np.diag(values**-0.5) @ vectors.T)
        else:
            whitened.append(np.array([np.linalg.solve(np.linalg.cholesky(s), row) for row in z]))
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(*whitened, strict=True)]
    return 2 - 2 * np.mean(cosines)


@pytest.mark.parametrize("by", ["each", "both"])
@pytest.mark.parametrize(("m", "n", "shrinkage"), [(40, 5, 0.01), (4, 9, 0.3)])
def test_whitened_agreement_is_the_loop(m, n, shrinkage, by):
    x, y = rows(m, n), rows(m, n, seed=1)
    expected = loop_whitened_agreement(x.numpy(), y.numpy(), shrinkage, by)
    assert float(whitened_agreement(x, y, shrinkage=shrinkage, by=by)) == pytest.approx(expected, rel=1e-10)
    single = whitened_agreement(x.float(), y.float(), shrinkage=shrinkage, by=by)
    assert float(single) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("by", ["each", "both"])
def test_whitened_agreement_at_its_ends_and_by_differences(by):
    x, y = rows(200, 4), rows(200, 4, seed=1)
    assert float(whitened_agreement(x, x, by=by)) == pytest.approx(0, abs=1e-12)
    assert float(whitened_agreement(x, -x, by=by)) == pytest.approx(4)
    assert float(whitened_agreement(x, y, by=by)) == pytest.approx(2, abs=0.3)
    # A shift of a modality, and one map of both, are nothing to it: only what is left after whitening counts.
    mapped = torch.tensor([[3.0, 1, 0, 0], [0, 1, 2, 0], [0, 0, 5, 1], [0, 0, 0, 4]], dtype=torch.float64)
    before = whitened_agreement(x, y, shrinkage=1e-12, by=by)
    after = whitened_agreement(x @ mapped + 7, y @ mapped, shrinkage=1e-12, by=by)
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)
    few = rows(8, 4).requires_grad_(), rows(8, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: whitened_agreement(a, b, shrinkage=0.1, by=by), few)


@pytest.mark.parametrize("bad", ["zeros", "equal rows", "one row", "rank 1"])
@pytest.mark.parametrize("by", ["each", "both"])
def test_whitened_agreement_of_bad_batches_is_finite(bad, by):
    x, y = rows(6, 4, dtype=torch.float32), rows(6, 4, seed=1, dtype=torch.float32)
    if bad == "zeros":
        x = torch.zeros(6, 4)
    elif bad == "equal rows":
        x = x[:1].repeat(6, 1)
    elif bad == "one row":
        x, y = x[:1], y[:1]
    else:
        x = x[:, :1] @ x[:1]
    pair = x.requires_grad_(), y.requires_grad_()
    value = whitened_agreement(*pair, by=by)
    assert 0 <= float(value) <= 4
    assert all(torch.isfinite(slope).all() for slope in torch.autograd.grad(value, pair))


# --- component contrast --------------------------------------------------------------------------------


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


@pytest.mark.parametrize("scale", [1.0, 1e10])
def test_rounding_noise_in_a_constant_column_is_not_standardised_into_signal(scale):
    noise = torch.randn(64, 1, generator=torch.Generator().manual_seed(0))
    column = (torch.full((64, 1), 0.1) + 7e-9 * noise) * scale
    assert float(standardised(column).abs().max()) < 0.1


# --- enhanced view -------------------------------------------------------------------------------------


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


# --- rivals --------------------------------------------------------------------------------------------


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


def test_vicreg_is_the_loop():
    x, y = rows(20, 4), rows(20, 4, seed=1)
    a, b = 2 * x.numpy(), 2 * y.numpy()  # sqrt(4)
    same = sum((a[i, j] - b[i, j]) ** 2 for i in range(20) for j in range(4)) / 80
    spread = mixed = 0.0
    for z in (a, b):
        covariance = sum(np.outer(r - z.mean(0), r - z.mean(0)) for r in z) / 19
        spread += sum(max(0.0, 1 - math.sqrt(covariance[i, i] + 1e-4)) for i in range(4)) / 4 / 2
        mixed += sum(covariance[i, j] ** 2 for i in range(4) for j in range(4) if i != j) / 4
    assert float(vicreg(x, y)) == pytest.approx(25 * same + 25 * spread + mixed, rel=1e-12)


@pytest.mark.parametrize("term", [barlow_twins, vicreg])
def test_the_gradients_of_the_rivals_by_differences(term):
    x, y = rows(8, 4).requires_grad_(), rows(8, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(term, (x, y), atol=1e-4, rtol=1e-4)


def test_spectral_noise_is_the_loop_and_strongest_along_strong_directions():
    x = with_spectrum([9.0, 4.0, 1.0], 10, 5)
    spectrum = decompose(x)
    normal = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    root = [3.0, 2.0, 1.0]
    expected = np.zeros((4, 5))
    for b in range(4):
        for i in range(3):
            step = 0.2 / math.sqrt(5) * float(normal[b, i]) * root[i] / 2.0
            expected[b] += step * spectrum.basis[:, i].numpy()
    np.testing.assert_allclose(spectral_noise(normal, spectrum, rho=0.2), expected, rtol=0, atol=1e-12)


# --- the contrastive loss and its answer to the gains ----------------------------------------------------


def test_info_nce_is_open_clip_s_loss_on_unit_rows():
    from open_clip import ClipLoss

    x, y = rows(seed=1), rows(seed=2)
    expected = ClipLoss()(x, y, torch.tensor(20.0))
    torch.testing.assert_close(info_nce(x, y, temperature=0.05), expected)
    torch.testing.assert_close(info_nce(3 * x, y / 7, temperature=0.05), expected)


def test_the_ascent_is_the_slope_of_the_loss_along_each_gain():
    x, y = rows(seed=1), rows(seed=2)
    spectra = compute_spectrum(x), compute_spectrum(y)
    bases, means = (spectra[0].basis, spectra[1].basis), (spectra[0].mean, spectra[1].mean)

    def contrast(image, text):
        return info_nce(image, text, temperature=0.2)

    slopes = gain_ascent((x, y), bases, means, contrast)
    step = 1e-5
    for modality, slope in enumerate(slopes):
        for i in range(len(slope)):
            losses = []
            for sign in (1, -1):
                gains = [torch.ones(b.shape[1], dtype=torch.float64) for b in bases]
                gains[modality][i] += sign * step
                views = (enhanced_view(*part) for part in zip((x, y), bases, gains, means, strict=True))
                losses.append(float(contrast(*views)))
            # Central differences are off by step^2 times a third derivative of order 1, and by rounding / step.
            assert float(slope[i]) == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-8)
