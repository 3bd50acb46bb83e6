"""The guided tour on the real pages: every step by its buttons, and the state that comes back at the end."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sde_explorer.readings.cached import background
from sde_explorer.search import cached as search
from sde_explorer.state import RANGES, State
from sde_explorer.tour.numbers import STEPS, presented, step_state
from tests.app.conftest import control

PAGES = Path(__file__).resolve().parents[3] / "app" / "sde_explorer" / "pages.py"


@pytest.fixture
def open_app(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))

    def run(**parameters: str) -> AppTest:
        at = AppTest.from_file(PAGES, default_timeout=120)
        for name, value in parameters.items():
            at.query_params[name] = value
        return at.run()

    yield run
    for queue in (background._figures, search._as_they_are, search._transformed, search._encoders):
        for job in queue.active("figure"):  # threads that outlive the process are an abort
            job.cancel()
            job.wait()


def _card(at: AppTest) -> str:
    """The words of the card: everything on the page before the title of the view."""
    return next(m.value for m in at.markdown if len(m.value) > 200)


def _step(at: AppTest) -> str:
    return next(c.value for c in at.caption if c.value.startswith("Guided tour"))


def _settled(at: AppTest) -> AppTest:
    """Wait for what the card and the search wait for, as the page does: first the tour's searches, then the index."""
    keys = ("tour/", "chance/", "index/")
    for queues in ((background._figures,), (search._as_they_are, search._transformed)):
        for job in (job for queue in queues for job in queue.active("figure")):
            if job.key.startswith(keys):
                job.wait()
        at = at.run()
    return at


def test_the_state_counts_as_many_steps_as_there_are():
    assert RANGES["tour"] == (0, len(STEPS))


def test_every_step_stands_on_its_view_with_numbers_of_the_set_and_the_state_comes_back(open_app):
    link = {"data": "clipart", "noise": "0.8", "direction": "7", "part": "split=test"}
    at = open_app(**link)
    at.button(key="tour_overview").click().run()
    for number, step in enumerate(STEPS, 1):
        at = _settled(at) if number in (3, 6, 8, 9) else at
        assert not at.exception
        assert not at.error
        assert at.session_state["view"] == step.page
        assert _step(at) == f"Guided tour · {number} of {len(STEPS)} · on the bundled emoji set"
        assert control(at, "data_pick").value == "emoji"
        assert control(at, "part_pick").value == ["split=test"]
        assert at.query_params["tour"] == str(number)
        assert len(re.findall(r"\d", _card(at))) > 3
        if number in (8, 9):
            _says_what_the_page_says(at, rises=number == 8)
        if number == 6:
            assert "**group** (9 values): 90" in _card(at)
        if number == 2:  # what a visitor moves does not reach the next step
            control(at, "noise_slider").set_value(1.585).run()
            assert "29 more picture directions" in _card(at)
        at.button(key="tour_next").click().run()
    assert at.session_state["view"] == "Overview"
    assert {name: at.query_params.get(name) for name in link} == link
    assert "tour" not in at.query_params
    assert not [b for b in at.button if b.key == "tour_next"]


def _says_what_the_page_says(at: AppTest, *, rises: bool) -> None:
    """The search of the card is the one on the page, with the same ranks."""
    verb = "rises" if rises else "falls"
    moved = re.compile(rf"{verb} from rank ([\d,.]+) to rank ([\d,]+)")
    said, shown = (moved.search(text) for text in (_card(at), _page_story(at)))
    assert said
    assert shown
    assert said.groups() == shown.groups()


def _page_story(at: AppTest) -> str:
    return next(e.proto.body for e in at.get("html") if "the transform" in e.proto.body)


def test_a_link_opens_a_step_and_leaving_it_ends_the_tour_where_it_stands(open_app):
    at = open_app(tour="2", noise="1.5", data="emoji")
    assert "is about the Spectrum view" in "\n".join(m.value for m in at.markdown)
    at.button(key="tour_here").click().run()
    assert at.session_state["view"] == "Spectrum"
    assert "turn grey" in _card(at)
    assert "part" not in at.query_params  # the link names none: all of the set
    control(at, "data_pick").set_value("clipart").run()
    assert "is about the emoji set" in "\n".join(m.value for m in at.markdown)
    at.button(key="tour_leave").click().run()
    assert not at.exception
    assert "tour" not in at.query_params
    assert at.session_state["view"] == "Spectrum"


def test_a_presentation_keeps_the_set_and_its_thresholds_at_every_step():
    state = presented(State(data="/mine", encoder="unknown", noise=0.9, t=0.4, look="Map"))
    assert (state.data, state.noise, state.t, state.look) == ("/mine", 0.9, 0.0, "Directions")
    for number in range(1, len(STEPS) + 1):
        step = step_state(number, state)
        assert (step.tour, step.present, step.data, step.noise) == (number, 1, "/mine", 0.9)
