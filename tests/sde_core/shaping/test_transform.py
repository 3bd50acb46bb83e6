"""The fitted map: against dense algebra, its promises, its file, its refusals."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sde_core.errors import ConfigError, DataError
from sde_core.shaping.transform import SpectralTransform, apply_gains
from sde_core.spectra.spectrum import compute_spectrum


def features(m=40, n=8, seed=0, dtype=torch.float64):
    x = torch.randn(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.7
    return x.to(dtype)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    m=st.integers(1, 20),
    n=st.integers(1, 10),
    center=st.sampled_from([None, "mean"]),
    seed=st.integers(0, 999),
)
def test_the_map_is_the_dense_affine_map(m, n, center, seed):
    spectrum = compute_spectrum(features(m, n, seed), center=center)
    gains = torch.rand(spectrum.rank, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2
    x = features(6, n, seed + 1)
    v, mean = spectrum.basis.numpy(), np.zeros(n) if center is None else spectrum.mean.numpy()
    a = np.eye(n) + v @ np.diag(gains.numpy() - 1) @ v.T
    expected = (x.numpy() - mean) @ a + mean
    # n + k rounded products per entry, entries of order 1
    np.testing.assert_allclose(SpectralTransform.fit(spectrum, gains)(x), expected, rtol=1e-12, atol=1e-12)


def test_gains_of_one_are_the_identity_bit_for_bit_and_hold_no_direction():
    x = features()
    transform = SpectralTransform.fit(compute_spectrum(x), torch.ones(8))
    assert transform.rank == 0
    assert torch.equal(transform(x), x)


def test_the_mean_and_every_direction_outside_the_basis_pass_unchanged():
    x = features(4, 8)  # rank 3 after centring: five directions are outside
    spectrum = compute_spectrum(x)
    transform = SpectralTransform.fit(spectrum, torch.zeros(spectrum.rank))
    y = transform(x)
    torch.testing.assert_close(y, spectrum.mean.expand_as(y), rtol=0, atol=1e-14)  # all that varied is pruned
    outside = torch.linalg.svd(spectrum.basis.T, full_matrices=True).Vh[spectrum.rank :]
    torch.testing.assert_close(
        transform(outside + spectrum.mean), outside + spectrum.mean, rtol=0, atol=1e-14
    )


def test_pruning_leaves_no_energy_along_the_pruned_directions():
    x = features()
    spectrum = compute_spectrum(x, center=None)
    gains = torch.ones(8)
    gains[5:] = 0.0
    y = SpectralTransform.fit(spectrum, gains)(x)
    assert float((y @ spectrum.basis[:, 5:]).abs().max()) < 1e-13 * float(x.norm())
    torch.testing.assert_close(y @ spectrum.basis[:, :5], x @ spectrum.basis[:, :5], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_callers_dtype_comes_back_with_its_own_rounding(dtype):
    x = features()
    gains = torch.linspace(1.5, 0.2, 8, dtype=torch.float64)
    transform = SpectralTransform.fit(compute_spectrum(x), gains)
    y = transform(x.to(dtype))
    assert y.dtype == dtype
    exact = transform(x.to(dtype).to(torch.float64))
    # one rounding of the result (half a unit), and float32 or float64 products of 8 terms of order 4
    inner = torch.finfo(torch.promote_types(dtype, torch.float32)).eps
    torch.testing.assert_close(
        y.to(torch.float64), exact, rtol=0.51 * torch.finfo(dtype).eps, atol=32 * inner
    )


def test_arrays_give_arrays_and_integers_become_float64():
    transform = SpectralTransform.fit(compute_spectrum(features()), torch.full((8,), 0.5))
    y = transform(np.ones((2, 8), dtype=np.float32))
    assert isinstance(y, np.ndarray)
    assert y.dtype == np.float32
    assert transform(np.ones((2, 8), dtype=np.int64)).dtype == np.float64
    with torch.no_grad():
        torch.testing.assert_close(transform(torch.ones(2, 8)), torch.from_numpy(y))


def test_the_map_is_differentiable_in_its_rows():
    spectrum = compute_spectrum(features())
    gains = torch.linspace(1.5, 0.2, 8, dtype=torch.float64)
    transform = SpectralTransform.fit(spectrum, gains)
    assert torch.autograd.gradcheck(transform, features(3).requires_grad_())
    x = features(3)
    assert torch.autograd.gradcheck(
        lambda g: apply_gains(x, spectrum.basis, g, spectrum.mean), gains.clone().requires_grad_()
    )


@pytest.mark.parametrize("center", [None, "mean"])
def test_a_saved_map_comes_back_bit_for_bit(tmp_path, center):
    transform = SpectralTransform.fit(compute_spectrum(features(), center=center), torch.rand(8))
    transform.save(tmp_path / "map.safetensors")
    loaded = SpectralTransform.load(tmp_path / "map.safetensors")
    assert torch.equal(loaded.basis, transform.basis)
    assert torch.equal(loaded.gains, transform.gains)
    assert (loaded.mean is None) == (center is None)
    x = features(seed=5, dtype=torch.float32)
    assert torch.equal(loaded(x), transform(x))
    assert [p.name for p in tmp_path.iterdir()] == ["map.safetensors"]


def test_a_map_of_nothing_survives_the_file(tmp_path):
    transform = SpectralTransform.fit(compute_spectrum(torch.ones(3, 4)), torch.ones(0))
    transform.save(tmp_path / "map")
    assert torch.equal(SpectralTransform.load(tmp_path / "map")(torch.ones(1, 4)), torch.ones(1, 4))


def test_files_that_are_not_a_map_are_refused(tmp_path):
    from safetensors.torch import save_file

    with pytest.raises(DataError, match="cannot read"):
        SpectralTransform.load(tmp_path / "missing")
    (tmp_path / "junk").write_bytes(b"not safetensors at all")
    with pytest.raises(DataError, match="cannot read"):
        SpectralTransform.load(tmp_path / "junk")
    compute_spectrum(features()).save(tmp_path / "spectrum")
    with pytest.raises(DataError, match="written by SpectralTransform"):
        SpectralTransform.load(tmp_path / "spectrum")
    parts = {"basis": torch.ones(4, 2), "gains": torch.ones(3)}
    save_file(parts, tmp_path / "odd", metadata={"kind": "sde.transform"})
    with pytest.raises(DataError, match="path must hold basis"):
        SpectralTransform.load(tmp_path / "odd")
    bare = {"basis": torch.ones(4, 2), "gains": torch.ones(2)}
    save_file(bare, tmp_path / "bare", metadata={"kind": "sde.linear_map", "name": "x"})
    with pytest.raises(DataError, match="beside a shift"):
        SpectralTransform.load(tmp_path / "bare")
    with pytest.raises(ConfigError, match="rest must be 1 in a map without a shift"):
        replace(SpectralTransform.fit(compute_spectrum(features()), torch.ones(8)), rest=0.5)


def test_rows_and_gains_that_do_not_fit_are_refused():
    spectrum = compute_spectrum(features())
    transform = SpectralTransform.fit(spectrum, torch.full((8,), 0.5))
    with pytest.raises(DataError, match="x must have 8 columns"):
        transform(torch.ones(2, 7))
    with pytest.raises(DataError, match="x must be finite; got nan at row 1, column 0"):
        transform(torch.tensor([[1.0] * 8, [float("nan")] + [1.0] * 7]))
    with pytest.raises(DataError, match="one entry per direction, 8; got 7"):
        SpectralTransform.fit(spectrum, torch.ones(7))
    with pytest.raises(ConfigError, match="position 2"):
        SpectralTransform.fit(spectrum, torch.tensor([1.0, 1, -1, 1, 1, 1, 1, 1]))


def test_wide_rows_never_meet_a_square_matrix():
    # n = 40,000: an n x n matrix would take 12.8 GB
    x = features(6, 40_000)
    spectrum = compute_spectrum(x, center=None)
    y = SpectralTransform.fit(spectrum, torch.full((6,), 0.5))(x)
    torch.testing.assert_close(y, 0.5 * x, rtol=0, atol=1e-12)


def test_one_class_under_three_names_reads_every_file_of_it(tmp_path):
    import sde_core as sde

    assert sde.AffineMap is sde.SpectralTransform is sde.LinearMap
    x = features()
    maps = {
        "gains": sde.AffineMap.fit(compute_spectrum(x), torch.linspace(1.5, 0.2, 8)),
        "shift": sde.fit_mean_shift(x),
        "rest": sde.fit_pca_truncation(x, n_directions=3),
        "coordinates": sde.fit_whitening(x, kind="pca"),
    }
    for name, made in maps.items():
        made.save(tmp_path / name)
        assert torch.equal(sde.AffineMap.load(tmp_path / name)(x), made(x)), name


@pytest.mark.parametrize(("name", "kind"), [("gains", "sde.transform"), ("rest", "sde.linear_map")])
def test_files_keep_the_form_that_they_have_always_had(tmp_path, name, kind):
    from safetensors import safe_open

    x = features()
    made = SpectralTransform.fit(compute_spectrum(x), torch.full((8,), 0.5))
    if name == "rest":
        made = replace(made, name="old", shift=made.mean, rest=0.5)
    made.save(tmp_path / "map")
    with safe_open(tmp_path / "map", framework="pt") as file:
        header, parts = file.metadata(), set(file.keys())
    if name == "gains":
        assert (header, parts) == ({"kind": kind}, {"basis", "gains", "mean"})
    else:
        assert header == {"kind": kind, "name": "old", "rest": (0.5).hex(), "output": "features"}
        assert parts == {"basis", "gains", "mean", "shift"}


def test_a_shift_equal_to_the_mean_is_the_map_without_one():
    x = features()
    plain = SpectralTransform.fit(compute_spectrum(x), torch.linspace(1.5, 0.2, 8))
    # two float64 evaluations of one formula, entries of order 4
    torch.testing.assert_close(replace(plain, shift=plain.mean)(x), plain(x), rtol=1e-13, atol=1e-13)


@pytest.mark.gpu
def test_rows_on_the_gpu_stay_there_and_agree_with_the_cpu():
    transform = SpectralTransform.fit(compute_spectrum(features()), torch.linspace(1.5, 0.2, 8))
    x = features(seed=2)
    y = transform(x.cuda())
    assert y.is_cuda
    torch.testing.assert_close(y.cpu(), transform(x), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(transform.to("cuda")(x.cuda()), y)
