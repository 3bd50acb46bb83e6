"""The spectrum against numpy and scikit-learn; streamed, merged and reloaded equals whole."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cross_decomposition import PLSSVD
from sklearn.decomposition import PCA, IncrementalPCA

import sde_core as sde
from sde_core import Spectrum, SpectrumAccumulator, compute_spectrum
from sde_core.errors import ConfigError, DataError

EPS = np.finfo(np.float64).eps
CENTERS = (None, "mean")


def spread(m, n, seed=0, *, rank=None, mean=0.0, decay=0.0):
    """Return an (m, n) matrix of chosen rank whose rows lie around a mean."""
    r = np.random.default_rng(seed)
    rank = min(m, n) if rank is None else rank
    scale = np.exp(-decay * np.arange(rank))
    return (r.standard_normal((m, rank)) * scale) @ r.standard_normal((rank, n)) + mean


def rebuilt(spectrum):
    """Return the Gram matrix of the (centred) rows that the spectrum stands for."""
    return (spectrum.basis * spectrum.energies) @ spectrum.basis.T


def gram_of(x, center):
    x = np.asarray(x, np.float64)
    x = x - x.mean(axis=0) if center else x
    return torch.from_numpy(x.T @ x)


def gram_tolerance(x):
    # A sum of m products rounds by at most m eps of its size, eigh by n eps; what the cut drops is as large.
    m, n = x.shape
    return 8 * EPS * (m + n) * float(np.square(np.asarray(x, np.float64)).sum()) + 1e-300


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


def test_streaming_agrees_with_incremental_pca():
    x = spread(900, 8, mean=1.0, decay=0.3)
    stream, incremental = SpectrumAccumulator(8), IncrementalPCA(n_components=8)
    for part in np.array_split(x, 7):
        stream.update(part)
        incremental.partial_fit(part)
    whole = compute_spectrum(x, route="svd").singular_values
    np.testing.assert_allclose(stream.spectrum().singular_values, whole, rtol=1e-9)
    np.testing.assert_allclose(incremental.singular_values_, whole, rtol=1e-2)


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


@st.composite
def chunks(draw):
    """Draw a matrix, its centring, a chunking and a way to merge."""
    m, n = draw(st.integers(1, 60)), draw(st.integers(1, 12))
    mean = draw(st.sampled_from([0.0, 1.0, 100.0]))
    x = spread(m, n, draw(st.integers(0, 99)), mean=mean, rank=draw(st.integers(1, min(m, n))))
    cuts = sorted(draw(st.sets(st.integers(1, m - 1), max_size=6))) if m > 1 else []
    order = draw(st.permutations(range(len(cuts) + 1)))
    return x, draw(st.sampled_from(CENTERS)), np.split(x, cuts), order


class TestStreaming:
    @given(chunks())
    def test_streamed_and_merged_equal_whole_in_any_order(self, drawn):
        x, center, parts, order = drawn
        whole = compute_spectrum(x, center=center, route="svd")
        stream, merged = (SpectrumAccumulator(x.shape[1], center=center) for _ in range(2))
        for i in order:
            stream.update(parts[i])
            merged.merge(SpectrumAccumulator(x.shape[1], center=center).update(parts[i]))
        for found in (stream.spectrum(), merged.spectrum()):
            torch.testing.assert_close(rebuilt(found), rebuilt(whole), rtol=0, atol=gram_tolerance(x))
            assert found.n_samples == whole.n_samples
            if center == "mean":
                # The mean is a sum of m terms.
                atol = len(x) * EPS * float(np.abs(x).max())
                torch.testing.assert_close(found.mean, whole.mean, rtol=0, atol=atol)

    @given(chunks(), st.integers(1, 5))
    def test_the_tree_of_merges_does_not_matter(self, drawn, fan):
        x, center, parts, _ = drawn
        level = [SpectrumAccumulator(x.shape[1], center=center).update(part) for part in parts]
        while len(level) > 1:
            heads = level[:: fan + 1]
            for i, head in enumerate(heads):
                for other in level[i * (fan + 1) + 1 : (i + 1) * (fan + 1)]:
                    head.merge(other)
            level = heads
        assert level[0].count == len(x)
        torch.testing.assert_close(
            rebuilt(level[0].spectrum()), gram_of(x, center), rtol=0, atol=gram_tolerance(x)
        )

    def test_a_chunk_longer_than_a_block_is_added_in_blocks(self, monkeypatch):
        x = spread(50, 4, mean=1.0)
        whole = SpectrumAccumulator(4).update(x)
        monkeypatch.setattr(SpectrumAccumulator, "block_rows", 7)
        parts = SpectrumAccumulator(4).update(x)
        assert parts.count == whole.count == 50
        torch.testing.assert_close(
            parts.spectrum().singular_values, whole.spectrum().singular_values, rtol=1e-13, atol=0
        )

    def test_update_and_merge_return_the_accumulator_and_leave_the_other_alone(self):
        one, other = SpectrumAccumulator(2), SpectrumAccumulator(2)
        assert one.update([[1.0, 2.0]]) is one
        other.update([[3.0, 4.0], [5.0, 7.0]])
        before = other.spectrum().singular_values.clone()
        assert one.merge(other) is one
        one.update([[9.0, 9.0]])
        torch.testing.assert_close(other.spectrum().singular_values, before, rtol=0, atol=0)
        assert (one.count, other.count) == (4, 2)

    def test_a_refused_chunk_changes_nothing(self):
        stream = SpectrumAccumulator(2).update([[1.0, 2.0], [3.0, 5.0]])
        before = stream.spectrum().singular_values.clone()
        for bad in ([[1.0, float("nan")]], [[1.0, 2.0, 3.0]], np.zeros((0, 2))):
            with pytest.raises(DataError):
                stream.update(bad)
        torch.testing.assert_close(stream.spectrum().singular_values, before, rtol=0, atol=0)
        assert stream.count == 2

    def test_no_rows_no_spectrum(self):
        with pytest.raises(DataError, match="must have seen at least one row; got none: call update first"):
            SpectrumAccumulator(2).spectrum()

    def test_accumulators_that_do_not_fit_are_refused(self):
        with pytest.raises(
            DataError, match="other must have n_features=2 and center='mean'; got 3 and 'mean'"
        ):
            SpectrumAccumulator(2).merge(SpectrumAccumulator(3))
        with pytest.raises(DataError, match="got 2 and None"):
            SpectrumAccumulator(2).merge(SpectrumAccumulator(2, center=None))
        with pytest.raises(DataError, match=r"chunk must have 2 columns; got shape \(1, 3\)"):
            SpectrumAccumulator(2).update([[1.0, 2.0, 3.0]])
        with pytest.raises(ConfigError, match="n_features must be at least 1; got 0"):
            SpectrumAccumulator(0)


@pytest.mark.parametrize("center", CENTERS)
class TestFiles:
    def test_a_spectrum_comes_back_bit_for_bit(self, tmp_path, center):
        found = compute_spectrum(spread(30, 5), center=center, route="gram")
        found.save(tmp_path / "s.safetensors")
        again = Spectrum.load(tmp_path / "s.safetensors")
        for name in ("singular_values", "basis", "mean"):
            torch.testing.assert_close(getattr(again, name), getattr(found, name), rtol=0, atol=0)
        for name in ("n_samples", "n_features", "route", "center", "rank"):
            assert getattr(again, name) == getattr(found, name)

    def test_an_accumulator_goes_on_where_it_stopped(self, tmp_path, center):
        x = spread(30, 5)
        stream = SpectrumAccumulator(5, center=center).update(x[:11])
        stream.save(tmp_path / "a.safetensors")
        again = SpectrumAccumulator.load(tmp_path / "a.safetensors").update(x[11:])
        expected = stream.update(x[11:]).spectrum()
        torch.testing.assert_close(again.spectrum().basis, expected.basis, rtol=0, atol=0)
        assert (again.count, again.center, again.n_features) == (30, center, 5)

    def test_another_file_is_refused(self, tmp_path, center):
        path = tmp_path / "a.safetensors"
        SpectrumAccumulator(5, center=center).save(path)
        with pytest.raises(
            DataError, match=r"path must be a file written by Spectrum.save; got .*a.safetensors"
        ):
            Spectrum.load(path)
        path.write_bytes(b"not a file of tensors")
        with pytest.raises(
            DataError, match=r"path must be a file written by SpectrumAccumulator.save; cannot read"
        ):
            SpectrumAccumulator.load(path)
        with pytest.raises(DataError, match="cannot read"):
            Spectrum.load(tmp_path / "missing.safetensors")

    def test_a_failed_write_leaves_the_old_file(self, tmp_path, center):
        found = compute_spectrum(spread(30, 5), center=center)
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="folder"):
            found.save(tmp_path / "folder")
        assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_wrong_options_are_refused_before_any_work():
    with pytest.raises(ConfigError, match="center must be \"mean\" or None; got 'median'"):
        compute_spectrum("not looked at", center="median")
    with pytest.raises(ConfigError, match='route must be "svd", "gram", "mixed" or None; got \'qr\''):
        compute_spectrum("not looked at", route="qr")


class TestJoint:
    @pytest.mark.parametrize("center", CENTERS)
    @pytest.mark.parametrize("shape", [(1, 3), (30, 4), (4, 30), (2000, 80)])
    def test_it_is_the_spectrum_of_all_rows(self, shape, center):
        x, y = spread(*shape, seed=1, mean=1.0), spread(*shape, seed=2, mean=-1.0)
        rows = np.concatenate([x, y])
        found = sde.compute_joint_spectrum(x, y, center=center)
        streamed = SpectrumAccumulator(shape[1], center=center)
        for a, b in zip(np.array_split(x, 3), np.array_split(y, 3), strict=True):
            if len(a):
                streamed.update(a).update(b)
        for one in (found, streamed.spectrum()):
            torch.testing.assert_close(rebuilt(one), gram_of(rows, center), rtol=0, atol=gram_tolerance(rows))
        assert found.n_samples == 2 * shape[0]

    def test_the_gap_between_the_modalities_is_one_direction(self):
        gap = np.array([3.0, 0.0, 4.0])
        found = sde.compute_joint_spectrum(np.zeros((5, 3)), np.zeros((5, 3)) + gap)
        assert found.rank == 1
        # Ten rows, each half of the gap away from the mean.
        np.testing.assert_allclose(found.singular_values, [math.sqrt(10) * 2.5], rtol=1e-14)
        np.testing.assert_allclose(found.basis[:, 0], gap / 5, atol=1e-14)

    def test_pairs_that_do_not_match_are_refused(self):
        with pytest.raises(DataError, match="image and text must have one row per pair; got 3 and 4 rows"):
            sde.compute_joint_spectrum(np.ones((3, 2)), np.ones((4, 2)))
        with pytest.raises(DataError, match="the same width; got 2 and 3"):
            sde.compute_joint_spectrum(np.ones((3, 2)), np.ones((3, 3)))


def covariance(x, y, center):
    if center:
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return x.T @ y / len(x)


def rebuilt_cross(found):
    return (found.image_basis * found.singular_values) @ found.text_basis.T


def cross_tolerance(x, y):
    # A mean of m products, rounded as a sum of m terms; the SVD adds max(n, p) eps.
    size = math.sqrt(np.square(x).sum() * np.square(y).sum()) / len(x)
    return 4 * EPS * (len(x) + x.shape[1] + y.shape[1]) * size


@st.composite
def paired_chunks(draw):
    m, n, p = draw(st.integers(1, 50)), draw(st.integers(1, 8)), draw(st.integers(1, 8))
    mean = draw(st.sampled_from([0.0, 1.0, 100.0]))
    x, y = (spread(m, k, draw(st.integers(0, 99)), mean=mean) for k in (n, p))
    cuts = sorted(draw(st.sets(st.integers(1, m - 1), max_size=5))) if m > 1 else []
    order = draw(st.permutations(range(len(cuts) + 1)))
    parts = list(zip(np.split(x, cuts), np.split(y, cuts), strict=True))
    return x, y, draw(st.sampled_from(CENTERS)), parts, order


class TestCross:
    @given(paired_chunks())
    def test_streamed_and_merged_equal_the_covariance_in_any_order(self, drawn):
        x, y, center, parts, order = drawn
        widths = x.shape[1], y.shape[1]
        expected, atol = covariance(x, y, center), cross_tolerance(x, y)
        stream, merged = (sde.CrossSpectrumAccumulator(*widths, center=center) for _ in range(2))
        for i in order:
            stream.update(*parts[i])
            merged.merge(sde.CrossSpectrumAccumulator(*widths, center=center).update(*parts[i]))
        whole = sde.compute_cross_spectrum(x, y, center=center)
        for found in (whole, stream.spectrum(), merged.spectrum()):
            np.testing.assert_allclose(rebuilt_cross(found), expected, rtol=0, atol=atol)
            exact = np.linalg.svd(expected, compute_uv=False)[: found.rank]
            np.testing.assert_allclose(found.singular_values, exact, rtol=0, atol=atol)
            for basis in (found.image_basis, found.text_basis):
                identity = np.eye(found.rank)
                np.testing.assert_allclose(basis.T @ basis, identity, rtol=0, atol=1e-13)
            assert found.n_samples == len(x)
            assert found.rank <= max(0, len(x) - (center == "mean"))

    def test_it_is_scikit_learns_pls_svd(self):
        x = spread(200, 6, seed=1)
        y = x[:, :4] * [4, 3, 2, 1] + 0.3 * spread(200, 4, seed=2)
        found = sde.compute_cross_spectrum(x, y)
        theirs = PLSSVD(n_components=4, scale=False).fit(x, y)
        for mine, other in ((found.image_basis, theirs.x_weights_), (found.text_basis, theirs.y_weights_)):
            for i in range(4):
                a, b = mine[:, i].numpy(), other[:, i]
                np.testing.assert_allclose(np.outer(a, a), np.outer(b, b), atol=1e-10)

    def test_whitened_it_is_canonical_correlation(self):
        from sklearn.cross_decomposition import CCA

        x = spread(300, 4, seed=1)
        y = x @ spread(4, 3, seed=5) + 2 * spread(300, 3, seed=2)
        white = []
        for z in (x, y):
            s = compute_spectrum(z)
            white.append((z - s.mean.numpy()) @ (s.basis / s.singular_values).numpy() * math.sqrt(300))
        found = sde.compute_cross_spectrum(*white)
        a, b = CCA(n_components=3, tol=1e-12, max_iter=10_000).fit_transform(x, y)
        correlations = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(3)]
        # CCA of scikit-learn iterates; it stops at weights that are right to the square root of tol.
        np.testing.assert_allclose(found.singular_values, correlations, atol=1e-6)

    def test_the_coefficients_covary_by_the_singular_values(self):
        x, y = spread(50, 5, seed=1), spread(50, 7, seed=2)
        found = sde.compute_cross_spectrum(x, y)
        a = (x - x.mean(axis=0)) @ found.image_basis.numpy()
        b = (y - y.mean(axis=0)) @ found.text_basis.numpy()
        np.testing.assert_allclose((a * b).mean(axis=0), found.singular_values, atol=cross_tolerance(x, y))
        leading = found.image_basis.abs().argmax(dim=0)
        assert bool((found.image_basis.gather(0, leading[None]) > 0).all())

    def test_the_cut_is_that_of_all_rows_after_a_merge(self):
        x, y = spread(300, 6, seed=1, rank=1), spread(300, 5, seed=2, rank=1)
        stream = sde.CrossSpectrumAccumulator(6, 5, center=None).update(x, y)
        assert stream.spectrum().rank == 1
        stream.merge(
            sde.CrossSpectrumAccumulator(6, 5, center=None).update(np.zeros((3, 6)), np.zeros((3, 5)))
        )
        assert stream.spectrum().rank == 1

    def test_unrelated_constants_have_no_direction(self):
        assert sde.compute_cross_spectrum(np.full((9, 2), 0.1), spread(9, 3)).rank == 0
        assert sde.compute_cross_spectrum([[1.0, 2.0]], [[3.0]]).rank == 0
        assert sde.compute_cross_spectrum([[1.0, 2.0]], [[3.0]], center=None).rank == 1

    @pytest.mark.parametrize("center", CENTERS)
    def test_files_come_back_bit_for_bit(self, tmp_path, center):
        x, y = spread(20, 3, seed=1), spread(20, 4, seed=2)
        stream = sde.CrossSpectrumAccumulator(3, 4, center=center).update(x[:7], y[:7])
        stream.save(tmp_path / "a")
        again = sde.CrossSpectrumAccumulator.load(tmp_path / "a").update(x[7:], y[7:]).spectrum()
        found = stream.update(x[7:], y[7:]).spectrum()
        found.save(tmp_path / "s")
        for other in (again, sde.CrossSpectrum.load(tmp_path / "s")):
            for name in ("singular_values", "image_basis", "text_basis", "image_mean", "text_mean"):
                torch.testing.assert_close(getattr(other, name), getattr(found, name), rtol=0, atol=0)
            assert other.n_samples == 20
        with pytest.raises(DataError, match=r"written by CrossSpectrum.save; got"):
            sde.CrossSpectrum.load(tmp_path / "a")
        with pytest.raises(DataError, match=r"written by CrossSpectrumAccumulator.save; got"):
            sde.CrossSpectrumAccumulator.load(tmp_path / "s")

    def test_what_does_not_fit_is_refused_and_changes_nothing(self):
        stream = sde.CrossSpectrumAccumulator(2, 3).update(spread(5, 2), spread(5, 3))
        before = stream.spectrum().singular_values
        with pytest.raises(DataError, match="image and text must have one row per pair; got 2 and 1 rows"):
            stream.update(np.ones((2, 2)), np.ones((1, 3)))
        with pytest.raises(DataError, match=r"text must have 3 columns; got shape \(2, 2\)"):
            stream.update(np.ones((2, 2)), np.ones((2, 2)))
        with pytest.raises(DataError, match="text must be finite; got nan at row 1, column 0"):
            stream.update(np.ones((2, 2)), [[1, 1, 1], [float("nan"), 1, 1]])
        with pytest.raises(DataError, match=r"other must have widths and center \(2, 3, 'mean'\); got"):
            stream.merge(sde.CrossSpectrumAccumulator(3, 2))
        assert stream.count == 5
        torch.testing.assert_close(stream.spectrum().singular_values, before, rtol=0, atol=0)
        with pytest.raises(DataError, match="must have seen at least one pair"):
            sde.CrossSpectrumAccumulator(2, 3).spectrum()
        with pytest.raises(ConfigError, match="n_text_features must be at least 1; got 0"):
            sde.CrossSpectrumAccumulator(2, 0)
        with pytest.raises(ConfigError, match="center must be"):
            sde.compute_cross_spectrum([[1.0]], [[1.0]], center="median")


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
