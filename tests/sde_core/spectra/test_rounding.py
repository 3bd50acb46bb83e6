"""The bound of the first pass holds whatever multiplies: other blocks, other orders of summation, other rows."""

import numpy as np
import pytest
import scipy.linalg.blas
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sde_core.spectra import mixed
from sde_core.spectra.rounding import SampledProducts
from sde_core.spectra.row_blocks import RowBlocks
from tests.sde_core.spectra.test_mixed import shaped

CHECK = settings(deadline=None, derandomize=True, max_examples=30)
_SSYRK = scipy.linalg.blas.ssyrk


def summed_by(step):
    """Return ssyrk as a library would have it that sums so many rows at a time, in float32."""

    def product(alpha, a, beta=0.0, c=None, overwrite_c=0, lower=0):
        for start in range(0, a.shape[1], step):
            c += _SSYRK(alpha, np.asfortranarray(a[:, start : start + step]), lower=lower)
        return c

    return _SSYRK if step is None else product


def assert_first_pass_is_bounded(matrices, *, step=None, rows=1024, centred=True):
    """Check every eigenvalue of the first pass alone; a second one would hide what it got wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scipy.linalg.blas, "ssyrk", summed_by(step))
        patch.setattr(mixed, "_ROWS", rows)
        work = mixed._Passes(RowBlocks(matrices), centred=centred)
        assert work.first()
    x = np.vstack(matrices).astype(np.float64)
    x -= x.mean(axis=0) if centred else 0
    exact = np.linalg.eigvalsh(x.T @ x)[::-1]
    off = np.abs(work.energies - exact)
    assert (off <= work.errors).all(), (off / work.errors).max()
    return work, off


@CHECK
@given(
    step=st.sampled_from([None, 4, 32, 500]),
    rows=st.sampled_from([128, 1024, 2048, 6000]),
    decay=st.floats(0, 1.5),
    cone=st.sampled_from([0.0, 1.0, 10.0]),
    is_joint=st.booleans(),
    is_shuffled=st.booleans(),
    centred=st.booleans(),
    seed=st.integers(0, 999),
)
def test_it_holds_for_every_order_of_the_products(
    step, rows, decay, cone, is_joint, is_shuffled, centred, seed
):
    # Two modalities around means of their own: half of the rows lies far from the point that is taken off.
    sides = [
        shaped(4000, 32, np.arange(1.0, 33) ** -d, seed + i, cone=cone) for i, d in enumerate((decay, 1.0))
    ]
    sides = sides if is_joint else sides[:1]
    if is_shuffled:
        sides = [np.random.default_rng(seed).permutation(np.vstack(sides))]
    assert_first_pass_is_bounded(sides, step=step, rows=rows, centred=centred)


@pytest.mark.parametrize("rows", [512, 2048, 4096, 10_000])
@pytest.mark.parametrize("seed", range(3))
def test_a_joint_spectrum_whose_text_lies_far_from_the_first_images(rows, seed):
    """The stated bound was 4e-8 where the error was 3e-7: the mean and the only sampled block were of images alone."""
    image = shaped(5000, 40, np.arange(1.0, 41) ** -0.5, 1 + seed, cone=1)
    text = shaped(5000, 40, np.arange(1.0, 41) ** -1.0, 2 + seed, cone=1)
    assert_first_pass_is_bounded([image, text], rows=rows)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("step", [None, 16])
def test_rows_of_few_values_round_alike_in_every_block(step, dtype):
    """A bound that takes blocks for independent was three times too small here."""
    r = np.random.default_rng(0)
    for x in (r.choice([-1.1, 1.1], (60_000, 24)), r.integers(-3, 4, (60_000, 24)) + 0.3):
        assert_first_pass_is_bounded([x.astype(dtype)], step=step)


def test_no_product_sums_more_than_a_strip_of_rows(monkeypatch):
    """A product of 1,024 rows rounded to twice as much, and 20,000 x 1,024 took a second pass for it."""
    summed = []

    def product(alpha, a, beta, c, overwrite_c, lower):
        summed.append(a.shape[1])
        return _SSYRK(alpha, a, beta, c, overwrite_c=overwrite_c, lower=lower)

    monkeypatch.setattr(scipy.linalg.blas, "ssyrk", product)
    assert mixed._Passes(RowBlocks([shaped(20_300, 16, np.ones(16))]), centred=True).first()
    assert max(summed) == 128
    assert sum(summed) == 20_300


@pytest.mark.parametrize("width", [64, 300])
def test_values_and_bounds_do_not_depend_on_the_number_of_threads(width):
    """Threads that share a product sum in another order; bounds were taken by as many as OpenBLAS has."""
    x = shaped(16 * width + 700, width, np.arange(1.0, width + 1) ** -0.3, cone=1)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            with threadpool_limits(threads, user_api="blas"):
                work = mixed._Passes(RowBlocks([x]), centred=True)
                assert work.first()
            found.append((work.energies, work.errors, work.mean))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_it_says_something():
    x = shaped(40_000, 64, np.arange(1.0, 65) ** -0.6, cone=1)
    work, off = assert_first_pass_is_bounded([x])
    assert np.median(work.errors) < 300 * np.median(off)


def test_the_largest_block_is_kept_beside_those_that_are_spread():
    r = np.random.default_rng(0)
    sampled = SampledProducts(200, 256)
    for number in range(200):
        block = r.standard_normal((8, 256)).astype(np.float32) * (9 if number == 77 else 1)
        wanted = sampled.wants(block)
        sampled.close(np.asfortranarray(block.T @ block), [block] if wanted else ())
    assert sorted(sampled._kept) == [0, 49, 77, 99, 149, 199]
    assert sampled.are_finite
    sampled.wants(np.full((8, 256), np.nan, np.float32))
    sampled.close(np.full((256, 256), np.nan, np.float32))
    assert not sampled.are_finite
