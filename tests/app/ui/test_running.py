"""What runs stands in the side panel: whose view waits for it, what it waits for, stop, and what is done since."""

import threading

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from sde_core import DataError
from sde_explorer.jobs import Job, JobQueue
from tests.waiting import until

VIEW = """
import streamlit as st
from sde_explorer.readings.cached.background import begin_run, end_run, in_background
from sde_explorer.ui.running import running

st.session_state["view"] = st.session_state.get("go", "Spectrum")
begin_run()
for slot in st.session_state.get("wanted", ("a", "b")):
    in_background(slot, f"{KEY}/{slot}", f"Work {slot}", st.session_state["work"], jobs=st.session_state["jobs"])
end_run()
running()
"""


@pytest.fixture
def drawer(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.setattr("sde_explorer.ui.running._SHOWN_AFTER_S", 0.0)
    monkeypatch.setattr("sde_explorer.ui.running.queue", JobQueue())
    go, jobs = threading.Event(), JobQueue()

    def work(job: Job) -> str:
        while not go.wait(0.02):
            job.report(0.4, "counting")
        return "done"

    at = AppTest.from_string(VIEW.replace("{KEY}", str(tmp_path)), default_timeout=120)
    at.session_state["work"], at.session_state["jobs"] = work, jobs
    yield at, go, jobs
    go.set()
    for job in jobs.all():
        job.cancel()
        job.wait(120)


def _said(at: AppTest) -> str:
    return "\n".join([c.value for c in at.caption] + [p.proto.text for p in at.get("progress")])


def test_the_browser_s_title_says_how_far_what_runs_is(drawer, monkeypatch):
    at, go, jobs = drawer
    titles, shown = [], st.set_page_config
    monkeypatch.setattr(
        st, "set_page_config", lambda **given: (titles.append(given["page_title"]), shown(**given))
    )
    at.run()
    until(lambda: jobs.all()[0].share > 0, 10)
    at.run()
    assert titles[-1] == "40% · SDE Explorer"
    go.set()
    until(lambda: all(job.status == "done" for job in jobs.all()), 10)
    titles.clear()
    at.run()
    assert not at.exception
    assert not any("%" in title for title in titles)  # every run of the page begins with the plain one


def test_what_runs_and_what_waits_for_what_is_said(drawer):
    at, go, jobs = drawer
    at.run()
    assert not at.exception
    assert "**Work a**: counting · Spectrum" in _said(at)
    assert "**Work b** waits behind Work a · Spectrum" in _said(at)
    first = jobs.all()[0]
    assert len([b for b in at.button if b.label == "Stop"]) == 2
    at.button(key=f"drawer stop {first.key}").click().run()
    first.wait(120)
    at.run()
    assert first.status == "cancelled"
    assert "**Work a**: stopped" in _said(at)  # and does not begin again by itself
    assert first in jobs.all()
    at.button(key=f"drawer again {first.key}").click().run()
    assert first not in jobs.all()
    go.set()
    for job in jobs.all():
        job.wait(120)
    at.run()
    assert not [b for b in at.button if b.label in ("Stop", "Again")]


def test_of_much_that_waits_the_next_is_in_sight_and_the_rest_a_press_away(drawer):
    at, _go, _jobs = drawer
    at.session_state["wanted"] = ("a", "b", "c", "d")
    at.run()
    assert not at.exception
    (more,) = at.expander
    assert [c.value.partition(" waits behind ")[0] for c in more.caption] == ["**Work c**", "**Work d**"]
    assert len(more.button) == 2  # each can be stopped
    assert "**Work b** waits behind Work a" in _said(at)


def test_of_much_that_was_stopped_one_is_in_sight_and_the_rest_a_press_away(drawer):
    at, _go, jobs = drawer
    at.session_state["wanted"] = ("a", "b", "c")
    at.run()
    for job in jobs.all():
        at.button(key=f"drawer stop {job.key}").click().run()
        job.wait(120)
    at.run()
    assert not at.exception
    (more,) = at.expander
    assert more.label == "2 more ended early"
    assert [c.value for c in more.caption] == ["**Work b**: stopped", "**Work c**: stopped"]
    assert [b.label for b in more.button] == ["Again", "Again"]
    assert "**Work a**: stopped" in _said(at)


def test_work_of_a_view_that_nobody_looks_at_gives_way(drawer):
    at, _go, jobs = drawer
    at.session_state["wanted"] = ("a",)
    at.run()
    first = jobs.all()[0]
    at.session_state["wanted"], at.session_state["go"] = (), "Data"
    at.run()
    assert first.is_active  # nobody waits behind it
    at.session_state["wanted"] = ("b",)
    at.run()
    first.wait(120)
    assert first.status == "cancelled"


def test_work_that_another_session_looks_at_goes_on(drawer):
    at, _go, jobs = drawer
    at.session_state["wanted"] = ("a",)
    at.run()
    first = jobs.all()[0]
    first.watch("another session")
    at.session_state["wanted"] = ("b",)
    at.run()
    assert first.is_active
    assert not first.is_stopping


def test_a_failed_one_can_be_run_again(drawer):
    at, _go, jobs = drawer
    outcomes = iter([ValueError("no luck")])

    def fails_once(job: Job) -> str:
        for error in outcomes:
            raise error
        return "done"

    at.session_state["work"], at.session_state["wanted"] = fails_once, ("a",)
    at.run()
    jobs.all()[0].wait(120)
    at.run()
    assert "Work a: something went wrong" in _said(at)
    next(b for b in at.button if b.label == "Again").click().run()
    jobs.all()[0].wait(120)
    assert jobs.all()[0].status == "done"


def test_titles_are_text(drawer):
    at, go, jobs = drawer
    at.session_state["wanted"] = ("![x](http://h/p.png)",)
    at.run()
    (job,) = jobs.all()
    at.button(key=f"drawer stop {job.key}").click().run()
    job.wait(120)
    at.run()
    assert "stopped" in _said(at)
    assert "![x](" not in _said(at)
    go.set()


def test_failed_work_that_no_view_asks_for_begins_anew(drawer):
    from sde_explorer.ui import running

    at, _go, _jobs = drawer
    outcomes = iter([DataError("the disk must have room")])

    def fails_once(job: Job) -> str:
        for error in outcomes:
            raise error
        return "made"

    at.session_state["wanted"] = ()
    first = running.queue.submit(Job(key="k", kind="encode", title="pairs", work=fails_once, owner="me"))
    first.wait(120)
    at.run()
    (others,) = at.expander  # no view of this tab asked for it: its sentence is a press away
    assert others.label == "1 ended early"
    assert "the disk must have room" in "".join(c.value for c in others.caption)
    next(b for b in at.button if b.label == "Again").click().run()
    second = running.queue.find("k")
    second.wait(120)
    assert (second.status, second.result) == ("done", "made")
