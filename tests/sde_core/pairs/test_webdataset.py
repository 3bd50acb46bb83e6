import json
import threading

import pytest

from sde_core import bundled
from sde_core.errors import DataError
from sde_core.pairs import decode_image, open_pairs


@pytest.mark.parametrize("name", ["shard-000000.tar", "shard-000000.tar.gz"])
def test_pairs_come_back_as_they_were_written(write_shard, good_members, name):
    pairs = open_pairs(write_shard(good_members, name))
    found = list(pairs)
    assert [p.id for p in found] == ["0000", "0001", "0002", "0003", "0004"]
    assert found[1].captions == ("a green square", "something green")
    assert dict(found[3].metadata) == {"split": "test", "number": 3}
    assert decode_image(found[2].read_image()).getpixel((5, 5)) == pytest.approx((0, 0, 255), abs=8)
    assert len(pairs) == 5
    assert pairs.skipped == ()
    assert pairs.find("0004").captions == found[4].captions


def test_a_folder_and_a_pattern_open_shards_in_order(write_shard, good_members):
    write_shard(good_members[6:], "test-000000.tar")
    first = write_shard(good_members[:6], "train-000000.tar")
    assert [p.id for p in open_pairs(first.parent)] == ["0002", "0003", "0004", "0000", "0001"]
    assert [p.id for p in open_pairs(first.parent / "train-*.tar")] == ["0000", "0001"]


def test_captions_may_stand_in_the_json(write_shard, good_members):
    both = [
        ("a.jpg", good_members[0][1]),
        ("a.json", json.dumps({"caption": "one"}).encode()),
        ("b.jpg", good_members[0][1]),
        ("b.json", json.dumps({"captions": ["x", " ", "y", "x"]}).encode()),
    ]
    assert [p.captions for p in open_pairs(write_shard(both))] == [("one",), ("x", "y")]


def test_broken_items_are_skipped_with_their_reason(write_shard, good_members):
    picture = good_members[0][1]
    members = [
        *good_members[:3],
        ("empty.webp", picture),
        ("empty.txt", b" \n"),
        ("nothing.txt", b"no picture"),
        ("latin.webp", picture),
        ("latin.txt", b"caf\xe9"),
        ("json.webp", picture),
        ("json.json", b"{"),
        ("zero.webp", b""),
        ("zero.txt", b"a"),
    ]
    pairs = open_pairs(write_shard(members))
    assert [p.id for p in pairs] == ["0000"]
    reasons = {s.item: s.reason for s in pairs.skipped}
    assert reasons["empty"] == "no caption, or an empty one"
    assert reasons["nothing"] == "no picture"
    assert "not UTF-8" in reasons["latin"]
    assert "JSON" in reasons["json"]
    assert reasons["zero"] == "the picture is empty"


def test_an_id_that_comes_twice_is_used_once(write_shard, good_members):
    write_shard(good_members[:3], "a.tar")
    folder = write_shard(good_members[:6], "b.tar").parent
    pairs = open_pairs(folder)
    assert [p.id for p in pairs] == ["0000", "0001"]
    assert [s.item for s in pairs.skipped] == ["0000 (b.tar)"]


@pytest.mark.parametrize("name", ["cut.tar", "cut.tar.gz"])
def test_a_truncated_shard_gives_what_is_whole_and_names_itself(write_shard, good_members, name):
    noisy = [(n, c + bytes(range(256)) * 40 if n.endswith("webp") else c) for n, c in good_members]
    path = write_shard(noisy, name)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.6)])
    pairs = open_pairs(path)
    found = list(pairs)
    assert 0 < len(found) < 5
    assert any(s.item == name for s in pairs.skipped)
    assert all(p.read_image() for p in found[:-1])


def test_a_file_that_is_not_a_tar_is_refused(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(b"not a tar" * 200)
    with pytest.raises(DataError, match=r"must be a tar file"):
        list(open_pairs(path))


def test_nothing_there_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"there is no .*missing\.tar"):
        open_pairs(tmp_path / "missing.tar")
    with pytest.raises(DataError, match=r"looked for .*WebDataset shards"):
        open_pairs(tmp_path)
    with pytest.raises(DataError, match="must name a set of pairs"):
        open_pairs("")
    with pytest.raises(DataError, match="must be in emoji"):
        open_pairs("emoji").find("no such id")


def test_the_fingerprint_follows_the_content(write_shard, good_members):
    first = open_pairs(write_shard(good_members, "a.tar")).fingerprint
    assert open_pairs(write_shard(good_members, "a.tar")).fingerprint == first
    changed = [*good_members[:-1], ("0004.json", b'{"split": "val", "number": 4}')]
    assert open_pairs(write_shard(changed, "a.tar")).fingerprint != first


def test_threads_may_read_at_the_same_time(write_shard, good_members):
    pairs = open_pairs(write_shard(good_members * 1, "a.tar.gz"))
    wanted = {p.id: p.read_image() for p in open_pairs(write_shard(good_members, "b.tar"))}
    wrong: list[str] = []

    def read() -> None:
        wrong.extend(i for i in list(wanted) * 20 if pairs.find(i).read_image() != wanted[i])

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_bundled_sets_open_whole_and_by_split():
    for name in bundled.PAIR_SETS:
        parts = {split: {p.id for p in open_pairs(f"{name}/{split}")} for split in ("train", "val", "test")}
        assert all(parts.values())
        assert set.union(*parts.values()) == {p.id for p in open_pairs(name)}
        assert sum(map(len, parts.values())) == len(open_pairs(name))
