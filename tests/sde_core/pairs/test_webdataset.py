import gzip
import io
import json
import tarfile
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.files import bundled
from sde_core.pairs import decode_image, open_pairs, open_shards, webdataset
from tests.fixtures import picture_bytes


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


def test_a_pair_of_the_first_shard_is_found_without_reading_the_others(
    write_shard, good_members, monkeypatch
):
    read = []
    index_tar = webdataset.index_tar
    monkeypatch.setattr(
        webdataset, "index_tar", lambda shards, name: read.append(name) or index_tar(shards, name)
    )
    for name, members in (
        ("a.tar", good_members[:6]),
        ("b.tar", good_members[6:9]),
        ("c.tar", good_members[3:]),
    ):
        folder = write_shard(members, name).parent
    pairs = open_pairs(folder)
    first, second = (name.split(".")[0] for name, _ in (good_members[0], good_members[6]))
    pairs.prepare_to_find()
    found = pairs.find(first)
    assert [found.id, *read] == [first, "a.tar"]
    assert pairs.find(second).id == second
    assert read == ["a.tar", "b.tar"]
    last = good_members[-1][0].split(".")[0]
    early = [pairs.find(name).read_image() for name in (first, second, last)]
    assert read == ["a.tar", "b.tar", "c.tar"]
    with pytest.raises(DataError, match="pair_id"):
        pairs.find("none")
    assert [pairs.find(name).read_image() for name in (first, second, last)] == early
    assert len(pairs) == len(list(pairs))


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


def test_braces_name_shards_and_a_missing_one_is_listed(write_shard, good_members):
    for i in range(3):
        folder = write_shard(good_members[3 * i : 3 * i + 3], f"s-{i:03d}.tar").parent
    pairs = open_pairs(f"{folder}/s-{{000..003}}.tar")
    assert [p.id for p in pairs] == ["0000", "0001", "0002"]
    assert [(s.item, "there is no file" in s.reason) for s in pairs.skipped] == [("s-003.tar", True)]
    with pytest.raises(DataError, match=r"must name existing shards; there is no file x-0\.tar"):
        open_pairs(f"{folder}/x-{{0..1}}.tar")


def test_names_that_lead_out_and_links_are_refused(tmp_path, good_members):
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        for prefix in ("", "../", "/etc/"):
            for name, content in good_members[:2]:
                info = tarfile.TarInfo(prefix + name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("9999.webp")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    pairs = open_pairs(path)
    assert [p.id for p in pairs] == ["0000"]
    reasons = [s.reason for s in pairs.skipped]
    assert sum("leads out of the set" in r for r in reasons) == 4
    assert sum("it is not followed" in r for r in reasons) == 3


def test_a_name_without_utf8_is_skipped(tmp_path, good_members):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as archive:
        for name in ("a.webp", "caf\udce9.webp"):
            info = tarfile.TarInfo(name)
            info.size = len(good_members[0][1])
            archive.addfile(info, io.BytesIO(good_members[0][1]))
    pairs = open_pairs(path)
    assert [pair.id for pair in pairs] == ["a"]  # a set of pictures only
    assert [s.reason for s in pairs.skipped] == ["its name is not UTF-8: rename it"]
    assert all(s.item.isprintable() for s in pairs.skipped)


def test_a_compressed_bomb_is_refused_by_its_real_size(tmp_path):
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(90):
            file.write(bytes(2**20))
    with pytest.raises(DataError, match=r"bomb.tar.gz unpacks to more than .* bytes.* refused as a bomb"):
        list(open_pairs(path))


def test_captions_and_pictures_above_the_limits_are_skipped(write_shard, good_members, monkeypatch):
    monkeypatch.setattr(webdataset, "MAX_PICTURE_BYTES", 5_000)
    monkeypatch.setattr(webdataset, "MAX_ROW_BYTES", 2_000_000)
    members = [
        *good_members[:3],
        ("long.webp", good_members[0][1]),
        ("long.txt", b"x" * 1_000_000),
        ("longer.webp", good_members[0][1]),
        ("longer.txt", b"x" * 3_000_000),
        ("large.webp", bytes(5_001)),
        ("large.txt", b"x"),
    ]
    pairs = open_pairs(write_shard(members))
    assert [p.id for p in pairs] == ["0000"]
    assert [s.reason for s in pairs.skipped] == [
        "its caption has 1,000,000 characters; at most 100,000 are read",
        "its txt has 3,000,000 bytes; at most 2,000,000 are read",
        "the picture has 5,001 bytes",
    ]


def test_a_member_that_comes_twice_is_listed(write_shard, good_members):
    pairs = open_pairs(write_shard([*good_members[:3], ("0000.txt", b"later")]))
    assert [p.captions for p in pairs] == [("later",)]
    assert [s.item for s in pairs.skipped] == ["0000.txt (shard-000000.tar)"]


def test_a_shard_that_cannot_be_read_leaves_the_others(write_shard, good_members):
    folder = write_shard(good_members[:3], "b.tar").parent
    (folder / "a.tar").write_bytes(b"not a tar" * 200)
    pairs = open_pairs(folder)
    assert [p.id for p in pairs] == ["0000"]
    assert [s.item for s in pairs.skipped] == ["a.tar"]


def test_more_shards_than_may_be_open(write_shard, good_members, monkeypatch):
    monkeypatch.setattr(open_shards, "MAX_OPEN", 2)
    for i in range(5):
        folder = write_shard(good_members[3 * i : 3 * i + 3], f"{i}.tar").parent
    pairs = open_pairs(folder)
    found = list(pairs)
    assert len({p.read_image() for p in found}) == 5
    assert len(pairs._open._open) == 2
    assert pairs.find("0000").captions == found[0].captions


def test_what_img2dataset_could_not_fetch_is_listed(write_shard, good_members):
    record = {
        "caption": "from the web",
        "url": "https://x/1.jpg",
        "key": "000000000",
        "status": "success",
        "width": 40,
    }
    path = write_shard(
        [
            ("000000000.jpg", picture_bytes(kind="JPEG")),
            ("000000000.json", json.dumps(record).encode()),
            ("000000000.txt", b"from the web"),
        ],
        "00000.tar",
    )
    rows = {
        "key": ["000000000", "000000001"],
        "status": ["success", "failed_to_download"],
        "error_message": [None, "HTTP Error 404: Not Found"],
        "url": ["https://x/1.jpg", "https://x/2.jpg"],
        "caption": ["from the web", "gone"],
    }
    pq.write_table(pa.table(rows), path.with_suffix(".parquet"))
    path.with_name("00000_stats.json").write_text("{}")
    pairs = open_pairs(path.parent)
    (pair,) = pairs
    assert (pair.captions, pair.metadata["width"], "caption" in pair.metadata) == (
        ("from the web",),
        40,
        False,
    )
    assert [(s.item, s.reason) for s in pairs.skipped] == [
        ("000000001", "img2dataset: failed_to_download: HTTP Error 404: Not Found (https://x/2.jpg)")
    ]
    path.with_suffix(".parquet").write_bytes(b"PAR1 cut")
    broken = open_pairs(path.parent)
    assert len(list(broken)) == 1
    assert [s.item for s in broken.skipped] == ["00000.parquet"]
