"""Ids that stand in addresses for paths of the server."""

import json

import pytest

from sde_explorer.intake import addresses
from sde_explorer.intake.addresses import FILE, id_of, is_id, path_of


@pytest.mark.parametrize(
    "value", ["/data/sets/photos", "~/photos", "./a b.npz", "C:\\sets\\photos", "/d/été.npy"]
)
def test_a_path_comes_back_from_its_id_also_after_a_restart(value, tmp_path, monkeypatch):
    short = id_of(tmp_path, value)
    assert is_id(short)
    assert "photos" not in short
    assert id_of(tmp_path, value) == short
    monkeypatch.setattr(addresses, "_KNOWN", {})  # another process
    assert path_of(tmp_path, short) == value


@pytest.mark.parametrize(
    "value", ["emoji", "", "hf://org/name", "ViT-B-32/openai", "hf-hub:org/name", "enhanced"]
)
def test_a_name_stays_as_it_is(value, tmp_path):
    assert id_of(tmp_path, value) == value
    assert not (tmp_path / FILE).exists()


def test_what_was_never_given_is_no_path_and_a_damaged_list_holds_none(tmp_path, monkeypatch):
    assert path_of(tmp_path, "~0123456789ab") == ""
    for content in ("{", "[]", json.dumps({"~0123456789ab": 3, "x": "/etc"})):
        monkeypatch.setattr(addresses, "_KNOWN", {})
        (tmp_path / FILE).write_text(content)
        assert path_of(tmp_path, "~0123456789ab") == path_of(tmp_path, "x") == ""


def test_the_oldest_ids_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(addresses, "MOST", 3)
    first, *later = [id_of(tmp_path, f"/set/{i}") for i in range(4)]
    assert path_of(tmp_path, first) == ""
    assert [path_of(tmp_path, short) for short in later] == ["/set/1", "/set/2", "/set/3"]


def test_where_nothing_can_be_written_the_path_stays(tmp_path):
    (tmp_path / "file").write_text("")
    assert id_of(tmp_path / "file" / "folder", "/set/photos") == "/set/photos"
