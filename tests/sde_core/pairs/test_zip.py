import io
import struct
import zipfile

import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs, zip_tree
from tests.fixtures import picture_bytes

TABLE = b"filepath,title\nimages/red.webp,x\nimages/blue.webp,y\n"


def _picture_files():
    return {f"images/{colour}.webp": picture_bytes(colour) for colour in ("red", "blue")}


@pytest.fixture
def write_zip(tmp_path):
    def write(files, name="upload.zip", compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        return path

    return write


@pytest.mark.parametrize("prefix", ["", "my set/"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_table_with_its_pictures(write_zip, prefix, compression):
    files = {prefix + name: content for name, content in ({"a.csv": TABLE} | _picture_files()).items()}
    junk = {"__MACOSX/._a.csv": b"x", prefix + ".DS_Store": b"x"}
    pairs = open_pairs(write_zip(files | junk, compression=compression))
    assert [(p.id, p.captions) for p in pairs] == [("images/red.webp", ("x",)), ("images/blue.webp", ("y",))]
    assert [p.read_image() for p in pairs] == [picture_bytes("red"), picture_bytes("blue")]
    assert pairs.find("images/blue.webp").captions == ("y",)
    assert pairs.skipped == ()


@pytest.mark.parametrize("name", ["00000.tar", "00000.tar.gz"])
def test_shards_and_folders_in_an_archive(write_zip, write_shard, good_members, name):
    shard = write_shard(good_members, name).read_bytes()
    pairs = open_pairs(write_zip({name: shard}))
    assert [p.id for p in pairs] == ["0000", "0001", "0002", "0003", "0004"]
    assert pairs.find("0002").read_image() == good_members[6][1]
    beside = open_pairs(write_zip(dict(good_members), "beside.zip"))
    assert beside.content_fingerprint() == pairs.content_fingerprint()


def test_unsafe_entries_are_refused_and_the_rest_survives(write_zip):
    link = zipfile.ZipInfo("images/link.webp")
    link.external_attr = 0o120777 << 16
    path = write_zip(
        {
            "a.csv": TABLE + b"images/link.webp,z\n",
            **_picture_files(),
            "../../etc/cron.d/x": b"x",
            "/etc/passwd": b"x",
            "..\\x.txt": b"x",
            link: b"/etc/passwd",
        }
    )
    pairs = open_pairs(path)
    assert [p.captions for p in pairs] == [("x",), ("y",)]
    reasons = {s.item: s.reason for s in pairs.skipped}
    assert sum("leads out of the set" in r for r in reasons.values()) == 3
    assert "is a link" in reasons["images/link.webp"]
    assert "no file images/link.webp" in reasons["a.csv, line 4"]


def test_an_archive_of_unsafe_entries_says_so(write_zip):
    with pytest.raises(DataError, match=r"1 of its files are not read; \.\./a\.csv: .* leads out of the set"):
        open_pairs(write_zip({"../a.csv": TABLE}))


def test_encrypted_and_rare_methods_are_refused(write_zip):
    path = write_zip({"a.csv": TABLE, **_picture_files()})
    content = bytearray(path.read_bytes())
    for at in _entries(content):
        if content[at + 46 :].startswith(b"images/red"):
            content[at + 8] |= 1
    path.write_bytes(content)
    assert next((s.item, s.reason) for s in _read(path)) == (
        "images/red.webp",
        "it is encrypted: make the archive without a password",
    )
    lzma = write_zip({"a.csv": TABLE, **_picture_files()}, compression=zipfile.ZIP_LZMA)
    with pytest.raises(DataError, match="compressed by method 14: make the archive with deflate"):
        open_pairs(lzma)


def test_a_bomb_is_refused_by_its_declared_size(write_zip):
    with pytest.raises(DataError, match=r"declares 104,857,\d+ bytes unpacked .* refused as a bomb"):
        open_pairs(write_zip({"a.csv": TABLE, "zeros.webp": bytes(100 * 2**20)}))


def test_a_bomb_that_declares_little_is_refused_by_its_real_size(write_zip):
    path = write_zip({"a.csv": TABLE, **_picture_files(), "images/zeros.webp": bytes(90 * 2**20)})
    content = bytearray(path.read_bytes())
    for at in _entries(content):
        if content[at + 46 :].startswith(b"images/zeros"):
            struct.pack_into("<I", content, at + 24, 1000)
    path.write_bytes(content)
    pairs = open_pairs(path)
    assert len(list(pairs)) == 2
    with pytest.raises(DataError, match=r"images/zeros\.webp is damaged"):
        pairs._tree.read("images/zeros.webp")


def test_a_member_shorter_than_declared_is_refused(write_zip):
    path = write_zip({"a.csv": TABLE, **_picture_files()}, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for at in _entries(content):
        if content[at + 46 :].startswith(b"images/red"):
            struct.pack_into("<I", content, at + 24, 5_000)
    path.write_bytes(content)
    with pytest.raises(DataError, match="it is shorter than declared"):
        open_pairs(path).find("images/red.webp").read_image()


def test_files_that_overlap_are_refused(write_zip):
    path = write_zip({"a.csv": TABLE, **_picture_files()}, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for at in _entries(content):
        struct.pack_into("<I", content, at + 20, len(content) // 2)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"files that overlap .* refused as a bomb"):
        open_pairs(path)


def test_a_list_of_files_that_is_too_long_is_not_read(write_zip, monkeypatch):
    monkeypatch.setattr(zip_tree, "MAX_DIRECTORY_BYTES", 100)
    with pytest.raises(DataError, match="must list its files in at most 100 bytes"):
        open_pairs(write_zip({"a.csv": TABLE, **_picture_files()}))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_archive_is_one_sentence(write_zip, share):
    path = write_zip({"a.csv": TABLE, **_picture_files()})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        DataError, match=r"upload\.zip (?:must be a whole zip archive|is empty).*copy it again"
    ):
        open_pairs(path)


def test_a_damaged_member_is_skipped(write_zip):
    path = write_zip({"a.csv": TABLE, **_picture_files()}, compression=zipfile.ZIP_STORED)
    content = path.read_bytes()
    path.write_bytes(content.replace(picture_bytes("red"), picture_bytes("red")[::-1]))
    found = list(open_pairs(path))
    assert found[1].read_image() == picture_bytes("blue")
    with pytest.raises(DataError, match=r"images/red\.webp is damaged inside .*upload\.zip: Bad CRC"):
        found[0].read_image()


def test_an_empty_archive_and_a_missing_one(write_zip, tmp_path):
    with pytest.raises(DataError, match="none was found: looked for"):
        open_pairs(write_zip({}))
    with pytest.raises(DataError, match=r"there is no .*none\.zip"):
        open_pairs(tmp_path / "none.zip")
    with pytest.raises(DataError, match="must be a zip archive"):
        open_pairs(tmp_path, "zip")


def test_a_name_that_comes_twice_is_listed(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in [("a.csv", TABLE), *_picture_files().items()]:
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", b"other")
    pairs = open_pairs(path)
    assert len(list(pairs)) == 2
    assert [(s.item, "comes twice" in s.reason) for s in pairs.skipped] == [("a.csv", True)]


def test_the_fingerprint_is_that_of_the_content(write_zip):
    files = {"a.csv": TABLE, **_picture_files()}
    first = open_pairs(write_zip(files)).fingerprint
    assert open_pairs(write_zip(files, compression=zipfile.ZIP_STORED)).fingerprint == first
    files["images/red.webp"] = bytes(reversed(files["images/red.webp"]))
    assert open_pairs(write_zip(files)).fingerprint != first


def _entries(content):
    """Offsets of the entries in the archive's list of files."""
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        start = archive.start_dir
    while content[start : start + 4] == b"PK\x01\x02":
        yield start
        start += 46 + sum(struct.unpack_from("<HHH", content, start + 28))


def _read(path):
    pairs = open_pairs(path)
    list(pairs)
    return pairs.skipped
