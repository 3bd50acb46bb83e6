"""Tables whose names differ from those of the files in case, as they come from Windows and macOS."""

import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.cli.main import main
from sde_core.pairs import open_pairs
from sde_core.pairs.folder_tree import FolderTree
from tests.fixtures import picture_bytes

RED, BLUE = picture_bytes("red", (8, 8)), picture_bytes("blue", (8, 8))


def _write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _table(folder, kind, names):
    """Write a table of a kind and return what is to be opened."""
    captions = [f"caption {i}" for i in range(len(names))]
    if kind == "parquet":
        pq.write_table(pa.table({"filepath": names, "caption": captions}), folder / "t.parquet")
        return folder / "t.parquet"
    if kind == "jsonl":
        rows = zip(names, captions, strict=True)
        lines = [json.dumps({"file_name": n, "text": c}) + "\n" for n, c in rows]
        (folder / "t.jsonl").write_text("".join(lines))
    else:
        mark = "," if kind == "csv" else "\t"
        lines = [f"filepath{mark}title\n", *(f"{n}{mark}{c}\n" for n, c in zip(names, captions, strict=True))]
        (folder / f"t.{kind}").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_the_only_file_of_another_case_is_read_and_counted(tmp_path, kind):
    folder = _write(tmp_path / "set", {"Images/IMG_1.JPG": RED, "Images/two.jpg": BLUE})
    pairs = open_pairs(_table(folder, kind, ["images/img_1.jpg", "Images/TWO.jpg"]))
    assert [pair.read_image() for pair in pairs] == [RED, BLUE]
    assert (pairs.skipped, pairs.remarks) == (
        (),
        (
            "2 names differ from those of files in case or Unicode form alone, such as images/img_1.jpg: "
            "Images/IMG_1.JPG is read.",
        ),
    )
    list(pairs)
    assert pairs.remarks[0].startswith("2 names")  # a second reading counts nothing twice
    assert pairs.find(next(iter(pairs)).id).read_image() == RED


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_several_files_of_other_cases_are_refused_by_name(tmp_path, kind):
    folder = _write(tmp_path / "set", {"a.jpg": RED, "A.JPG": BLUE, "b.jpg": RED})
    pairs = open_pairs(_table(folder, kind, ["A.jpg", "b.jpg"]))
    assert [pair.captions for pair in pairs] == [("caption 1",)]
    (skipped,) = pairs.skipped
    assert "A.JPG and a.jpg differ from it in case alone" in skipped.reason
    assert "name the one that is meant exactly" in skipped.reason
    assert pairs.remarks == ()


def test_an_exact_name_wins_and_nothing_is_listed_for_it(tmp_path, monkeypatch):
    folder = _write(tmp_path / "set", {"a.jpg": RED, "A.JPG": BLUE})
    monkeypatch.setattr(FolderTree, "children", lambda *_: pytest.fail("a folder was listed"))
    pairs = open_pairs(_table(folder, "csv", ["A.JPG", "a.jpg"]))
    assert [pair.read_image() for pair in pairs] == [BLUE, RED]
    assert pairs.remarks == ()


def test_a_folder_is_listed_once_for_all_rows(tmp_path, monkeypatch):
    names = [f"p{i}.jpg" for i in range(30)]
    folder = _write(tmp_path / "set", {f"pics/{name.upper()}": RED for name in names})
    listed, children = [], FolderTree.children
    monkeypatch.setattr(FolderTree, "children", lambda s, f: listed.append(f) or children(s, f))
    pairs = open_pairs(_table(folder, "csv", [*names, "gone.jpg"]))  # the table leaves out the folder as well
    assert len(list(pairs)) == 30
    assert "there is no file pics/gone.jpg" in pairs.skipped[0].reason
    assert pairs.remarks[0].startswith("30 names")
    assert sorted(listed) == sorted(set(listed))


def test_in_a_zip_and_below_an_image_root(tmp_path):
    folder = _write(tmp_path / "set", {"Images/IMG_1.JPG": RED})
    _table(folder, "csv", ["images/img_1.jpg"])
    packed = open_pairs(shutil.make_archive(str(tmp_path / "packed"), "zip", folder))
    assert [pair.read_image() for pair in packed] == [RED]
    assert packed.remarks[0].startswith("One name differs")
    lists = tmp_path / "lists"
    lists.mkdir()
    for name in ("images/img_1.jpg", "E:\\sets\\images\\Img_1.jpg", "/mnt/x/IMAGES/IMG_1.jpg"):
        pairs = open_pairs(_table(lists, "csv", [name]), image_root=folder)
        assert [pair.read_image() for pair in pairs] == [RED]
        assert pairs.remarks[0].startswith("One name differs")


def test_case_and_form_of_unicode_together(tmp_path):
    folder = _write(tmp_path / "set", {"CAFE\u0301.png": RED, "stra\u00dfe.png": BLUE})
    pairs = open_pairs(_table(folder, "csv", ["caf\u00e9.png", "STRASSE.png"]))
    assert [pair.read_image() for pair in pairs] == [RED, BLUE]


def test_no_other_case_leads_out_of_the_set(tmp_path):
    folder = _write(tmp_path / "set", {"in.jpg": RED})
    _write(tmp_path, {"Secret/A.JPG": BLUE})
    os.symlink(tmp_path / "Secret", folder / "Linked")
    os.symlink(tmp_path / "Secret" / "A.JPG", folder / "B.JPG")
    pairs = open_pairs(_table(folder, "csv", ["linked/a.jpg", "b.jpg", "../secret/a.jpg", "IN.jpg"]))
    assert [pair.read_image() for pair in pairs] == [RED]
    assert len(pairs.skipped) == 3


def test_a_name_without_its_suffix_is_found_in_any_case(tmp_path):
    folder = _write(tmp_path / "set", {"Photo.JPG": RED, "plain.jpg": BLUE})
    pairs = open_pairs(_table(folder, "csv", ["photo", "plain"]))
    assert [pair.read_image() for pair in pairs] == [RED, BLUE]


def test_the_command_says_it(tmp_path, capsys):
    folder = _write(tmp_path / "set", {"IMG_1.JPG": RED, "b.jpg": BLUE})
    _table(folder, "csv", ["img_1.jpg", "b.jpg"])
    main(["check", str(folder)])
    assert "One name differs" in " ".join(capsys.readouterr().out.split())
