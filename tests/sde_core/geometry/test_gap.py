"""Parts of the gap: they add up, against eigenvalues of A B, loops and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.errors import DataError


def _pair(seed, n=60, d=7):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, d)) * rng.uniform(0.2, 2, d)
    return shared + rng.normal(size=d), shared @ rng.normal(size=(d, d)) + rng.normal(size=d)


def _unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@given(seed=st.integers(0, 10_000), d=st.integers(1, 9), n=st.integers(2, 40))
def test_parts_and_directions_add_up_to_the_frechet_distance(seed, d, n):
    x, y = _pair(seed, n, d)
    found = sde.gap_parts(x, y)
    a, b = (np.cov(_unit(z).T, bias=True).reshape(d, d) for z in (x, y))
    means = _unit(x).mean(0) - _unit(y).mean(0)
    cross = np.sqrt(np.clip(np.linalg.eigvals(a @ b).real, 0, None)).sum()
    expected = means @ means + np.trace(a) + np.trace(b) - 2 * cross
    # The root of a rounded eigenvalue near 0 has half of the digits.
    assert found.frechet_squared == pytest.approx(expected, abs=1e-7)
    assert min(found.trace, found.covariance, found.rotation) >= 0
    assert float(found.centroid_by_direction.sum()) == pytest.approx(found.centroid, abs=1e-10)
    assert float(found.spread_by_direction.sum()) == pytest.approx(found.spread, abs=1e-10)
    bands = found.by_band(torch.zeros(d // 2, dtype=torch.int64))
    assert sum(map(sum, bands)) == pytest.approx(found.frechet_squared, abs=1e-10)


def test_one_rotation_of_both_changes_no_part_and_exchange_none_but_the_sides():
    x, y = _pair(0)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 7)))[0]
    first = sde.gap_parts(x, y)
    for other in (sde.gap_parts(x @ turn, y @ turn), sde.gap_parts(y, x)):
        for name in ("centroid", "trace", "covariance", "rotation", "relative"):
            assert getattr(other, name) == pytest.approx(getattr(first, name), abs=1e-10)
    torch.testing.assert_close(sde.gap_parts(y, x).spread_by_direction, first.spread_by_direction)


def test_each_part_is_alone_where_only_it_differs():
    rng = np.random.default_rng(0)
    x = _unit(rng.normal(size=(400, 5)) * [1, 0.5, 0.2, 0.1, 0.05])
    turned = sde.gap_parts(x, x[:, ::-1].copy())
    assert turned.trace == pytest.approx(0, abs=1e-12)
    assert turned.covariance == pytest.approx(0, abs=1e-12)
    assert turned.rotation > 0.1
    same = sde.gap_parts(x, 3 * x)
    assert same.frechet_squared == pytest.approx(0, abs=1e-10)


def test_the_centroid_is_the_modality_gap_squared():
    x, y = _pair(3)
    assert sde.gap_parts(x, y).centroid == pytest.approx(sde.modality_gap(x, y) ** 2)


def test_rmg_is_that_of_plain_loops():
    x, y = _pair(4, n=12)
    u, v = _unit(x), _unit(y)

    def within(z):
        return np.mean([(1 - z[i] @ z[j]) / 2 for i in range(12) for j in range(12) if i != j])

    m = np.mean([(1 - u[i] @ v[i]) / 2 for i in range(12)])
    expected = m / (m + (within(u) + within(v)) / 2)
    assert sde.relative_modality_gap(x, y) == pytest.approx(expected, rel=1e-12)


def test_bad_input_is_refused():
    x = np.eye(3)
    with pytest.raises(DataError, match="at least two pairs"):
        sde.gap_parts(x[:1], x[:1])
    with pytest.raises(DataError, match="at most 3 entries"):
        sde.gap_parts(x, x).by_band(torch.zeros(4, dtype=torch.int64))


def test_labels_are_the_bands_of_both_modalities_about_their_own_means():
    numbers = np.random.default_rng(5)
    x = numbers.normal(size=(80, 12)) * ([6.0] * 2 + [1.0] * 10) + 3
    y = x + numbers.normal(size=(80, 12))
    unit = [z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y)]
    rows = np.concatenate([z - z.mean(0) for z in unit])
    direct = sde.partition_spectrum(sde.compute_spectrum(rows, center=None))
    found = sde.gap_labels(x, y)
    assert found.tolist() == direct.labels.tolist()
    parts = sde.gap_parts(x, y)
    assert sum(map(sum, parts.by_band(found))) == pytest.approx(parts.frechet_squared, abs=1e-10)
