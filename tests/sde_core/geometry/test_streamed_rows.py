import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sde_core import DataError, build_index
from sde_core.geometry import streamed_rows as module
from sde_core.geometry.streamed_rows import stream_index


@given(m=st.integers(1, 40), n=st.integers(1, 6), k=st.integers(1, 40), block=st.integers(1, 50))
def test_rows_where_they_lie_give_what_an_exact_index_gives(m, n, k, block):
    rng = np.random.default_rng(m * n)
    x, queries = rng.normal(size=(m, n)).astype(np.float32) * 3, rng.normal(size=(4, n))
    k = min(k, m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_ROWS", block)
        _, found = stream_index(x).search(queries, k)
    _, cosine = build_index(x).search(queries, k)
    np.testing.assert_allclose(found, cosine, atol=1e-6)  # a rounding of float32, and of the lengths


def test_equal_rows_stand_in_their_order_whatever_the_blocks_are(monkeypatch):
    x = np.ones((10, 3), np.float32)
    for block in (2, 3, 100):
        monkeypatch.setattr(module, "_BLOCK_ROWS", block)
        assert stream_index(x).search(np.ones((1, 3)), 4)[0].tolist() == [[0, 1, 2, 3]]


def test_a_memory_map_is_searched_and_half_precision_too(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float16)
    np.save(tmp_path / "x.npy", x)
    index = stream_index(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert index.is_exact
    wide = torch.from_numpy(x.astype(np.float32))
    np.testing.assert_array_equal(index.search(wide, 1)[0][:, 0], np.arange(300))


@pytest.mark.parametrize(("bad", "says"), [(0.0, "no row of zeros"), (np.nan, "finite numbers only")])
def test_a_row_that_cannot_be_searched_is_named(bad, says):
    x = np.ones((5, 2), np.float32)
    x[3] = bad
    with pytest.raises(DataError, match=f"{says}; got another at row 3"):
        stream_index(x)
    with pytest.raises(DataError, match="shape"):
        stream_index(np.ones((0, 2)))


def test_progress_is_told_and_an_error_in_it_ends_the_work():
    x, shares = np.ones((9, 2), np.float32), []
    stream_index(x, progress=shares.append)
    assert shares == [1.0]

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream_index(x, progress=stop)
