"""The index against numpy: exact below its limit, an inverted file above, and a row beside its twins."""

import numpy as np
import pytest

from sde_core.errors import ConfigError, DataError
from sde_core.geometry import search
from sde_core.geometry.search import build_index, nearest_others


def rows(m=40, n=6, seed=0):
    return np.random.default_rng(seed).normal(size=(m, n)).astype(np.float32)


def cosines(x, y):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (y / np.linalg.norm(y, axis=1, keepdims=True)).T


@pytest.mark.parametrize("k", [1, 7, 40])
def test_the_nearest_are_those_of_numpy(k):
    x, q = rows(), rows(9, seed=1)
    index = build_index(x)
    found, cosine = index.search(q, k)
    expected = np.argsort(-cosines(q, x), axis=1)[:, :k]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(cosine, np.take_along_axis(cosines(q, x), expected, 1), rtol=0, atol=1e-6)
    assert (index.n_rows, index.width, index.is_exact) == (40, 6, True)


def test_the_limit_of_the_exact_index():
    x = rows()
    assert build_index(x, exact_rows=40).is_exact
    assert not build_index(x, exact_rows=39).is_exact


def test_an_inverted_file_has_its_cells_and_probes_its_share_of_them():
    index = build_index(rows(2000, 8), exact_rows=100)
    assert index._index.nlist == min(int(4 * np.sqrt(2000)), 2000 // 39) == 51
    assert index._index.nprobe == 4  # round(0.08 * 51)
    few = build_index(rows(40, 8), exact_rows=10)
    assert (few._index.nlist, few._index.nprobe) == (1, 1)
    np.testing.assert_array_equal(few.search(rows(40, 8), 1)[0][:, 0], np.arange(40))


def test_what_an_inverted_file_does_not_find_is_minus_one():
    x = rows(400, 8)
    index = build_index(x, exact_rows=10)
    found, cosine = index.search(x[:5], 400)
    assert (found == -1).any()
    assert (cosine[found == -1] == -1).all()
    assert (cosine[found >= 0] <= 1).all()


def test_progress_is_told_after_each_block_of_queries(monkeypatch):
    monkeypatch.setattr(search, "_QUERIES", 4)
    x, told = rows(10), []
    found, _ = build_index(x).search(x, 1, progress=told.append)
    assert told == [0.4, 0.8, 1.0]
    np.testing.assert_array_equal(found[:, 0], np.arange(10))


@pytest.mark.parametrize("k", [0, 41])
def test_k_lies_within_the_rows(k):
    with pytest.raises(ConfigError, match=rf"k must lie in \[1, 40\], the rows of the index; got {k}"):
        build_index(rows()).search(rows(2), k)


def test_queries_have_the_width_of_the_rows():
    with pytest.raises(DataError, match=r"queries must have 6 columns; got shape \(2, 5\)"):
        build_index(rows()).search(rows(2, 5), 1)


def test_the_others_are_without_the_row_itself():
    x = rows()
    found, cosine = nearest_others(x, 3)
    scores = cosines(x, x)
    np.testing.assert_array_equal(found[:, 0], np.arange(40))
    np.testing.assert_array_equal(cosine[:, 0], np.ones(40, np.float32))
    np.fill_diagonal(scores, -2)
    np.testing.assert_array_equal(found[:, 1:], np.argsort(-scores, axis=1)[:, :3])


def test_a_row_with_many_twins_stands_first_and_once():
    x = np.repeat(rows(2), 20, axis=0)
    found, _ = nearest_others(x, 2)
    np.testing.assert_array_equal(found[:, 0], np.arange(40))
    for row in found.tolist():
        assert len({*row}) == 3
        assert len({i // 20 for i in row}) == 1


def test_of_many_twins_the_nearest_that_were_found_stay():
    x = np.repeat(rows(1), 6, axis=0)
    first = build_index(x).search(x, 3)[0]
    found, _ = nearest_others(x, 2)
    for i, (listed, kept) in enumerate(zip(first.tolist(), found.tolist(), strict=True)):
        assert kept == [i, *[j for j in listed if j != i][:2]]
