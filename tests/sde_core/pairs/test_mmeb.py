import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from sde_core.pairs.mmeb_tasks import MMEB, Side
from tests.fixtures import picture_bytes

COLOURS = ("red", "green", "blue", "white")
TOKEN = "<|image_1|>\n"


def _others(colour):
    return [c for c in COLOURS if c != colour]


def _classes(colour):
    names = [colour, *_others(colour)]
    return {
        "qry_text": f"{TOKEN}Represent the given image.\n",
        "qry_img_path": f"Colours/{colour}.png",
        "tgt_text": names,
        "tgt_img_path": [""] * 4,
    }


def _pictures(colour):
    return {
        "qry_text": f"Find a picture: {colour}",
        "qry_img_path": "",
        "tgt_text": "",
        "tgt_img_path": [f"Colours/{c}.png" for c in [colour, *_others(colour)]],
    }


def _alike(colour):
    paths = [f"Colours/{c}.png" for c in [colour, *_others(colour)]]
    return {"qry_text": TOKEN, "qry_img_path": paths[0], "tgt_text": [TOKEN] * 4, "tgt_img_path": paths}


@pytest.fixture
def folder(tmp_path):
    """A folder with three tasks, as parquet in the two layouts of the hub and as JSON lines, pictures beside."""
    root = tmp_path / "MMEB-eval"
    (root / "images/Colours").mkdir(parents=True)
    for colour in COLOURS:
        (root / f"images/Colours/{colour}.png").write_bytes(picture_bytes(colour, kind="PNG"))
    (root / "ImageNet-1K").mkdir()
    (root / "MSCOCO_t2i/test").mkdir(parents=True)
    write(root / "ImageNet-1K/test-00000-of-00001.parquet", [_classes(c) for c in COLOURS])
    write(root / "MSCOCO_t2i/test/0000.parquet", [_pictures(c) for c in COLOURS])
    write(root / "NIGHTS.jsonl", [_alike(c) for c in COLOURS])
    (root / "README.md").write_text("# MMEB")
    return root


