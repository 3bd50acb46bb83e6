"""Shards hold every row once, in order, whatever the format; what cannot be read says why."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sde_core as sde
from sde_core.embedding_formats.shards import Shard, shards_of
from sde_core.errors import DataError


def rows(count, seed, width=5):
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def read(shards, modality):
    parts = [shard.matrices()[0] for shard in shards]
    return np.concatenate([block for part in parts if modality in part for block in part[modality].blocks()])


def clip_retrieval(folder, image, text, cuts):
    for name, matrix in (("img_emb", image), ("text_emb", text)):
        (folder / name).mkdir(parents=True)
        for number, part in enumerate(np.split(matrix, cuts)):
            np.save(folder / name / f"{name}_{number}.npy", part)


def parquet_parts(folder, image, text, cuts):
    folder.mkdir()
    for number, (a, b) in enumerate(zip(np.split(image, cuts), np.split(text, cuts), strict=True)):
        pq.write_table(pa.table({"image": list(a), "text": list(b)}), folder / f"part_{number}.parquet")


def two_files(folder, image, text, cuts):
    folder.mkdir()
    np.save(folder / "image.npy", image)
    np.save(folder / "text.npy", text)


@pytest.mark.parametrize("write", [clip_retrieval, parquet_parts, two_files])
def test_every_row_comes_once_and_in_order(write, tmp_path):
    image, text = rows(37, 0), rows(37, 1)
    write(tmp_path / "set", image, text, [11, 30])
    shards = shards_of(str(tmp_path / "set"), rows=8)
    assert all(shard.matrices()[1] for shard in shards)  # pairs
    np.testing.assert_array_equal(read(shards, "image"), image)
    np.testing.assert_array_equal(read(shards, "text"), text)
    if write is not parquet_parts:  # which is not cut
        assert max(shard.stop - shard.start for shard in shards if shard.stop) == 8


def test_a_saved_set_has_a_row_for_each_text_and_so_no_pairs(tmp_path):
    made = sde.open_embeddings("clipart/test")
    made.save(tmp_path / "set")
    shards = shards_of(str(tmp_path / "set"), rows=100)
    np.testing.assert_array_equal(read(shards, "image"), made.image)
    np.testing.assert_array_equal(read(shards, "text"), made.text)
    assert not any(shard.matrices()[1] for shard in shards)
    assert str(shards[1]).endswith("image.npy rows 100 to 200")


def test_bundled_names_and_two_names_with_a_comma(tmp_path):
    assert {shard.path and shard.path[-9:] for shard in shards_of("emoji")} == {"image.npy", None}
    np.save(tmp_path / "a.npy", rows(9, 0))
    np.save(tmp_path / "b.npy", rows(9, 1))
    (shard,) = shards_of(f"{tmp_path}/a.npy,{tmp_path}/b.npy")
    assert shard.matrices()[1]
    (lone,) = shards_of(f",{tmp_path}/b.npy")
    assert set(lone.matrices()[0]) == {"text"}


def test_a_damaged_file_is_a_shard_that_says_so_an_empty_one_is_none(tmp_path):
    clip_retrieval(tmp_path / "set", rows(20, 0), rows(20, 1), [6, 12])
    (tmp_path / "set" / "img_emb" / "img_emb_1.npy").write_bytes(b"cut off")
    for name in ("img_emb", "text_emb"):
        np.save(tmp_path / "set" / name / f"{name}_3.npy", rows(0, 0))
    whole, damaged, last = shards_of(str(tmp_path / "set"))
    with pytest.raises(DataError, match=r"img_emb_1\.npy must be an npy array"):
        damaged.matrices()
    assert [len(shard.matrices()[0]["text"]) for shard in (whole, last)] == [6, 8]


def test_what_does_not_fit_is_refused(tmp_path):
    clip_retrieval(tmp_path / "set", rows(20, 0), rows(20, 1), [6])
    (tmp_path / "set" / "text_emb" / "text_emb_1.npy").unlink()
    with pytest.raises(
        DataError, match="must have the same parts in img_emb and text_emb; they differ in '1'"
    ):
        shards_of(str(tmp_path / "set"))
    with pytest.raises(DataError, match="there is no"):
        shards_of(str(tmp_path / "nothing.npy,else.npy"))
    np.save(tmp_path / "a.npy", rows(9, 0))
    np.save(tmp_path / "b.npy", rows(8, 1))
    (shard,) = shards_of(f"{tmp_path}/a.npy,{tmp_path}/b.npy")
    with pytest.raises(DataError, match="one row per pair; got 9 and 8 rows"):
        shard.matrices()
    with pytest.raises(DataError, match="must have rows 4 to 12, as when it was listed"):
        Shard(path=str(tmp_path / "a.npy"), start=4, stop=12).matrices()
