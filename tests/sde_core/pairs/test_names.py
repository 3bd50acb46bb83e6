"""Names as people and systems leave them: hidden, in other case, composed or decomposed; pictures without captions."""

import shutil

import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes

RED = picture_bytes("red", (8, 8))


def _write(folder, *names: str):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a caption" if name.lower().endswith(".txt") else RED)
    return folder


def _zipped(folder):
    return shutil.make_archive(str(folder.parent / "packed"), "zip", folder)


@pytest.mark.parametrize("packed", [False, True])
def test_hidden_and_backup_files_are_no_pairs(tmp_path, packed):
    folder = _write(
        tmp_path / "set", "0.jpg", "0.txt", "._0.jpg", "._0.txt", ".ipynb_checkpoints/0.jpg",
        ".ipynb_checkpoints/0.txt", "__MACOSX/0.jpg", "__MACOSX/0.txt", "0.jpg~", "@eaDir/0.jpg", "@eaDir/0.txt",
    )  # fmt: skip
    pairs = open_pairs(_zipped(folder) if packed else folder)
    assert [pair.id for pair in pairs] == ["0"]
    assert pairs.skipped == ()


@pytest.mark.parametrize("packed", [False, True])
def test_find_gives_what_iterating_gives_in_any_case(tmp_path, packed):
    folder = _write(tmp_path / "set", "b.Jpeg", "b.txt", "d.jPg", "d.TXT", "deep/e.PNG", "deep/e.Txt")
    pairs = open_pairs(_zipped(folder) if packed else folder)
    assert [pair.id for pair in pairs] == ["b", "d", "deep/e"]
    for pair in pairs:
        assert pairs.find(pair.id).captions == pair.captions
    for wild in ("../set/b", "/etc/passwd", "deep/../b", "nowhere/e", ""):
        with pytest.raises(DataError, match="must be in"):
            pairs.find(wild)


def test_composed_and_decomposed_names_belong_together(tmp_path):
    pairs = open_pairs(_write(tmp_path / "set", "cafe\u0301.png", "caf\u00e9.txt"))
    assert [pair.captions for pair in pairs] == [("a caption",)]
    assert pairs.find("caf\u00e9").read_image() == pairs.find("cafe\u0301").read_image() == RED


@pytest.mark.parametrize(
    ("there", "named"), [("cafe\u0301.png", "caf\u00e9.png"), ("caf\u00e9.png", "cafe\u0301.png")]
)
def test_a_table_names_pictures_in_either_form(tmp_path, there, named):
    folder = _write(tmp_path / "set", there)
    (folder / "t.csv").write_text(f"filepath,title\n{named},a cup\n", encoding="utf-8")
    (pair,) = open_pairs(folder)
    assert (pair.captions, pair.read_image()) == (("a cup",), RED)


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_pictures_without_captions(tmp_path, packed):
    folder = _write(tmp_path / "set", "0.jpg", "b/1.png")
    pairs = open_pairs(_zipped(folder) if packed else folder)
    assert pairs.modalities == ("image",)
    assert [(pair.id, pair.captions) for pair in pairs] == [("0", ()), ("b/1", ())]
    _write(folder, "0.txt")
    mixed = open_pairs(folder)
    assert [pair.id for pair in mixed] == ["0"]
    assert "no caption" in next(s for s in mixed.skipped if s.item == "b/1.png").reason
    assert len(mixed) == 1


def test_a_table_that_cannot_be_read_is_not_passed_over_for_its_pictures(tmp_path):
    folder = _write(tmp_path / "set", "0.jpg")
    (folder / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="none was found"):
        open_pairs(folder)


def test_the_repr_is_short(tmp_path):
    assert repr(open_pairs(_write(tmp_path / "set", "0.jpg", "0.txt"))).startswith("FolderPairs('")
    assert len(repr(open_pairs("clipart/val"))) <= 200