def write(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_tasks_come_from_every_layout_with_the_right_candidate_first(folder):
    opened = MMEB(folder)
    assert opened.names == ("ImageNet-1K", "MSCOCO_t2i", "NIGHTS")
    classes, pictures, alike = map(opened.task, opened.names)
    for task in (classes, pictures, alike):
        assert (task.rows, task.skipped, task.n_broken) == ((0, 1, 2, 3), (), 0)
        assert len(task.candidates) == 4  # each once, however many queries offer it
    assert classes.queries[1] == Side("Represent the given image.", "Colours/green.png")
    for number, colour in enumerate(COLOURS):
        assert classes.candidates[classes.candidates_of[number][0]] == Side(colour, "")
        assert pictures.candidates[pictures.candidates_of[number][0]] == Side("", f"Colours/{colour}.png")
        assert alike.queries[number] == Side("", f"Colours/{colour}.png")


def test_one_task_alone_finds_the_pictures_beside_it(folder):
    alone = MMEB(folder / "ImageNet-1K")
    assert alone.names == ("ImageNet-1K",)
    assert alone.pictures.read("Colours/red.png") == picture_bytes("red", kind="PNG")
    elsewhere = MMEB(folder / "ImageNet-1K", images=folder / "images/Colours")
    assert elsewhere.pictures.read("red.png") == picture_bytes("red", kind="PNG")


def test_broken_rows_and_candidates_are_left_out_with_their_reason(folder):
    good = _classes("red")
    rows = [
        good,
        good | {"qry_text": " ", "qry_img_path": ""},
        good | {"tgt_text": ["red", "blue"], "tgt_img_path": [""]},
        good | {"tgt_text": []},
        good | {"tgt_text": None, "tgt_img_path": None},
        good | {"tgt_text": ["", "blue"], "tgt_img_path": ["", ""]},
        good | {"tgt_text": ["red", "red"], "tgt_img_path": ["", ""]},
        good | {"tgt_text": ["red", "", "blue", "red"]},
        good | {"tgt_text": 3},
        good | {"qry_text": ["a"]},
        good | {"qry_text": "x" * 1_000_000},
        good | {"qry_text": "\ud800"},
        good,
    ]
    write(folder / "NIGHTS.jsonl", rows)
    lines = (folder / "NIGHTS.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "NIGHTS.jsonl").write_bytes(
        b"".join([*lines, b"\n", b"{\n", b"[1]\n", b'{"qry_text": "caf\xe9"}\n'])
    )
    task = MMEB(folder).task("NIGHTS")
    assert task.rows == (0, 7, 12)
    assert task.candidates_of[1].tolist() == [0, 2]  # "red" again is no rival
    reasons = {s.item: s.reason for s in task.skipped}
    wanted = {
        1: "its query has neither text nor picture",
        2: "tgt_text has 2, tgt_img_path 1",
        3: "tgt_text has 0, tgt_img_path 4",
        4: "it has no candidates",
        5: "its right candidate has neither text nor picture",
        6: "nothing to choose from",
        8: "tgt_text must hold text; it holds int",
        9: "qry_text must hold text; it holds list",
        10: "at most 100,000",
        11: "half of a surrogate pair",
        13: "JSON cannot be read",
        14: "not a JSON object",
        15: "JSON cannot be read",
    }
    for row, reason in wanted.items():
        assert reason in reasons.pop(f"NIGHTS, row {row}")
    assert list(reasons) == ["NIGHTS, row 7, candidate 1"]
    assert task.n_broken == len(wanted)


def test_what_is_no_benchmark_is_refused(folder, tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        MMEB(tmp_path / "nothing")
    with pytest.raises(DataError, match="must hold MMEB tasks"):
        MMEB(folder / "images")
    with pytest.raises(DataError, match="images must be the folder"):
        MMEB(folder, images=tmp_path / "nothing")
    with pytest.raises(DataError, match=r"the task must be one of ImageNet-1K, .*; got 'CIRR'"):
        MMEB(folder).task("CIRR")
    pq.write_table(pa.table({"qry_text": ["a"]}), folder / "A.parquet")
    with pytest.raises(DataError, match=r"tgt_img_path is missing"):
        MMEB(folder).task("A")
    path = folder / "ImageNet-1K/test-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"must be a whole parquet file|is empty"):
        MMEB(path.parent)
    (folder / "NIGHTS.jsonl").unlink()
    (folder / "MSCOCO_t2i/test/0000.parquet").unlink()
    with pytest.raises(DataError, match=r"A\.parquet must have the columns qry_text, qry_img_path"):
        MMEB(folder)


def test_pairs_are_pictures_with_the_text_of_the_other_side(folder):
    pairs = open_pairs(folder)
    found = {p.id: p for p in pairs}
    assert list(found) == [f"{task}/{row}" for task in ("ImageNet-1K", "MSCOCO_t2i") for row in range(4)]
    assert found["ImageNet-1K/2"].captions == ("blue",)
    assert found["MSCOCO_t2i/3"].captions == ("Find a picture: white",)
    assert found["MSCOCO_t2i/3"].read_image() == picture_bytes("white", kind="PNG")
    assert dict(found["ImageNet-1K/2"].metadata) == {"task": "ImageNet-1K"}
    reasons = {s.item: s.reason for s in pairs.skipped}
    assert reasons == {f"NIGHTS/{row}": "no picture on one side with a text on the other" for row in range(4)}
    assert (len(pairs), pairs.n_items) == (8, 12)
    assert pairs.find("MSCOCO_t2i/1").captions == ("Find a picture: green",)
    for wrong in ("MSCOCO_t2i/4", "MSCOCO_t2i", "CIRR/0", ""):
        with pytest.raises(DataError, match="pair_id must be in"):
            pairs.find(wrong)


def test_pictures_are_read_below_their_folder_only(folder, tmp_path):
    (tmp_path / "secret.png").write_bytes(picture_bytes("red", kind="PNG"))
    (folder / "images/link.png").symlink_to(tmp_path / "secret.png")
    rows = [
        _classes("red") | {"qry_img_path": path}
        for path in ("../../secret.png", "link.png", "/etc/passwd", "gone.png")
    ]
    write(folder / "ImageNet-1K/test-00000-of-00001.parquet", rows)
    pairs = open_pairs(folder / "ImageNet-1K")
    assert list(pairs) == []
    for skipped, why in zip(
        pairs.skipped, ["leads out", "is a link out of", "lies outside", "no file"], strict=True
    ):
        assert why in skipped.reason


def test_one_broken_file_costs_its_rows_only(folder):
    (folder / "NIGHTS.jsonl").unlink()
    (folder / "MSCOCO_t2i/test/0001.parquet").write_bytes(b"PAR1")
    task = MMEB(folder).task("MSCOCO_t2i")
    assert task.rows == (0, 1, 2, 3)
    assert [s.item for s in task.skipped] == ["MSCOCO_t2i/test/0001.parquet"]
    pairs = open_pairs(folder)
    assert len(list(pairs)) == 8
    assert open_pairs(folder).fingerprint == pairs.fingerprint
