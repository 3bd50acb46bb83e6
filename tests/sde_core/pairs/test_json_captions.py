"""Captions of a whole set in one JSON file."""

import json

import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes

COCO = {
    "images": [{"id": 7, "file_name": "p0.webp"}, {"id": 9, "file_name": "p1.webp"}],
    "annotations": [
        {"image_id": 9, "id": 1, "caption": "nine"},
        {"image_id": 7, "id": 2, "caption": "seven"},
        {"image_id": 7, "id": 3, "caption": "sieben"},
    ],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "val").mkdir()
    for i in range(2):
        (tmp_path / "val" / f"p{i}.webp").write_bytes(picture_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (COCO, [("7", ("seven", "sieben")), ("9", ("nine",))]),
        (
            {
                "dataset": "coco",
                "images": [
                    {"filepath": "val", "filename": "p0.webp", "sentences": [{"raw": "A"}, {"raw": "B"}]}
                ],
            },
            [("val/p0.webp", ("A", "B"))],
        ),
        ({"p0.webp": "A", "p1.webp": ["B", "C"]}, [("p0.webp", ("A",)), ("p1.webp", ("B", "C"))]),
        (
            [{"image": "val\\p0.webp", "caption": "A"}, {"image": "val/p1.webp", "caption": ["B"]}],
            [("val/p0.webp", ("A",)), ("val/p1.webp", ("B",))],
        ),
    ],
)
def test_every_layout_gives_its_captions(folder, content, expected):
    (folder / "captions.json").write_text(json.dumps(content))
    for path in (folder, folder / "captions.json"):
        pairs = open_pairs(path)
        assert [(p.id, p.captions) for p in pairs] == expected
        assert not pairs.skipped
        assert pairs.find(expected[0][0]).read_image() == picture_bytes()


def test_pictures_elsewhere_are_named_by_their_root(folder):
    (folder / "annotations").mkdir()
    path = folder / "annotations" / "captions_val.json"
    path.write_text(json.dumps(COCO))
    assert [p.id for p in open_pairs(path, image_root=folder / "val")] == ["7", "9"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ('{"a": 1}', "must be captions as COCO"),
        (
            json.dumps({**COCO, "annotations": [{"image_id": 7, "bbox": [1]}]}),
            "annotations without captions: open the file of captions",
        ),
    ],
)
def test_other_json_is_refused_in_one_sentence(folder, content, message):
    (folder / "a.json").write_text(content)
    with pytest.raises(DataError, match=message):
        open_pairs(folder / "a.json", format="table")


def test_the_sidecars_of_pictures_are_no_tables(tmp_path):
    (tmp_path / "a.webp").write_bytes(picture_bytes())
    (tmp_path / "a.json").write_text('{"caption": "A", "url": "x"}')
    assert [p.captions for p in open_pairs(tmp_path)] == [("A",)]
