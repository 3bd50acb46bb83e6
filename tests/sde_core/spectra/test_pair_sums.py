import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core import DataError, PairSpectraAccumulator


def _pairs(rows=200, width=12, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 4)) @ rng.normal(size=(4, width)) * 3
    return tuple(
        (shared + rng.normal(size=(rows, width)) + cone).astype(dtype) for cone in rng.normal(size=(2, width))
    )


def _check(sums, image, text, center="mean"):
    # Sums of 200 products of size 100 in float64.
    close = {"rtol": 1e-9, "atol": 1e-9}
    for side, rows in (("image", image), ("text", text)):
        found, alone = getattr(sums, side).spectrum(), sde.compute_spectrum(rows, center=center)
        torch.testing.assert_close(found.singular_values, alone.singular_values, **close)
    joint = sde.compute_joint_spectrum(image, text, center=center)
    torch.testing.assert_close(sums.joint_spectrum().singular_values, joint.singular_values, **close)
    cross = sde.compute_cross_spectrum(image, text, center=center)
    torch.testing.assert_close(sums.cross_spectrum().singular_values, cross.singular_values, **close)


@pytest.mark.parametrize("center", ["mean", None])
def test_one_reading_gives_what_four_calls_give(center):
    image, text = _pairs()
    _check(PairSpectraAccumulator.of(image, text, center=center), image, text, center)


@given(st.lists(st.integers(1, 199), max_size=5, unique=True), st.randoms())
def test_parts_add_up_in_any_order(cuts, random):
    image, text = _pairs()
    parts = list(zip(np.split(image, sorted(cuts)), np.split(text, sorted(cuts)), strict=True))
    random.shuffle(parts)
    sums = [PairSpectraAccumulator(12).update(*part) for part in parts]
    while len(sums) > 1:  # a tree
        sums = [a.merge(b) for a, b in zip(sums[::2], sums[1::2], strict=False)] + sums[len(sums) // 2 * 2 :]
    assert sums[0].count == 200
    _check(sums[0], image, text)


def test_mapped_half_precision_is_read_as_it_is(tmp_path):
    image, text = _pairs(rows=20_000, width=16, dtype=np.float16)
    for name, x in (("image", image), ("text", text)):
        np.save(tmp_path / f"{name}.npy", x)
    mapped = (np.load(tmp_path / f"{name}.npy", mmap_mode="c") for name in ("image", "text"))
    found, whole = PairSpectraAccumulator.of(*mapped), PairSpectraAccumulator.of(image, text)
    assert torch.equal(found.joint_spectrum().singular_values, whole.joint_spectrum().singular_values)


def test_sums_on_disk_go_on(tmp_path):
    image, text = _pairs()
    at_once = PairSpectraAccumulator(12).update(image[:50], text[:50])
    at_once.save(tmp_path / "sums")
    again = PairSpectraAccumulator.load(tmp_path / "sums")
    found, wanted = (sums.update(image[50:], text[50:]).joint_spectrum() for sums in (again, at_once))
    assert torch.equal(found.singular_values, wanted.singular_values)


def test_what_does_not_fit_is_refused_and_changes_nothing():
    image, text = _pairs()
    with pytest.raises(DataError, match="image and text must be matrices of one shape"):
        PairSpectraAccumulator.of(image, text[:10])
    sums = PairSpectraAccumulator(12).update(image, text)
    broken = text.copy()
    broken[3, 4] = np.nan
    with pytest.raises(DataError, match="text must be finite; got nan at row 3, column 4"):
        sums.update(image, broken)
    _check(sums, image, text)
    with pytest.raises(DataError, match="n_features"):
        sums.merge(PairSpectraAccumulator(3))
    with pytest.raises(DataError, match="at least one row"):
        PairSpectraAccumulator(3).joint_spectrum()
