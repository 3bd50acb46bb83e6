"""Sums of shards are those of all rows; what is broken is left out; a folder gives back what it was given."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.cluster.sums import GROUP, ShardSums, groups_of, key_of, merged, shard_sums
from sde_core.embedding_formats.shards import Shard, shards_of
from sde_core.errors import DataError


def write(folder, count, width=6, seed=0):
    folder.mkdir(exist_ok=True)
    r = np.random.default_rng(seed)
    image, text = (r.standard_normal((count, width)).astype(np.float32) + 1 for _ in range(2))
    np.save(folder / "image.npy", image)
    np.save(folder / "text.npy", text)
    return image, text


def sums_of(shards, cross=False):
    return merged(*(shard_sums(shard, "mean", cross) for shard in shards))


@pytest.mark.parametrize("rows", [7, 100, 1000])
def test_merged_sums_are_those_of_all_rows(tmp_path, rows):
    image, text = write(tmp_path / "s", 333)
    found = sums_of(shards_of(str(tmp_path / "s"), rows=rows), cross=True)
    whole = sde.PairSpectraAccumulator.of(image, text)
    pairs = found.pairs
    for mine, theirs in (
        (pairs.image.spectrum(), whole.image.spectrum()),
        (pairs.text.spectrum(), whole.text.spectrum()),
        (pairs.joint_spectrum(), whole.joint_spectrum()),
        (pairs.cross_spectrum(), whole.cross_spectrum()),
    ):
        torch.testing.assert_close(mine.singular_values, theirs.singular_values, rtol=1e-12, atol=0)
    assert (found.n_shards, pairs.count) == (-(-333 // rows), 333)


def test_rows_that_are_no_vectors_are_left_out_with_their_pair(tmp_path):
    image, text = write(tmp_path / "s", 50)
    image[7], text[20] = np.nan, 0
    np.save(tmp_path / "s" / "image.npy", image)
    np.save(tmp_path / "s" / "text.npy", text)
    found = sums_of(shards_of(str(tmp_path / "s"), rows=16))
    assert (found.n_rows_left_out, [sums.count for sums in found.sides.values()]) == (2, [48, 48])
    assert [row.item.rpartition(", ")[2] for row in found.rows_left_out] == ["image 7", "text 20"]
    opened = sde.open_embeddings(tmp_path / "s")
    spectrum = sde.compute_spectrum(opened.image)
    torch.testing.assert_close(
        found.sides["image"].spectrum().singular_values, spectrum.singular_values, rtol=1e-12, atol=0
    )


def test_a_shard_that_cannot_be_read_is_skipped_and_so_is_another_width(tmp_path):
    for name, width in (("a", 6), ("b", 5), ("c", 6)):
        write(tmp_path / name, 20, width)
    shards = [shards_of(str(tmp_path / name))[0] for name in "abc"]
    found = sums_of([shards[0], Shard(path="nowhere.npy"), shards[1], shards[2]])
    assert (found.n_shards, found.sides["text"].count) == (2, 40)
    first, second = found.skipped
    assert (first.item, "there is no" in first.reason) == ("nowhere.npy", True)
    assert second.reason == "image must have 6 features as in the shards before; got 5"


def test_a_folder_gives_back_every_bit_and_nothing_of_what_is_not_whole(tmp_path):
    write(tmp_path / "s", 50)
    found = sums_of(shards_of(str(tmp_path / "s"), rows=9), cross=True)
    found.save(tmp_path / "kept")
    again = ShardSums.load(tmp_path / "kept")
    assert (again.n_shards, again.rows_left_out) == (found.n_shards, ())
    for mine, theirs in ((again.pairs.image, found.pairs.image), (again.cross, found.cross)):
        one, other = mine.spectrum(), theirs.spectrum()
        torch.testing.assert_close(one.singular_values, other.singular_values, rtol=0, atol=0)
    (tmp_path / "kept" / "sums.json").unlink()
    assert ShardSums.load(tmp_path / "kept") is None
    with pytest.raises(DataError, match="sums across modalities were not taken"):
        _ = sums_of(shards_of(str(tmp_path / "s"))).pairs


def test_groups_and_keys_follow_from_files_and_what_is_asked(tmp_path):
    write(tmp_path / "s", 50)
    shards = shards_of(str(tmp_path / "s"), rows=3)
    groups = groups_of(shards)
    assert [len(group) for group in groups] == [GROUP, GROUP, len(shards) - 2 * GROUP]
    key = key_of(groups[0], "mean", False)
    assert key == key_of(groups[0], "mean", False)
    others = {
        key_of(groups[1], "mean", False),
        key_of(groups[0], None, False),
        key_of(groups[0], "mean", True),
    }
    write(tmp_path / "s", 51)
    others.add(key_of(groups[0], "mean", False))
    assert len(others - {key}) == 4
