"""Files of captions that are not read are named in `remarks`, in shards and in folders."""

import json

import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes

SAME = json.dumps({"caption": "one", "views": 3})


def _folder(path, files):
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text)
        (path / f"{name.partition('.')[0].partition('_')[0]}.webp").write_bytes(picture_bytes())
    return path


@pytest.mark.parametrize(
    ("beside", "left"),
    [
        ({"0.caption1.txt": "two"}, "others are left: caption1.txt (0.caption1.txt)"),
        ({"0.caption": "two"}, "others are left: caption (0.caption)"),
        ({"0.json": SAME, "0.synthetic.json": "{}"}, "others are left: synthetic.json"),
        ({"0.json": json.dumps({"caption": "two"})}, "the JSON beside has others (first: 0)"),
        ({"0.json": SAME}, ""),
        ({"0.cls": "3"}, ""),
    ],
)
def test_in_a_shard(write_shard, beside, left):
    files = {"0.webp": picture_bytes(), "0.txt": b"one", **{k: v.encode() for k, v in beside.items()}}
    for members in (list(files.items()), list(files.items())[::-1]):
        pairs = open_pairs(write_shard(members))
        assert [p.captions for p in pairs] == [("one",)]
        assert left in " ".join(pairs.remarks)
        assert bool(pairs.remarks) == bool(left)


def test_of_numbered_files_alone_the_first_is_read_and_the_others_are_named(write_shard):
    members = [("0.webp", picture_bytes()), ("0.1.txt", b"two"), ("0.0.txt", b"one")]
    pairs = open_pairs(write_shard(members))
    assert [p.captions for p in pairs] == [("one",)]
    assert "one file, one a line" in pairs.remarks[0]


def test_in_a_folder(tmp_path):
    pairs = open_pairs(_folder(tmp_path / "set", {"a.txt": "one", "a.caption": "two", "b.txt": "x"}))
    assert [p.captions for p in pairs] == [("one",), ("x",)]
    assert pairs.remarks[0].startswith("Samples have several files of captions")
    assert "caption (a.caption)" in pairs.remarks[0]
    assert not open_pairs(_folder(tmp_path / "same", {"a.txt": "one", "a.json": SAME})).remarks
    others = open_pairs(_folder(tmp_path / "others", {"a.txt": "one", "a.json": '{"caption": "two"}'}))
    assert [p.captions for p in others] == [("one",)]
    assert "(first: a)" in others.remarks[0]


def test_captions_called_as_the_whole_picture_or_by_another_suffix_are_read(tmp_path):
    pairs = open_pairs(_folder(tmp_path, {"a.webp.txt": "one", "b.caption": "two", "c.webp.json": SAME}))
    assert [(p.id, p.captions) for p in pairs] == [("a", ("one",)), ("b", ("two",)), ("c", ("one",))]
    assert not pairs.skipped


def test_both_keys_of_a_record_are_captions(tmp_path):
    both = json.dumps({"caption": "syn", "captions": ["a", "b"]})
    assert [p.captions for p in open_pairs(_folder(tmp_path, {"a.json": both}))] == [("a", "b", "syn")]


def test_of_two_formats_of_one_name_the_mask_is_left(tmp_path):
    _folder(tmp_path, {"a.txt": "one"})
    (tmp_path / "a.png").write_bytes(picture_bytes("black", kind="PNG"))
    (tmp_path / "a.webp").unlink()
    (tmp_path / "a.jpg").write_bytes(picture_bytes(kind="JPEG"))
    pairs = open_pairs(tmp_path)
    assert [p.read_image()[:2] for p in pairs] == [b"\xff\xd8"]
    assert [s.item for s in pairs.skipped] == ["a.png"]


def test_tables_elsewhere_in_a_set_of_pictures_only_are_named(tmp_path):
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "a.webp").write_bytes(picture_bytes())
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "captions_val.json").write_text("{}")
    pairs = open_pairs(tmp_path)
    assert pairs.modalities == ("image",)
    assert "annotations/captions_val.json may hold their captions" in pairs.remarks[0]


def test_text_files_of_other_names_are_refused_with_the_name_that_is_wanted(tmp_path):
    with pytest.raises(DataError, match=r"a_0\.txt has the name of no picture .* such as a\.txt"):
        open_pairs(_folder(tmp_path, {"a_0.txt": "one", "a_1.txt": "two"}))
