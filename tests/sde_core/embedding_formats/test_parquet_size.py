"""Texts of parquet are counted before they are unfolded, and come back as they were."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.embedding_formats import open_embeddings
from sde_core.embedding_formats.parquet_size import unfolded_columns
from sde_core.errors import DataError


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_parquet_of_equal_long_captions_is_refused_before_it_unfolds(tmp_path, kind):
    captions = pa.DictionaryArray.from_arrays(pa.array([0] * 512, pa.int32()), pa.array(["x" * (1 << 18)]))
    rows = np.random.default_rng(0).normal(size=(512, 8)).astype(np.float32)
    table = pa.table({"image": list(rows), "text": list(rows), "caption": captions.cast(kind)})
    pq.write_table(table, tmp_path / "bomb.parquet", compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 1 << 18
    with pytest.raises(DataError, match=r"134,217,728 bytes unfolded .* refused as a bomb"):
        open_embeddings(tmp_path / "bomb.parquet")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_texts_numbers_and_gaps_come_back_as_they_were(tmp_path, kind):
    words = pa.array(["a", None, "b", "a", "", "é"] * 50).cast(kind)
    table = pa.table(
        {"words": words, "number": list(range(300)), "named": words.cast(pa.string()).dictionary_encode()}
    )
    pq.write_table(table, tmp_path / "good.parquet", row_group_size=70)
    found = unfolded_columns(tmp_path / "good.parquet", ("number", "words", "named"))
    assert found.column_names == ["number", "words", "named"]
    for name in found.column_names:
        assert found.column(name).type == table.column(name).type
        assert found.column(name).to_pylist() == table.column(name).to_pylist()
