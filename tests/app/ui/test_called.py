"""Names for people: short, editable, no two alike; ids stay in the address, paths in tooltips."""

import shutil

import pytest

from sde_explorer.intake.addresses import is_id
from sde_explorer.intake.labels import FILE, MOST_LETTERS, give_label, read_labels
from sde_explorer.intake.names import told_apart


def test_a_name_is_given_changed_and_taken_away(tmp_path):
    give_label(tmp_path, "/a/x", "  my   set ")
    give_label(tmp_path, "/b/x", "x" * 200)
    assert read_labels(tmp_path) == {"/a/x": "my set", "/b/x": "x" * MOST_LETTERS}
    give_label(tmp_path, "/a/x", "")
    assert list(read_labels(tmp_path)) == ["/b/x"]


@pytest.mark.parametrize("text", ["", "[1]", '{"a": 3}', "{"])
def test_a_damaged_file_holds_no_names(tmp_path, text):
    (tmp_path / FILE).write_text(text, "utf-8")
    assert read_labels(tmp_path) == {}


def test_no_two_names_are_alike_however_deep_they_lie():
    values = ["/a/b/x", "/c/b/x", "/d/y"]
    names = told_apart(values, {"/a/b/x": "x", "/c/b/x": "x", "/d/y": "y"})
    assert len({*names.values()}) == 3


def test_a_set_is_called_as_people_wish_and_the_address_keeps_its_id(open_page, spiked_folder, tmp_path):
    folder = tmp_path / "0123456789abcdef" / "photos"
    shutil.copytree(spiked_folder, folder)
    at = open_page("data", data=str(folder))
    assert not at.exception
    data = at.selectbox(key="data_pick")
    assert "photos" in data.options
    assert str(folder) not in " ".join(
        [c.value for c in at.caption]
        + [m.value for m in at.markdown]
        + [h.proto.body for h in at.get("html")]
    )
    at.text_input(key=f"name of {folder}").set_value("holiday *2025*").run()
    at.run()
    assert "holiday *2025*" in at.selectbox(key="data_pick").options
    [short] = [at.query_params["data"]]
    assert is_id(short)
    again = open_page("compare", data=short)
    assert again.session_state["data"] == str(folder)
    assert any("holiday" in m.value for m in again.markdown)


def test_an_address_with_an_id_that_this_server_never_gave_says_so_and_opens_the_default(open_page):
    at = open_page("data", data="~0123456789ab", noise="2")
    [warned] = [w.value for w in at.warning]
    assert "`data` names what was never opened on this server" in warned
    assert "~0123456789ab" in warned
    assert at.session_state["data"] == "emoji"
    assert at.session_state["noise"] == 2.0
