"""Which member of a shard is the picture and which the caption: as webdataset names them, and never the last."""

import io
import json
import tarfile
from pathlib import Path

import pytest
import webdataset

from sde_core.pairs import decode_image, open_pairs
from tests.fixtures import picture_bytes

RED, BLACK = picture_bytes("red", (8, 8)), picture_bytes("black", (8, 8))


def shard(folder: Path, *members: tuple[str, bytes | str], name: str = "a.tar") -> Path:
    with tarfile.open(folder / name, "w") as archive:
        for member, content in members:
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return folder


def colours(pairs) -> list[tuple[int, int, int]]:
    return [decode_image(pair.read_image()).getpixel((4, 4)) for pair in pairs]


@pytest.mark.parametrize(
    "others", [["0.seg.png"], ["0.mask.webp", "0.depth.tiff"], ["0.png"], ["0.image.png"]]
)
@pytest.mark.parametrize("is_last", [True, False])
def test_of_several_pictures_the_plain_one_is_read(tmp_path, others, is_last):
    own, rest = [("0.jpg", RED), ("0.txt", "a red square")], [(name, BLACK) for name in others]
    pairs = open_pairs(shard(tmp_path, *(own + rest if is_last else rest + own)))
    (colour,) = colours(pairs)
    assert colour[0] > 200
    assert "one is read, others are left" in pairs.remarks[0]
    assert pairs.skipped == ()


def test_without_a_plain_picture_the_one_that_is_called_image_is_read(tmp_path):
    pairs = open_pairs(
        shard(
            tmp_path,
            ("0.a.png", BLACK),
            ("0.image.png", RED),
            ("0.zzzzz.png", BLACK),
            ("0.caption.txt", "a red square"),
            ("0.original_caption.txt", "IMG_0001"),
        )
    )
    assert [(p.id, p.captions) for p in pairs] == [("0", ("a red square",))]
    assert colours(pairs)[0][0] > 200


def test_names_as_webdataset_groups_them(tmp_path):
    members = [(f"{i}.{suffix}", content) for i in range(3) for suffix, content in
               (("image.jpg", RED), ("caption.txt", f"caption {i}"))]  # fmt: skip
    pairs = open_pairs(shard(tmp_path, *members))
    theirs = list(webdataset.WebDataset(str(tmp_path / "a.tar"), shardshuffle=False, empty_check=False))
    assert [s["caption.txt"].decode() for s in theirs] == [p.captions[0] for p in pairs]
    assert [s["__key__"] for s in theirs] == [p.id for p in pairs]
    assert len(pairs) == 3


@pytest.mark.parametrize(
    ("stems", "ids"),
    [
        (["22.05"], ["22.05"]),
        (["22.05", "22.06", "23.1"], ["22.05", "22.06", "23.1"]),
        (["a/img.v1", "a/img.v2.b"], ["a/img.v1", "a/img.v2.b"]),
    ],
)
def test_dots_in_names_are_names(tmp_path, stems, ids):
    members = [(f"{stem}.{suffix}", content) for stem in stems for suffix, content in
               (("png", RED), ("txt", f"caption of {stem}"))]  # fmt: skip
    pairs = open_pairs(shard(tmp_path, *members))
    assert [(p.id, p.captions) for p in pairs] == [(i, (f"caption of {i}",)) for i in ids]
    assert pairs.skipped == ()
    for name in ids:
        assert pairs.find(name).id == name


def test_one_name_twice_is_listed(tmp_path):
    pairs = open_pairs(shard(tmp_path, ("0.image.png", BLACK), ("0.image.png", RED), ("0.txt", "red")))
    assert colours(pairs)[0][0] > 200
    assert [s.reason for s in pairs.skipped] == ["it comes twice in the shard; the later one is read"]


def test_hidden_members_are_no_samples(tmp_path):
    pairs = open_pairs(
        shard(
            tmp_path,
            ("0.png", RED),
            ("0.txt", "red"),
            ("._0.png", b"\0"),
            ("._0.txt", b"\0"),
            (".ipynb_checkpoints/0.png", BLACK),
            (".ipynb_checkpoints/0.txt", "black"),
            ("__MACOSX/0.png", BLACK),
            ("0.png~", BLACK),
        )
    )
    assert [pair.id for pair in pairs] == ["0"]
    assert pairs.skipped == ()


def test_composed_and_decomposed_names_are_one(tmp_path):
    pairs = open_pairs(shard(tmp_path, ("cafe\u0301.png", RED), ("caf\u00e9.txt", "a cup")))
    assert [pair.captions for pair in pairs] == [("a cup",)]
    assert pairs.find("cafe\u0301").id == pairs.find("caf\u00e9").id


@pytest.mark.parametrize("beside", [[], [("0.cls", "1"), ("1.cls", "0")], [("0.json", '{"caption": null}')]])
def test_a_shard_without_captions_is_a_set_of_pictures(tmp_path, beside):
    pairs = open_pairs(shard(tmp_path, ("0.png", RED), ("1.png", BLACK), *beside))
    assert pairs.modalities == ("image",)
    assert [(pair.id, pair.captions) for pair in pairs] == [("0", ()), ("1", ())]
    assert len(pairs) == 2


def test_a_caption_that_is_missing_among_others_is_listed_and_not_counted(tmp_path):
    pairs = open_pairs(
        shard(tmp_path, ("0.png", RED), ("0.txt", " "), ("1.png", RED), ("1.txt", "red"), ("2.txt", "none"))
    )
    assert pairs.modalities == ("image", "text")
    assert len(pairs) == len(list(pairs)) == 1
    assert pairs.n_items == 3
    assert [s.item for s in pairs.skipped] == ["0", "2"]


@pytest.mark.parametrize("name", ["A.TAR", "a.Tar", "a{1..3}.tar", "{a,b}/c.tar"])
def test_shards_in_capitals_and_braces_in_a_name_that_is_there(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    shard(path.parent, ("0.webp", RED), ("0.txt", "a caption"), name=path.name)
    assert [pair.captions for pair in open_pairs(path)] == [("a caption",)]
    assert [pair.captions for pair in open_pairs(path.parent)] == [("a caption",)]


@pytest.mark.parametrize(
    ("record", "captions", "metadata"),
    [
        ({"text": "a cat", "n": 1}, ("a cat",), {"n": 1}),
        ({"TEXT": ["a cat", "a pet"]}, ("a cat", "a pet"), {}),
        ({"caption": "a cat", "title": "0.webp"}, ("a cat",), {"title": "0.webp"}),
        ({"description": "a cat"}, ("a cat",), {}),
    ],
)
def test_a_record_without_a_caption_by_that_name_has_one_by_another(tmp_path, record, captions, metadata):
    shard(tmp_path, ("0.webp", RED), ("0.json", json.dumps(record)))
    (pair,) = open_pairs(tmp_path)
    assert (pair.captions, dict(pair.metadata)) == (captions, metadata)
