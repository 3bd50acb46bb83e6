"""Whole numbers with their scale in parquet, one a row, are the vectors that were quantised."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sde_core as sde

VECTORS = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32)
SCALES = np.abs(VECTORS).max(axis=1) / 127


def _written(path, scales, name="image_scale"):
    whole = np.round(VECTORS / SCALES[:, None]).astype(np.int8)
    lists = pa.array(whole.tolist(), pa.list_(pa.int8()))
    pq.write_table(
        pa.table({"image_embedding": lists, "text_embedding": lists, name: scales, "id": range(7)}), path
    )
    return whole


@pytest.mark.parametrize("name", ["image_scale", "image_embedding_scale", "scale"])
def test_each_row_has_its_scale(tmp_path, name):
    whole = _written(tmp_path / "x.parquet", SCALES, name)
    if name != "scale":  # the other side has none of its own, and says so
        with pytest.raises(sde.DataError, match="text_embedding must hold floating-point numbers; got int8"):
            sde.open_embeddings(tmp_path / "x.parquet")
        return
    found = sde.open_embeddings(tmp_path / "x.parquet")
    np.testing.assert_allclose(found.image, whole * SCALES[:, None], rtol=1e-6)
    np.testing.assert_allclose(found.image, VECTORS, atol=SCALES.max())  # what rounding costs
    assert found.n_texts == 7


@pytest.mark.parametrize(
    "scales", [[0.0] + [1.0] * 6, [None] + [1.0] * 6, ["a"] * 7, [float("inf")] * 7], ids=str
)
def test_what_is_no_scale_is_named(tmp_path, scales):
    _written(tmp_path / "x.parquet", scales, "scale")
    with pytest.raises(sde.DataError, match="scale must hold scales of the vectors, finite and not zero"):
        sde.open_embeddings(tmp_path / "x.parquet")
