"""The shards of a set hold its pairs, in its order and by its ids, whatever format has shards."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from sde_core.pairs.shards import PairShard, pair_shards
from tests.fixtures import picture_bytes


def test_parquet_files_keep_their_ids_when_each_is_read_alone(tmp_path):
    pictures = [picture_bytes(c) for c in ("red", "green")]
    for name in ("a", "b"):
        pq.write_table(pa.table({"image": pictures, "text": ["one", "two"]}), tmp_path / f"{name}.parquet")
    shards = pair_shards(tmp_path)
    assert [str(shard) for shard in shards] == ["a.parquet", "b.parquet"]
    assert [p.id for s in shards for p in s.open()] == [p.id for p in open_pairs(tmp_path)]
    before = [shard.state() for shard in shards]
    pq.write_table(pa.table({"image": pictures[:1], "text": ["one"]}), tmp_path / "b.parquet")
    after = [shard.state() for shard in pair_shards(tmp_path)]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_a_bundled_set_has_its_tars_and_other_formats_are_one_whole(tmp_path):
    assert [str(shard) for shard in pair_shards("clipart")] == [
        f"{split}-000000.tar.gz" for split in ("test", "train", "val")
    ]
    (tmp_path / "a.webp").write_bytes(picture_bytes())
    (tmp_path / "a.txt").write_text("a square")
    assert pair_shards(tmp_path) == [PairShard(uri=str(tmp_path), format="folder")]
    with pytest.raises(DataError, match="there is no"):
        pair_shards(tmp_path / "nothing")
