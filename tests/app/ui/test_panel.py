"""The state that all views share: the side panel, and the link."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sde_core.checks.device import device_label, resolve_device
from sde_explorer.intake.addresses import id_of
from sde_explorer.readings.cached.sets import server_folder
from sde_explorer.ui.panel import STEPS
from tests.app.conftest import band_counts, control, spiked

VIEW = """
import streamlit as st
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.session import put

open_view("Any view")
st.button("Pick three", on_click=lambda: put(rows=(2, 3, 40)))
"""


@pytest.fixture
def open_any(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))

    def run(**parameters: str) -> AppTest:
        at = AppTest.from_string(VIEW, default_timeout=120)
        for name, value in parameters.items():
            at.query_params[name] = value
        return at.run()

    return run


def _button(at: AppTest, words: str):
    return next((b for b in at.button if words in b.label), None)


def test_the_panel_says_what_all_views_share_and_which_device_computes(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder))
    assert not at.exception
    shown = {
        name: control(at, name).value
        for name in ("center_pick", "rule_pick", "noise_number", "strong_number")
    }
    assert shown == {
        "center_pick": "removed",
        "rule_pick": "mp-iqr",
        "noise_number": 1.0,
        "strong_number": 1.0,
    }
    [counts] = [c for c in at.caption if c.value == "300 images · 300 texts"]
    assert counts.help.startswith(f"48 dimensions; computes on {device_label(resolve_device())}.")


def test_thresholds_are_set_by_slider_or_number_and_another_rule_starts_from_its_own(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder), noise="0.8")
    assert control(at, "noise_slider").value == pytest.approx(0.8, rel=0.05)
    control(at, "strong_slider").set_value(10.0).run()
    assert at.query_params["strong"] == "10.0"
    assert control(at, "strong_number").value == 10.0
    control(at, "strong_number").set_value(2.5).run()
    assert control(at, "strong_slider").value == pytest.approx(2.5, rel=0.03)
    control(at, "rule_pick").set_value("bema").run()
    assert at.query_params["rule"] == "bema"
    assert not {"noise", "strong"} & set(at.query_params)
    assert control(at, "noise_slider").value == control(at, "noise_number").value == 1.0


def test_every_step_of_a_threshold_has_words_of_its_own():
    assert len({f"{step:.3g}" for step in STEPS}) == len(STEPS)


def test_what_an_earlier_widget_reports_is_not_taken(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder))
    before = control(at, "noise_slider")
    _button(at, "Reset to rule")
    at.session_state["noise"] = 2.0  # something else sets the field
    at.run()
    assert control(at, "noise_slider").key != before.key
    assert control(at, "noise_number").value == 2.0
    assert at.query_params["noise"] == "2.0"
    _button(at, "Reset to rule").click().run()
    assert control(at, "noise_slider").value == 1.0


def test_thresholds_moved_in_one_view_are_moved_in_the_next(open_any, open_page, spiked_folder):
    at = open_any(data=str(spiked_folder))
    control(at, "noise_slider").set_value(0.794).run()
    link = {"data": str(spiked_folder), "noise": at.query_params["noise"]}
    assert band_counts(open_page("spectrum", **link)) == band_counts(
        open_page("spectrum", data=str(spiked_folder), noise="0.794")
    )


def test_a_selection_is_a_chip_with_an_x_and_lives_in_the_link_until_other_data_is_shown(
    open_any, spiked_folder
):
    at = open_any(data=str(spiked_folder))
    _button(at, "Pick three").click().run()
    assert at.query_params["rows"] == "2-1.10"
    _button(at, "3 pictures picked").click().run()
    assert "rows" not in at.query_params
    assert _button(at, "pictures picked") is None
    again = open_any(data=str(spiked_folder), rows="2-1.10")
    assert _button(again, "3 pictures picked") is not None
    control(again, "part_pick").set_value(["split=test"]).run()
    assert _button(again, "pictures picked") is None
    assert "rows" not in again.query_params


def test_every_field_comes_back_from_the_link_without_a_widget(open_any, spiked_folder):
    link = {"t": "0.25", "schedule": "linear", "center": "kept", "unit": "share", "rows": "0.1"}
    at = open_any(data=str(spiked_folder), **link)
    assert not at.warning
    for name, value in link.items():
        assert at.query_params[name] == value
    assert control(at, "t_slider").value == 0.25


def test_an_address_without_a_word_of_the_state_does_not_change_it_but_one_gone_back_to_does(
    open_any, spiked_folder
):
    at = open_any(data=str(spiked_folder), noise="0.8", part="split=test")
    there = {"data": id_of(server_folder(), str(spiked_folder)), "encoder": "unknown"}
    at.query_params.clear()  # a change of view empties the address
    at.run()
    assert control(at, "noise_number").value == 0.8
    assert dict(at.query_params) == {**there, "noise": "0.8", "part": "split=test"}
    at.query_params.clear()
    at.query_params["data"] = str(spiked_folder)
    at.query_params["back"] = "1"
    at.run()
    assert control(at, "noise_number").value == 1.0
    assert control(at, "part_pick").value == []
    assert dict(at.query_params) == there


def test_a_visit_begins_on_the_part_that_nothing_was_trained_on_and_a_link_on_what_it_says(open_any):
    at = open_any()
    assert not at.exception
    assert dict(at.query_params) == {"part": "split=test"}
    control(at, "part_pick").set_value([]).run()  # one press on its x
    assert dict(at.query_params) == {"part": "all"}
    assert any(c.value == "5,418 images · 3,828 texts" for c in at.caption)
    control(at, "noise_number").set_value(0.8).run()
    assert dict(at.query_params) == {"noise": "0.8"}
    for link, part, shown in (
        ({}, "split=test", ["split=test"]),
        ({"noise": "0.9"}, None, []),  # as it was before there was such a part
        ({"part": "split=val"}, "split=val", ["split=val"]),
        ({"part": "all"}, "all", []),
    ):
        at.query_params.clear()
        for name, value in {**link, "back": "1"}.items():
            at.query_params[name] = value
        at.run()
        assert control(at, "part_pick").value == shown
        assert at.query_params.get("part") in (part, [part])


@pytest.mark.parametrize(
    ("name", "value"), [("rows", "0-zzzzzz"), ("t", "2"), ("schedule", "magic"), ("noise", "inf")]
)
def test_wild_values_are_named_once_and_leave_the_link(open_any, spiked_folder, name, value):
    at = open_any(data=str(spiked_folder), **{name: value})
    assert not at.exception
    assert [w.value.startswith(f"`{name}` must") for w in at.warning] == [True]
    assert name not in at.query_params


def test_a_selection_that_is_too_long_is_said(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder))
    at.session_state["rows"] = tuple(range(0, 90_000, 31))
    at.run()
    assert any("more than a link can carry" in c.value for c in at.caption)
    assert _button(at, "2,904 pictures picked") is not None


def test_the_state_outlives_a_set_that_vanished(open_page, spiked_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(spiked_folder, folder)
    at = open_page("spectrum", data=str(folder), noise="0.8", center="kept", part="split=test")
    before = band_counts(at)
    shutil.move(folder, tmp_path / "away")
    at.run()
    assert not at.exception
    assert "there is no folder" in at.error[0].value
    shutil.move(tmp_path / "away", folder)
    at.run()
    assert not at.error
    assert band_counts(at) == before
    assert control(at, "noise_number").value == 0.8


def test_a_value_of_any_column_can_be_typed_also_where_nearly_every_image_has_its_own(open_any, tmp_path):
    made = spiked(n_pairs=60)
    names = np.array([f"Photo {i}" for i in range(60)])
    folder = replace(made, metadata=made.metadata | {"title": names}).save(tmp_path / "titled")
    at = open_any(data=str(folder))
    box = control(at, "part_pick")
    assert "split=test" in box.options
    assert "title=Photo 7" not in box.options
    again = open_any(data=str(folder), part=["photo 7", "title=Photo 9"])
    assert not again.exception
    assert again.session_state["part"] == ("title=Photo 7", "title=Photo 9")
    assert any(c.value.startswith("2 of 60 images") for c in again.caption)
    gone = open_any(data=str(folder), part="title=Photo 99")
    assert gone.session_state["part"] == ()
