"""The spectrum of both modalities together, and of their covariance."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cross_decomposition import PLSSVD

import sde_core as sde
from sde_core import SpectrumAccumulator, compute_spectrum
from sde_core.errors import ConfigError, DataError
from tests.sde_core.spectra.matrices import (
    CENTERS,
    covariance,
    cross_tolerance,
    gram_of,
    gram_tolerance,
    rebuilt,
    rebuilt_cross,
    spread,
)


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
