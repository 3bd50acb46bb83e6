"""The mixed route: values above a millionth of the largest to a millionth, whatever the spectrum; what it reads."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import sde_core as sde
from sde_core import Spectrum, SpectrumAccumulator, compute_spectrum
from sde_core.errors import DataError
from sde_core.spectra import mixed
from sde_core.spectra.row_blocks import RowBlocks

CHECK = settings(deadline=None, derandomize=True, max_examples=40)


def shaped(m, n, values, seed=0, *, cone=0.0, dtype=np.float32):
    """Return (m, n) rows with about the given spectrum, around a mean of ``cone`` times their size."""
    r = np.random.default_rng(seed)
    turn = np.linalg.qr(r.standard_normal((n, n)))[0]
    x = (r.standard_normal((m, n)) * values) @ turn.T / np.sqrt(m)
    return (x + cone * np.linalg.norm(values) / np.sqrt(m * n) * r.standard_normal(n)).astype(dtype)


def exact(x, center):
    x = np.asarray(x, np.float64)
    x = x - x.mean(axis=0) if center else x
    return np.linalg.svd(x, compute_uv=False)


def assert_contract(found, x, center):
    values = exact(x, center)
    rank_cut = np.finfo(float).eps * max(x.shape) * np.linalg.norm(np.asarray(x, np.float64))
    assert found.rank >= (values > max(2 * rank_cut, 1e-6 * values[0])).sum()
    true = values[: found.rank]
    off = np.abs(found.singular_values.numpy() - true) / true
    large = true > 1e-6 * values[0]
    # The SVD that is compared with is itself off by some eps s_1.
    reference = 50 * np.finfo(float).eps * values[0] / true
    assert (off[large] <= 1e-6).all()
    assert (off <= found.relative_errors.numpy() + reference).all()
    assert (found.relative_errors.numpy()[large] <= 1.1e-6).all()
    identity = torch.eye(found.rank, dtype=torch.float64)
    torch.testing.assert_close(found.basis.T @ found.basis, identity, rtol=0, atol=1e-12)
    # Energies along the basis: a vector that is off by an angle loses its square.
    centred = np.asarray(x, np.float64) - (found.mean.numpy() if center else 0)
    along = np.linalg.norm(centred @ found.basis.numpy(), axis=0)
    np.testing.assert_allclose(along[large], found.singular_values.numpy()[large], rtol=2e-6)


@pytest.mark.parametrize("center", [None, "mean"])
@pytest.mark.parametrize("cone", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("condition", [1e1, 1e3, 1e4, 1e6, 1e8])
def test_condition_numbers_up_to_1e8(condition, cone, center):
    n = 96
    x = shaped(6000, n, np.geomspace(1, 1 / condition, n), cone=cone)
    assert_contract(compute_spectrum(x, center=center, route="mixed"), x, center)


@CHECK
@given(
    m=st.integers(300, 3000),
    n=st.integers(2, 60),
    decay=st.floats(0, 4),
    plateaus=st.integers(1, 6),
    cone=st.sampled_from([0.0, 0.5, 30.0]),
    seed=st.integers(0, 999),
    center=st.sampled_from([None, "mean"]),
)
def test_every_value_above_a_millionth_of_the_largest_is_right(m, n, decay, plateaus, cone, seed, center):
    # Power laws with steps, so that directions of equal energy and gaps occur too.
    steps = np.ceil(np.arange(1, n + 1) * plateaus / n) if seed % 2 else np.arange(1.0, n + 1)
    x = shaped(m, n, steps**-decay, seed, cone=cone)
    assert_contract(compute_spectrum(x, center=center, route="mixed"), x, center)


def test_few_rows_for_each_column_go_to_float64_at_once(monkeypatch):
    monkeypatch.setattr(
        mixed._Passes, "first", lambda self: pytest.fail("a pass in float32 costs time for nothing")
    )
    x = shaped(1000, 300, np.arange(1.0, 301) ** -1.0)
    found = compute_spectrum(x)
    assert found.route == "mixed"
    assert_contract(found, x, "mean")
    x[7, 7] = np.nan
    with pytest.raises(DataError, match="got nan at row 7, column 7"):
        compute_spectrum(x)


@pytest.mark.parametrize("condition", [10, 1e7])
def test_the_solver_of_many_columns(condition):
    x = shaped(1200, 520, np.geomspace(1, 1 / condition, 520))
    assert_contract(compute_spectrum(x), x, "mean")


def test_a_bound_is_never_beaten_by_the_first_pass_alone(monkeypatch):
    monkeypatch.setattr(mixed._Passes, "n_doubtful", 0)
    for seed in range(6):
        x = shaped(20_000, 64, np.arange(1.0, 65) ** -0.6, seed, cone=2)
        found = compute_spectrum(x, route="mixed")
        off = np.abs(found.singular_values.numpy() / exact(x, True) - 1)
        assert (off <= found.relative_errors.numpy()).all()
        # And it says something: not a hundred times what happened.
        assert float(found.relative_errors.max()) < 100 * off.max()


def test_float32_and_half_take_it_float64_keeps_float64():
    x = shaped(6000, 64, np.arange(1.0, 65) ** -0.5)
    for dtype, route in ((np.float32, "mixed"), (np.float16, "mixed"), (np.float64, "gram")):
        assert compute_spectrum(x.astype(dtype)).route == route
        assert compute_spectrum(torch.from_numpy(x.astype(dtype))).route == route
    assert compute_spectrum(torch.from_numpy(x).bfloat16()).route == "mixed"
    assert compute_spectrum(x, route="gram").route == "gram"
    assert compute_spectrum(x, route="gram").relative_errors is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_taken_at_its_own_values(dtype):
    x = torch.from_numpy(shaped(6000, 64, np.arange(1.0, 65) ** -0.5, cone=1)).to(dtype)
    assert_contract(compute_spectrum(x), x.double().numpy(), "mean")


def test_a_memory_map_is_read_in_order_and_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    x = shaped(9000, 40, np.arange(1.0, 41) ** -0.3).astype(np.float16)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    starts = []

    class Watched:
        shape, dtype = mapped.shape, mapped.dtype

        def __len__(self):
            return len(mapped)

        def __getitem__(self, rows):
            starts.append((rows.start or 0, rows.stop))
            return mapped[rows]

    found = mixed.mixed_eigen(RowBlocks([Watched()]), centred=True)
    _head, *blocks = starts
    assert [start for start, _ in blocks] == list(range(0, 9000, 512))
    assert max(stop - start for start, stop in starts) <= 1024
    torch.testing.assert_close(
        found.energies.sqrt(), compute_spectrum(mapped).singular_values, rtol=0, atol=0
    )


def test_a_large_mean_and_a_tiny_spread_keep_their_rank():
    x = (np.random.default_rng(0).standard_normal((200_000, 4)) * 1e-2 + 1e3).astype("f4")
    values = exact(x, True)
    for found in (
        compute_spectrum(x),
        compute_spectrum(x.astype("f8")),
        SpectrumAccumulator(4).update(x[:70_000]).merge(SpectrumAccumulator(4).update(x[70_000:])).spectrum(),
    ):
        # The mean rounds at eps 1e3: against a spread of 1e-2 that is 1e-11 of it.
        np.testing.assert_allclose(
            found.singular_values, values, rtol=1e-6 if found.route == "mixed" else 1e-8
        )
        assert found.rank == 4


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e12, 1e25])
def test_rows_of_any_size(scale):
    x = shaped(6000, 50, np.arange(1.0, 51) ** -0.5, cone=1)
    found, plain = compute_spectrum(np.float32(scale) * x), compute_spectrum(x)
    assert found.route == "mixed"
    np.testing.assert_allclose(found.singular_values, scale * plain.singular_values.numpy(), rtol=2e-6)


def test_squares_beyond_float32_go_to_float64():
    x = shaped(6000, 50, np.ones(50))
    x[5000] *= 1e25  # long after the rows that the scale is taken from
    found = compute_spectrum(x)
    assert found.route == "gram"
    np.testing.assert_allclose(found.singular_values[0], exact(x, True)[0], rtol=1e-9)


@pytest.mark.parametrize("rank", [0, 1, 7])
def test_exact_rank_is_found(rank):
    r = np.random.default_rng(0)
    x = (r.integers(-3, 4, (9000, rank)) @ r.integers(-3, 4, (rank, 40)) + 5).astype(np.float32)
    found = compute_spectrum(x)
    assert (found.route, found.rank) == ("mixed", rank)
    assert compute_spectrum(x, center=None).rank == np.linalg.matrix_rank(x.astype(float))


def test_a_bad_entry_is_named_as_ever():
    x = shaped(6000, 50, np.ones(50))
    x[4321, 7] = np.nan
    with pytest.raises(DataError, match="x must be finite; got nan at row 4321, column 7"):
        compute_spectrum(x)
    x[4321, 7] = -np.inf
    with pytest.raises(DataError, match="x must be finite; got -inf at row 4321, column 7"):
        compute_spectrum(torch.from_numpy(x))


def test_the_joint_spectrum_reads_both_sides_as_one():
    image = shaped(5000, 40, np.arange(1.0, 41) ** -0.5, 1, cone=1)
    text = shaped(5000, 40, np.arange(1.0, 41) ** -1.0, 2, cone=1)
    found = sde.compute_joint_spectrum(image, text.astype(np.float16))
    assert (found.route, found.n_samples) == ("mixed", 10_000)
    assert_contract(found, np.vstack([image, text.astype(np.float16)]), "mean")


def test_it_comes_back_bit_for_bit(tmp_path):
    found = compute_spectrum(shaped(6000, 50, np.arange(1.0, 51) ** -0.5))
    found.save(tmp_path / "s")
    again = Spectrum.load(tmp_path / "s")
    assert again.route == "mixed"
    torch.testing.assert_close(again.relative_errors, found.relative_errors, rtol=0, atol=0)
    torch.testing.assert_close(found.to("cpu").relative_errors, found.relative_errors, rtol=0, atol=0)


def test_the_bound_does_not_know_the_unit():
    x = shaped(6000, 48, np.geomspace(1, 1e-5, 48))
    one, four = (compute_spectrum(scale * x, route="mixed") for scale in (np.float32(1), np.float32(4)))
    torch.testing.assert_close(four.singular_values, 4 * one.singular_values, rtol=1e-14, atol=0)
    torch.testing.assert_close(four.relative_errors, one.relative_errors, rtol=1e-6, atol=0)


def test_a_few_doubtful_directions_are_projected_at_once(monkeypatch):
    monkeypatch.setattr(mixed._Passes, "in_double", lambda self: pytest.fail("a pass that is not needed"))
    # Sixty large directions of one size blur the mean in float32; the small ones are centred by a better one.
    for small in (1e-4, 1e-5, 2e-6):
        x = shaped(6000, 64, np.r_[np.ones(61), np.full(3, small)])
        found = compute_spectrum(x, route="mixed")
        assert_contract(found, x, "mean")
        np.testing.assert_allclose(found.mean, x.mean(axis=0, dtype=np.float64), rtol=0, atol=1e-15)
