"""The spectrum against numpy and scikit-learn; streamed, merged and reloaded equals whole."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import sde_core as sde
from sde_core import SpectrumAccumulator, compute_spectrum
from sde_core.errors import ConfigError
from tests.sde_core.spectra.matrices import (
    CENTERS,
    EPS,
    covariance,
    cross_tolerance,
    gram_of,
    gram_tolerance,
    rebuilt,
    rebuilt_cross,
    spread,
)

SHAPES = [(1, 1), (1, 5), (2, 5), (5, 1), (5, 2), (7, 7), (40, 6), (6, 40), (600, 5)]


@pytest.mark.parametrize("route", [None, "svd", "gram", "mixed"])
@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_basis_rebuild_the_gram_matrix(shape, center, route):
    x = spread(*shape, mean=0.5)
    found = compute_spectrum(x, center=center, route=route)
    # The mixed route knows each value to a millionth, and directions as far as their values differ by more.
    atol = gram_tolerance(x) + (2e-6 * float(np.square(x).sum()) if found.route == "mixed" else 0)
    torch.testing.assert_close(rebuilt(found), gram_of(x, center), rtol=0, atol=atol)
    identity = torch.eye(found.rank, dtype=torch.float64)
    # Orthonormal to rounding: 100 eps times the size of a sum of n terms of at most 1.
    torch.testing.assert_close(found.basis.T @ found.basis, identity, rtol=0, atol=100 * EPS * shape[1])
    assert found.singular_values.dtype == found.basis.dtype == torch.float64
    assert bool((found.singular_values.diff() <= 0).all())
    assert (found.n_samples, found.n_features, found.center) == (*shape, center)
    assert found.degrees_of_freedom == max(1, shape[0] - (center == "mean"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("route", ["svd", "gram", "mixed"])
def test_a_random_matrix_has_full_rank(shape, route):
    m, n = shape
    assert compute_spectrum(spread(m, n), center=None, route=route).rank == min(m, n)
    assert compute_spectrum(spread(m, n), center="mean", route=route).rank == min(m - 1, n)


@pytest.mark.parametrize("route", ["svd", "gram", "mixed"])
def test_it_is_scikit_learns_pca(route):
    x = spread(300, 12, mean=2.0, decay=0.2)
    found = compute_spectrum(x, route=route)
    pca = PCA(svd_solver="full").fit(x)
    # The Gram route knows s^2 to about eps (m + n) ||F||_F^2; the smallest s is s_1 exp(-2.2) here.
    rtol = gram_tolerance(x) / float(found.energies[-1]) + (1e-6 if route == "mixed" else 1e-12)
    np.testing.assert_allclose(found.singular_values, pca.singular_values_, rtol=rtol)
    np.testing.assert_allclose(found.mean, pca.mean_, rtol=1e-12)
    # Signs are a convention of each: compare projectors, one direction at a time.
    for i in range(12):
        mine, theirs = found.basis[:, i].numpy(), pca.components_[i]
        np.testing.assert_allclose(np.outer(mine, mine), np.outer(theirs, theirs), atol=1e-8)


@pytest.mark.parametrize(
    ("shape", "route"),
    [
        ((600, 500), "svd"),
        ((500, 600), "svd"),
        ((1100, 500), "mixed"),
        ((400, 200), "svd"),
        ((100, 10), "svd"),
    ],
)
def test_the_route_follows_the_shape(shape, route):
    assert compute_spectrum(torch.zeros(shape), center=None).route == route


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_any_dtype_is_taken_at_its_own_values(dtype):
    x = torch.from_numpy(spread(50, 6)).to(dtype)
    found, exact = compute_spectrum(x), compute_spectrum(x.double().numpy())
    torch.testing.assert_close(found.singular_values, exact.singular_values, rtol=1e-14, atol=0)
    torch.testing.assert_close(found.basis, exact.basis, rtol=0, atol=1e-14)


def test_the_input_is_neither_changed_nor_differentiated():
    x = torch.from_numpy(spread(20, 4)).requires_grad_()
    before = x.detach().clone()
    for route in ("svd", "gram"):
        found = compute_spectrum(x, route=route)
        assert not found.singular_values.requires_grad
        assert not found.basis.requires_grad
    torch.testing.assert_close(x.detach(), before, rtol=0, atol=0)


@given(scale=st.floats(1e-30, 1e30), seed=st.integers(0, 1000))
def test_the_largest_entry_of_each_direction_is_positive_whatever_the_scale(scale, seed):
    x = spread(9, 5, seed)
    one, other = compute_spectrum(x), compute_spectrum(-scale * x)
    leading = one.basis.abs().argmax(dim=0)
    assert bool((one.basis.gather(0, leading[None]) > 0).all())
    torch.testing.assert_close(one.basis, other.basis, rtol=0, atol=1e-9)


class TestRank:
    @pytest.mark.parametrize("route", ["svd", "gram", "mixed"])
    @pytest.mark.parametrize("center", CENTERS)
    def test_zeros_have_none(self, center, route):
        found = compute_spectrum(torch.zeros(6, 3), center=center, route=route)
        assert found.rank == 0
        assert found.basis.shape == (3, 0)
        assert found.aspect == 1 / 6 if center is None else 1 / 5

    @pytest.mark.parametrize("route", ["svd", "gram", "mixed"])
    @pytest.mark.parametrize("value", [0.1, 1 / 3, 1e6 / 7])
    def test_equal_rows_have_none_once_centred(self, value, route):
        # 0.1 has no finite binary form: the mean of a thousand is not exactly 0.1.
        assert compute_spectrum(torch.full((1000, 3), value), route=route).rank == 0
        assert compute_spectrum(torch.full((1000, 3), value), center=None, route=route).rank == 1

    @pytest.mark.parametrize("route", ["svd", "gram", "mixed"])
    def test_one_row(self, route):
        row = [[3.0, 0.0, 4.0]]
        assert compute_spectrum(row, route=route).rank == 0
        found = compute_spectrum(row, center=None, route=route)
        np.testing.assert_allclose(found.singular_values, [5.0], rtol=1e-14)
        np.testing.assert_allclose(found.basis[:, 0], [0.6, 0.0, 0.8], atol=1e-14)

    @given(
        m=st.integers(3, 40),
        n=st.integers(2, 20),
        data=st.data(),
        mean=st.sampled_from([0.0, 1.0, 1e3, 1e6]),
        route=st.sampled_from(["svd", "gram"]),
        seed=st.integers(0, 99),
    )
    def test_exact_rank_is_found(self, m, n, data, mean, route, seed):
        rank = data.draw(st.integers(1, min(m - 1, n)))
        if route == "gram":
            mean = min(mean, 1e3)  # beyond, the mean's rounding hides real directions: the next test
        # Well conditioned: orthogonal factors, singular values from 1 to 2.
        r = np.random.default_rng(seed)
        left = np.linalg.qr(r.standard_normal((m, rank)) - 0.0)[0]
        left = np.linalg.qr(left - left.mean(axis=0))[0]
        right = np.linalg.qr(r.standard_normal((n, rank)))[0]
        x = (left * np.linspace(2, 1, rank)) @ right.T + mean
        assert compute_spectrum(x, route=route).rank == rank

    @pytest.mark.parametrize("mean", [0.0, 1.0, 1e2, 1e4, 1e6, 1e8])
    def test_the_gram_route_keeps_only_what_it_knows(self, mean):
        # Directions over nine decades around a mean of any length.
        x = spread(400, 10, seed=3, decay=2.0) + mean
        exact = compute_spectrum(x, route="svd").singular_values
        found = compute_spectrum(x, route="gram")
        kept = found.singular_values
        assert len(kept) <= len(exact)
        # The cut is the error of s^2, so what is kept is right to that error,
        error = EPS * 400 * float(np.square(x).sum())
        torch.testing.assert_close(kept.square(), exact[: len(kept)].square(), rtol=0, atol=error)
        # and what is dropped lies below it, but for twice the error.
        assert bool((exact[len(kept) :].square() <= 2 * error).all())

    def test_the_cut_is_strict(self):
        # With zeros beside it, eps max(m, n) s_1 itself must go.
        cut = EPS * 2
        assert compute_spectrum(np.diag([1.0, cut]), center=None, route="svd").rank == 1
        assert compute_spectrum(np.diag([1.0, 2 * cut]), center=None, route="svd").rank == 2

    def test_equal_singular_values_keep_their_span(self):
        q = np.linalg.qr(np.random.default_rng(0).standard_normal((30, 4)))[0]
        for route in ("svd", "gram"):
            found = compute_spectrum(q, center=None, route=route)
            np.testing.assert_allclose(found.singular_values, np.ones(4), rtol=1e-12)
            np.testing.assert_allclose(found.basis @ found.basis.T, np.eye(4), atol=1e-12)

    def test_aspect_follows_the_rank(self):
        full, padded = spread(100, 20), np.zeros((100, 50))
        padded[:, :20] = full
        assert compute_spectrum(full, center=None).aspect == 20 / 100
        assert compute_spectrum(padded, center=None).aspect == 20 / 100
        assert compute_spectrum(full.T, center=None).aspect == 20 / 100
        assert compute_spectrum(full).aspect == 20 / 99
        assert compute_spectrum(full).larger_side == 99
        assert compute_spectrum(full.T).larger_side == 100


def test_wrong_options_are_refused_before_any_work():
    with pytest.raises(ConfigError, match="center must be \"mean\" or None; got 'median'"):
        compute_spectrum("not looked at", center="median")
    with pytest.raises(ConfigError, match='route must be "svd", "gram", "mixed" or None; got \'qr\''):
        compute_spectrum("not looked at", route="qr")


@pytest.mark.gpu
class TestCuda:
    def test_the_device_of_the_input_is_kept_and_the_numbers_agree(self):
        x, y = spread(600, 8, seed=1, mean=1.0), spread(600, 8, seed=2)
        on_gpu = [torch.from_numpy(z).cuda() for z in (x, y)]
        for route in ("svd", "gram"):
            found = compute_spectrum(on_gpu[0], route=route)
            assert found.basis.is_cuda
            here = compute_spectrum(x, route=route)
            torch.testing.assert_close(rebuilt(found).cpu(), rebuilt(here), rtol=0, atol=gram_tolerance(x))
            assert compute_spectrum(x, route=route, device="cuda").basis.is_cuda
            assert not found.to("cpu").basis.is_cuda
        cross = sde.compute_cross_spectrum(*on_gpu)
        assert cross.text_basis.is_cuda
        np.testing.assert_allclose(
            rebuilt_cross(cross).cpu(), covariance(x, y, True), atol=cross_tolerance(x, y)
        )
        assert sde.compute_joint_spectrum(*on_gpu).basis.is_cuda

    def test_an_accumulator_merges_across_devices(self):
        x = spread(100, 4)
        here = SpectrumAccumulator(4).update(x[:40])
        there = SpectrumAccumulator(4, device="cuda").update(x[40:])
        merged = here.merge(there).spectrum()
        torch.testing.assert_close(rebuilt(merged), gram_of(x, "mean"), rtol=0, atol=gram_tolerance(x))
