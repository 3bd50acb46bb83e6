"""The state that all views share: header, line of the state, compact thresholds, and the link."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from sde_core.device import device_label, resolve_device
from tests.app.conftest import band_counts

VIEW = """
import streamlit as st
from sde_explorer.ui.header import header, put, state_line
from sde_explorer.ui.thresholds import compact_thresholds

header("Any view")

@st.fragment
def body():
    state_line()
    compact_thresholds()
    st.button("Pick three", on_click=lambda: put(rows=(2, 3, 40)))

body()
"""


@pytest.fixture
def open_any(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))

    def run(**parameters: str) -> AppTest:
        at = AppTest.from_string(VIEW, default_timeout=60)
        for name, value in parameters.items():
            at.query_params[name] = value
        return at.run()

    return run


def _line(at: AppTest) -> str:
    return next(c.value for c in at.caption if "computes on" in c.value)


def test_the_line_says_what_all_views_share_and_which_device_computes(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder))
    assert not at.exception
    assert _line(at).startswith("mean removed  ·  mp-iqr  ·  noise × 1  ·  strong × 1")
    assert _line(at).endswith(f"computes on {device_label(resolve_device())}")


def test_a_view_without_widgets_of_its_own_sets_the_shared_thresholds(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder), noise="0.8")
    assert at.select_slider(key="noise_slider").value == pytest.approx(0.8, rel=0.05)
    at.select_slider(key="strong_slider").set_value(10.0).run()
    assert at.query_params["strong"] == "10.0"
    assert "**noise × 0.8**  ·  **strong × 10**" in _line(at)
    at.selectbox(key="rule_pick").set_value("bema").run()
    assert at.query_params["rule"] == "bema"
    assert not {"noise", "strong"} & set(at.query_params)  # another rule starts from its own thresholds
    assert "**bema**  ·  noise × 1  ·  strong × 1" in _line(at)


def test_thresholds_moved_in_one_view_are_moved_in_the_next(open_any, open_page, spiked_folder):
    at = open_any(data=str(spiked_folder))
    at.select_slider(key="noise_slider").set_value(0.794).run()
    link = {"data": str(spiked_folder), "noise": at.query_params["noise"]}
    assert band_counts(open_page("spectrum", **link)) == band_counts(
        open_page("spectrum", data=str(spiked_folder), noise="0.794")
    )


def test_a_selection_lives_in_the_link_until_other_data_is_shown(open_any, spiked_folder):
    at = open_any(data=str(spiked_folder))
    next(b for b in at.button if b.label == "Pick three").click().run()
    assert at.query_params["rows"] == "2-1.10"
    assert "**3 pictures picked**" in _line(at)
    again = open_any(data=str(spiked_folder), rows="2-1.10")
    assert "**3 pictures picked**" in _line(again)
    again.multiselect(key="part").set_value(["split=test"]).run()
    assert "picked" not in _line(again)
    assert "rows" not in again.query_params


def test_every_field_comes_back_from_the_link_without_a_widget(open_any, spiked_folder):
    link = {"t": "0.25", "schedule": "linear", "center": "kept", "unit": "share", "rows": "0.1"}
    at = open_any(data=str(spiked_folder), **link)
    assert not at.warning
    for name, value in link.items():
        assert at.query_params[name] == value
    assert "t = 0.25" in _line(at)


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
    assert "2,904 pictures picked" in _line(at)


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
    assert at.number_input(key="noise").value == 0.8


def test_a_set_that_was_just_opened_stays_open_when_the_view_changes(open_page, spiked_folder):
    at = open_page("overview")
    at.session_state["data_opening"] = (str(spiked_folder), "unknown", "Data")
    at.run()  # the browser still says what was open before
    assert at.selectbox(key="data").value == str(spiked_folder)
    at.selectbox(key="data").set_value("clipart").run()
    assert at.selectbox(key="data").value == "clipart"
    assert "data_opening" not in at.session_state
