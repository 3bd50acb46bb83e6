import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "set"
    (root / "b").mkdir(parents=True)
    files = {
        "z.webp": picture_bytes("red"),
        "z.txt": b"last\n\nof the top\n",
        "a-1.JPG": picture_bytes("green", kind="JPEG"),
        "a-1.txt": "\ufeffcaf\u00e9".encode(),
        "a-1.json": b'{"views": 3, "caption": "not this one"}',
        "b/x.y.png": picture_bytes("blue", kind="PNG"),
        "b/x.y.json": b'{"captions": ["one", "two"]}',
        "notes.md": b"# not a caption",
    }
    for name, content in files.items():
        (root / name).write_bytes(content)
    return root


def test_captions_beside_pictures_in_folders_below_too(folder):
    pairs = open_pairs(folder)
    assert [(p.id, p.captions, dict(p.metadata)) for p in pairs] == [
        ("a-1", ("café",), {"views": 3}),
        ("z", ("last", "of the top"), {}),
        ("b/x.y", ("one", "two"), {}),
    ]
    assert (len(pairs), pairs.skipped) == (3, ())
    for pair in pairs:
        assert pairs.find(pair.id).captions == pair.captions
        assert pairs.find(pair.id).read_image() == pair.read_image()


def test_what_is_broken_is_skipped_and_the_rest_survives(folder):
    secret = folder.parent / "secret.txt"
    secret.write_text("secret")
    extra = {
        "empty.webp": b"",
        "empty.txt": b"x",
        "zero.webp": picture_bytes(),
        "zero.txt": b"",
        "long.webp": picture_bytes(),
        "long.txt": b"x" * 1_000_000,
        "latin.webp": picture_bytes(),
        "latin.txt": b"one\ncaf\xe9",
        "alone.webp": picture_bytes(),
        "nothing.txt": b"no picture",
        "json.webp": picture_bytes(),
        "json.json": b"{",
        "z.png": picture_bytes(kind="PNG"),
        "linked.webp": picture_bytes(),
    }
    for name, content in extra.items():
        (folder / name).write_bytes(content)
    (folder / "linked.txt").symlink_to(secret)
    (folder / "picture.webp").symlink_to(folder.parent / "none.webp")
    pairs = open_pairs(folder)
    assert [p.id for p in pairs] == ["a-1", "z", "b/x.y"]
    reasons = {s.item: s.reason for s in pairs.skipped}
    expected = {
        "empty.webp": "the picture is empty",
        "zero.webp": "no caption, or an empty one",
        "long.webp": "its caption has 1,000,000 characters",
        "latin.webp": "its caption is not UTF-8: .* at byte 7, line 2",
        "alone.webp": "no caption: neither alone.txt nor alone.json lies beside it",
        "nothing.txt": "no picture of that name lies beside it",
        "json.webp": "its JSON cannot be read",
        "z.png": r"its id 'z' is that of z\.webp, too",
        "linked.webp": "no caption: neither",
        "linked.txt": "a link out of",
        "picture.webp": "there is no file",
    }
    assert sorted(reasons) == sorted(expected)
    for item, reason in expected.items():
        with pytest.raises(DataError, match=reason):
            raise DataError(reasons[item])
    with pytest.raises(DataError, match="must be in"):
        pairs.find("../secret")


def test_the_files_of_img2dataset(tmp_path):
    (tmp_path / "00000").mkdir()
    (tmp_path / "00000" / "000000000.jpg").write_bytes(picture_bytes(kind="JPEG"))
    (tmp_path / "00000" / "000000000.txt").write_text("found")
    (tmp_path / "00000" / "000000000.json").write_text(json.dumps({"caption": "found", "width": 40}))
    rows = {"key": ["000000000", "000000001"], "status": ["success", "failed_to_download"], "url": ["a", "b"]}
    pq.write_table(pa.table(rows), tmp_path / "00000.parquet")
    pairs = open_pairs(tmp_path)
    assert [(p.id, p.captions, dict(p.metadata)) for p in pairs] == [
        ("00000/000000000", ("found",), {"width": 40})
    ]
    assert [(s.item, s.reason) for s in pairs.skipped] == [
        ("000000001", "img2dataset: failed_to_download: None (b)")
    ]


def test_the_fingerprint_follows_captions_and_pictures(folder):
    first = open_pairs(folder).fingerprint
    assert open_pairs(folder).fingerprint == first
    (folder / "z.txt").write_bytes(b"lost\n\nof the top\n")  # as long as before
    second = open_pairs(folder).fingerprint
    (folder / "z.webp").write_bytes(picture_bytes("red", (50, 50)))
    assert len({first, second, open_pairs(folder).fingerprint}) == 3


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(DataError, match="it holds no picture"):
        open_pairs(tmp_path, "folder")
    with pytest.raises(DataError, match="must be a folder of pictures"):
        open_pairs(tmp_path / "none", "folder")
