"""Selections: chips with an x in one place, and names that keep them beyond the size of a link."""

import numpy as np
import pytest

import sde_core as sde
from sde_explorer.intake.selections import (
    Selection,
    forget_selection,
    read_selection,
    save_selection,
    selections_of,
)
from tests.app.conftest import figure_sent


def _buttons(at):
    return {button.key: button for button in at.button}


def test_a_selection_is_kept_by_what_it_holds_and_renamed_by_saving_it_again(tmp_path):
    one = save_selection(tmp_path, Selection(name=" red   hearts ", data="emoji", ids=("b", "a")))
    assert one.name == "red hearts"
    assert read_selection(tmp_path, one.key) == one
    again = save_selection(tmp_path, Selection(name="hearts", data="emoji", ids=("a", "b")))
    assert again.key == one.key
    assert [kept.name for kept in selections_of(tmp_path, "emoji")] == ["hearts"]
    assert selections_of(tmp_path, "clipart") == ()
    forget_selection(tmp_path, one.key)
    assert read_selection(tmp_path, one.key) is None


@pytest.mark.parametrize("key", ["", "../recent", "0" * 15, "g" * 16, "0" * 16])
def test_an_address_leads_to_no_other_file(tmp_path, key):
    (tmp_path / "recent.json").write_text("{}", "utf-8")
    assert read_selection(tmp_path, key) is None
    forget_selection(tmp_path, key)
    assert (tmp_path / "recent.json").exists()


@pytest.mark.parametrize("ending", ["json", "ids"])
@pytest.mark.parametrize("text", ["", "[3]", "{}", '{"name": 1, "data": "x", "count": "many", "saved": 0}'])
def test_a_damaged_file_is_no_selection(tmp_path, text, ending):
    one = save_selection(tmp_path, Selection(name="mine", data="x", ids=("a",)))
    (tmp_path / "selections" / f"{one.key}.{ending}").write_text(text, "utf-8")
    assert read_selection(tmp_path, one.key) is None
    assert len(selections_of(tmp_path, "x")) == (ending == "ids")


@pytest.mark.parametrize(("name", "ids"), [("  ", ("a",)), ("mine", ())])
def test_no_name_and_nothing_selected_are_refused(tmp_path, name, ids):
    with pytest.raises(sde.DataError):
        save_selection(tmp_path, Selection(name=name, data="x", ids=ids))


def test_a_name_keeps_a_selection_in_the_link_over_parts_and_in_another_tab(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), rows="2-5", overlay="none")
    at.text_input(key="selection_name").set_value("odd *ones*").run()
    assert not at.exception
    assert _buttons(at)["drop_rows"].label == r"odd \*ones\* · 6 pictures"
    key = at.query_params["selection"]
    again = open_page("spectrum", data=str(spiked_folder), selection=key, overlay="none")
    assert again.session_state["rows"] == (2, 3, 4, 5, 6, 7)
    again.multiselect(key="part_pick").set_value(["split=test"]).run()
    assert again.session_state["rows"] == (1, 2)  # the fifth and the eighth picture, as rows of the part
    assert again.query_params["selection"] == key
    _buttons(again)["drop_rows"].click().run()
    assert again.session_state["rows"] == ()
    assert "selection" not in again.query_params
    _buttons(again)[f"selection {key}"].click().run()
    assert again.session_state["rows"] == (1, 2)
    _buttons(again)[f"selection delete {key}"].click().run()
    assert f"selection {key}" not in _buttons(again)


def test_what_was_typed_is_a_chip_on_every_view(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), query="a <b>red</b> heart", overlay="none")
    assert "red" in _buttons(at)["drop_query"].label
    _buttons(at)["drop_query"].click().run()
    assert "query" not in at.query_params
    assert "drop_query" not in _buttons(at)


def test_the_spectrum_of_what_is_picked_stands_beside_that_of_all(open_page, spiked_folder):
    import base64

    at = open_page("spectrum", data=str(spiked_folder), rows="0-59", overlay="picked")
    assert not at.exception
    panel = figure_sent(at)["panels"][0]
    assert panel["overlay"]["name"] == "190 picked"
    beside = np.frombuffer(base64.b64decode(panel["overlay"]["high"]))
    rows = sde.EmbeddingSet.load(spiked_folder).image[:190].astype(float)
    values = np.linalg.svd(rows - rows.mean(0), compute_uv=False)
    np.testing.assert_allclose(beside, values * np.sqrt(300 / 190), rtol=1e-4)  # vectors are float32
    assert any("Effective rank of what is picked" in c.value for c in at.caption)


def test_without_anything_picked_the_figure_says_how_to_pick(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), overlay="picked")
    assert not at.exception
    assert figure_sent(at)["panels"][0]["overlay"] is None
    assert any("draw around pictures" in c.value for c in at.caption)
