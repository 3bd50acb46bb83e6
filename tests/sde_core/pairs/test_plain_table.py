"""Tables as people have them: compressed, in UTF-16, below comments, with a name twice."""

import bz2
import gzip
import lzma

import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes

TABLE = "filepath,title\np0.webp,caf\u00e9\np1.webp,b\n"
CAPTIONS = [("p0.webp", ("caf\u00e9",)), ("p1.webp", ("b",))]


@pytest.fixture
def folder(tmp_path):
    for i in range(2):
        (tmp_path / f"p{i}.webp").write_bytes(picture_bytes())
    return tmp_path


def _read(path):
    return [(pair.id, pair.captions) for pair in open_pairs(path)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("t.csv.bz2", bz2.compress(TABLE.encode())),
        ("t.CSV.XZ", lzma.compress(TABLE.encode())),
        ("t.csv", TABLE.encode("utf-16")),
        ("t.tsv", TABLE.replace(",", "\t").encode("utf-16")),
        ("t.csv", TABLE.encode("utf-32")),
        ("t.csv.gz", gzip.compress(TABLE.encode("utf-16"), mtime=0)),
        ("t.csv", TABLE.replace("\n", "\r").encode()),
        ("t.csv", b"# written by a program, on a day\n\n# title\n" + TABLE.encode()),
        ("t.csv", b"#" + TABLE.encode()),
        ("t.csv", b"% x\n// y\n" + TABLE.replace(",", ";").encode()),
        ("captions.txt", TABLE.encode()),
    ],
)
def test_any_way_of_writing_a_table_gives_the_same_pairs(folder, name, content):
    (folder / name).write_bytes(content)
    assert _read(folder) == _read(folder / name) == CAPTIONS
    pairs = open_pairs(folder)
    assert pairs.find("p1.webp").captions == ("b",)


def test_the_lists_of_flickr30k_have_several_captions_a_picture(folder):
    (folder / "results.token").write_text("p0.webp#0\tA\np0.webp#1\tB # 2\np1.webp#0\tC\n")
    assert _read(folder) == [("p0.webp", ("A", "B # 2")), ("p1.webp", ("C",))]


def test_names_that_come_twice_lose_nothing(folder):
    (folder / "t.csv").write_text(",filepath,title,title,n,n\n7,p0.webp,a,x,1,2\n8,p1.webp,b,y,3,4\n")
    pair = next(iter(open_pairs(folder)))
    assert pair.captions == ("a", "x")
    assert dict(pair.metadata) == {"column 1": 7, "n": 1, "n 2": 2}


def test_a_title_above_the_names_is_refused_with_the_line(folder):
    (folder / "t.csv").write_text("My set\n\n" + TABLE)
    with pytest.raises(DataError, match="line 3 does: delete the lines above it"):
        open_pairs(folder / "t.csv")
    with pytest.raises(DataError, match="line 3 does: delete the lines above it"):
        open_pairs(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", TABLE.encode("utf-16-le"), "UTF-16 without its mark: save it as UTF-8"),
        ("t.csv", b"\xff\xfea", "none: save it as UTF-8"),
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)[:20], "cannot be unpacked"),
        ("t.csv.gz", gzip.compress(b"0" * (80 << 20), mtime=0), "refused as a bomb"),
        ("t.csv.gz", gzip.compress(b"image,caption\n" + b"a,b\n" * 3_000_000, mtime=0), "rows in .* bytes"),
        ("t.csv.zst", b"\x28\xb5\x2f\xfd", "unzstd it"),
    ],
    ids=["utf-16", "short", "cut", "bomb", "rows", "zst"],
)
def test_what_cannot_be_read_says_what_to_do(folder, name, content, message):
    (folder / name).write_bytes(content)
    for format in ("table", None):
        with pytest.raises(DataError, match=message):
            open_pairs(folder, format=format)


def test_addresses_of_files_are_paths(folder):
    (folder / "with space.webp").write_bytes(picture_bytes())
    (folder / "t.csv").write_text(
        f"image,caption\nfile://{folder}/p0.webp,a\nfile://localhost{folder}/with%20space.webp,b\nfile:///x/p1.webp,c\n"
    )
    pairs = open_pairs(folder)
    assert _read(folder) == [("p0.webp", ("a",)), ("with space.webp", ("b",))]
    list(pairs)
    assert "name their folder as image_root" in pairs.skipped[0].reason


def test_numbers_of_json_are_ids_and_what_is_no_number_is_no_caption(folder):
    (folder / "t.jsonl").write_text(
        '{"id":1.0,"image":"p0.webp","text":"x"}\n{"id":2.0,"image":"p1.webp","text":NaN}\n'
    )
    pairs = open_pairs(folder)
    assert [(p.id, p.captions) for p in pairs] == [("1", ("x",))]
    assert [s.reason for s in pairs.skipped] == ["no caption, or an empty one"]


def test_names_without_their_suffix_lead_to_the_file_that_is_there(folder):
    (folder / "images").mkdir()
    (folder / "images" / "7.x.JPG").write_bytes(picture_bytes(kind="JPEG"))
    (folder / "images" / "8.webp").write_bytes(picture_bytes())
    (folder / "t.csv").write_text("image,caption\n7.x,a\n8,b\n9,c\n")
    pairs = open_pairs(folder)
    assert [(p.id, p.captions, p.read_image()[:2]) for p in pairs] == [
        ("7.x", ("a",), b"\xff\xd8"),
        ("8", ("b",), b"RI"),
    ]
    assert "there is no file images/9" in pairs.skipped[0].reason
    assert pairs.find("8").captions == ("b",)
