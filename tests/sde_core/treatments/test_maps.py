"""Linear baselines against loops, scikit-learn and the laws of every map."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import sde_core as sde
from tests.sde_core.treatments.clouds import EXACT, MAPS, cloud, normal, rotation

CHECK = settings(deadline=None, derandomize=True, max_examples=20)


def covariance(x):
    return torch.cov(x.T)


def test_mean_shift_closes_the_modality_gap():
    image, text = cloud(), cloud(seed=1) - 5
    moved = sde.fit_mean_shift(image)(image), sde.fit_mean_shift(text)(text)
    torch.testing.assert_close(moved[0].mean(0), torch.zeros(6).double(), **EXACT)
    torch.testing.assert_close(covariance(moved[1]), covariance(text), **EXACT)
    before, after = sde.alignment_metrics(image, text), sde.alignment_metrics(*moved)
    assert after["modality_gap"] < 0.2 < before["modality_gap"]


@pytest.mark.parametrize("k", [0, 1, 3])
def test_all_but_the_top_is_its_loop(k):
    reference, new = cloud().numpy(), cloud(9, seed=5).numpy()
    components = PCA(k).fit(reference).components_ if k else np.zeros((0, 6))
    expected = new - reference.mean(0)
    for direction in components:
        expected = expected - np.outer((new - reference.mean(0)) @ direction, direction)
    found = sde.fit_all_but_the_top(reference, n_directions=k)(new)
    np.testing.assert_allclose(found, expected, **EXACT)


def test_all_but_the_top_removes_one_in_a_hundred_directions():
    assert sde.fit_all_but_the_top(cloud()).basis.shape == (6, 1)
    assert sde.fit_all_but_the_top(normal(20, 300)).basis.shape == (300, 3)


@pytest.mark.parametrize("k", [1, 4, 6])
def test_pca_truncation_is_that_of_scikit_learn(k):
    reference, new = cloud().numpy(), cloud(9, seed=5).numpy()
    pca = PCA(k).fit(reference)
    found = sde.fit_pca_truncation(reference, n_directions=k)(new)
    np.testing.assert_allclose(found, pca.inverse_transform(pca.transform(new)), **EXACT)


def test_pca_truncation_to_all_directions_changes_nothing():
    x = cloud()
    torch.testing.assert_close(sde.fit_pca_truncation(x, n_directions=6)(x), x, **EXACT)


def test_pca_whitening_is_that_of_scikit_learn():
    reference, new = cloud().numpy(), cloud(9, seed=5).numpy()
    pca = PCA(whiten=True).fit(reference)
    found = sde.fit_whitening(reference, kind="pca", shrinkage=0)
    signs = np.sign(np.sum(found.basis.numpy() * pca.components_.T, axis=0))
    np.testing.assert_allclose(found(new), pca.transform(new) * signs, **EXACT)


def test_zca_whitening_gives_the_identity_and_turns_nothing():
    x = cloud()
    white = sde.fit_whitening(x, shrinkage=0)
    torch.testing.assert_close(covariance(white(x)), torch.eye(6).double(), **EXACT)
    eye = torch.eye(6).double()
    matrix = white(eye + white.mean)
    torch.testing.assert_close(matrix, matrix.T, **EXACT)
    assert float(torch.linalg.eigvalsh(matrix).min()) > 0


@CHECK
@given(st.floats(0.001, 1), st.integers(2, 30))
def test_shrinkage_is_that_of_the_shrunk_covariance(shrinkage, m):
    # Rank deficient for m <= 6: the formula on the whole (n, n) covariance is the reference.
    x = cloud(m)
    full = covariance(x)
    shrunk = (1 - shrinkage) * full + shrinkage * full.trace() / 6 * torch.eye(6)
    values, vectors = torch.linalg.eigh(shrunk)
    new = cloud(9, seed=5)
    expected = (new - x.mean(0)) @ vectors @ torch.diag(values**-0.5) @ vectors.T
    found = sde.fit_whitening(x, shrinkage=shrinkage)(new)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_whitening_drops_directions_without_variance():
    x = cloud(4)
    white = sde.fit_whitening(x, shrinkage=0)(x)
    cov = covariance(white)
    torch.testing.assert_close(cov @ cov, cov, **EXACT)
    assert float(cov.trace()) == pytest.approx(3)
    assert bool(sde.fit_whitening(x, shrinkage=0)(cloud(5, seed=3)).isfinite().all())


@pytest.mark.parametrize("fit", MAPS.values(), ids=MAPS)
class TestEveryMap:
    def test_a_spectrum_is_as_good_as_the_rows(self, fit):
        x = cloud()
        from_rows, from_spectrum = fit(x)(x), fit(sde.compute_spectrum(x))(x)
        torch.testing.assert_close(from_rows, from_spectrum, **EXACT)

    def test_it_is_affine(self, fit):
        x, y = cloud(), cloud(seed=7)
        fitted = fit(x)
        torch.testing.assert_close(
            fitted(0.3 * x + 0.7 * y), 0.3 * fitted(x) + 0.7 * fitted(y), rtol=1e-7, atol=1e-7
        )

    def test_it_follows_a_rotation(self, fit):
        x, turn = cloud(), rotation(6, 9)
        found, turned = fit(x)(x), fit(x @ turn)(x @ turn)
        gram, gram_turned = found @ found.T, turned @ turned.T
        torch.testing.assert_close(gram_turned, gram, **EXACT)

    def test_it_is_saved_bit_for_bit(self, fit, tmp_path):
        fitted = fit(cloud())
        fitted.save(tmp_path / "map.safetensors")
        loaded = sde.LinearMap.load(tmp_path / "map.safetensors")
        new = cloud(5, seed=2)
        assert torch.equal(loaded(new), fitted(new))
        assert (loaded.name, loaded.output) == (fitted.name, fitted.output)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
    def test_it_keeps_the_dtype_and_the_kind(self, fit, dtype):
        x = cloud()
        fitted = fit(x)
        found = fitted(x.to(dtype))
        assert found.dtype == dtype
        torch.testing.assert_close(found, fitted(x.to(dtype).double()).to(dtype), rtol=0, atol=0)
        assert isinstance(fitted(x.numpy()), np.ndarray)

    def test_blocks_change_nothing(self, fit, monkeypatch):
        x = cloud()
        whole = fit(x)(x)
        monkeypatch.setattr("sde_core.shaping.transform.BLOCK_ROWS", 7)
        torch.testing.assert_close(fit(x)(x), whole, **EXACT)

    def test_few_rows_stay_finite(self, fit):
        assert bool(fit(cloud(3))(cloud(3)).isfinite().all())

    def test_another_width_is_refused(self, fit):
        with pytest.raises(sde.DataError, match="6 columns"):
            fit(cloud())(torch.ones(2, 5))

    def test_an_uncentred_spectrum_is_refused(self, fit):
        with pytest.raises(sde.DataError, match="centred"):
            fit(sde.compute_spectrum(cloud(), center=None))


def test_one_reference_row():
    one = cloud(1)
    assert sde.fit_mean_shift(one)(one).tolist() == [[0] * 6]
    assert sde.fit_all_but_the_top(one)(one).tolist() == [[0] * 6]
    torch.testing.assert_close(sde.fit_pca_truncation(one, n_directions=1)(one), one, **EXACT)
    with pytest.raises(sde.DataError, match="constant"):
        sde.fit_whitening(one)


def test_joint_pca_keeps_the_same_directions_of_both_and_each_mean():
    image, text = cloud(60), cloud(50, seed=4) + 1
    maps = sde.fit_joint_pca(image, text, n_directions=2)
    both = torch.cat([image - image.mean(0), text - text.mean(0)])
    values, turns = torch.linalg.eigh(both.T @ both)
    kept = turns[:, values.argsort(descending=True)[:2]]
    for found, rows in zip(maps, (image, text), strict=True):
        centred = rows - rows.mean(0)
        torch.testing.assert_close(found(rows), rows.mean(0) + centred @ kept @ kept.T, **EXACT)
    whole = sde.fit_joint_pca(image, text, n_directions=6)[0]
    torch.testing.assert_close(whole(image), image, **EXACT)
    with pytest.raises(sde.ConfigError, match=r"\[1, 6\]; got 7"):
        sde.fit_joint_pca(image, text, n_directions=7)
    with pytest.raises(sde.DataError, match="same width; got 6 and 5"):
        sde.fit_joint_pca(image, text[:, :5], n_directions=2)
