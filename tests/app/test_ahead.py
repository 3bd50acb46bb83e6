import threading
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from sde_explorer import ahead
from sde_explorer.ahead import look_ahead
from sde_explorer.jobs import Job, JobQueue
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.search import cached as search
from sde_explorer.serving import log, policy
from sde_explorer.state import DEFAULT
from tests.waiting import until


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    told, before = [], background._figures.all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(log, "tell", lambda what, **said: told.append((what, said)))
        patch.setattr(ahead, "slow_pieces", lambda data: iter(()))
        look_ahead(names=[DEFAULT.data])
    assert not [said for what, said in told if what == "ahead"]
    return _keys(before)


def _keys(before: list[Job]) -> set[str]:
    """Keys of what is there; all that came after `before`, which other tests asked for, must be done."""
    found = background._figures.all()
    new = [job for job in found if not any(job is old for old in before)]
    assert not [(job.title, job.status, job.error) for job in new if job.status != "done"]
    return {job.key for job in found if job.status == "done"}


def test_work_that_no_session_asked_for_has_no_follower():
    job = background.in_background("a slot", "asked for ahead", "Nothing", lambda _: 1)
    assert background.result_of(job) == 1
    assert not job.watchers


@pytest.mark.parametrize(
    ("view", "kinds"),
    [
        ("overview", ("headline/",)),
        ("spectrum", ("chance/", "knowledge/metadata/")),
        ("subspaces", ("knowledge/metadata/",)),
        ("retrieval", ("recall/raw/", "recall/treated/")),
    ],
)
def test_a_view_of_the_bundled_set_finds_what_was_computed_ahead(
    open_page, computed, monkeypatch, view, kinds
):
    for made in ("direction_table", "read_direction"):  # what is no job
        monkeypatch.setattr(f"sde_explorer.subspaces.numbers.directions.{made}", None)
    at = open_page(view)
    assert not at.exception
    asked = {f.job.key for f in at.session_state["followed_jobs"].values()}
    assert not [key for key in asked if key.startswith("encoder/")], (
        "a page waits for it once words are typed"
    )
    for kind in kinds:
        mine = {key for key in asked if key.startswith(kind)}
        assert mine
        assert mine <= computed


def test_what_takes_seconds_comes_after_what_every_set_begins_with(open_page, spiked_folder, monkeypatch):
    asked, before = [], background._figures.all()

    def noted(kind):
        pieces = getattr(ahead, kind)

        def one_by_one(data):
            for ask in pieces(data):
                asked.append((kind, data.embeddings.name))
                yield ask

        return one_by_one

    for kind in ("first_pieces", "slow_pieces"):
        monkeypatch.setattr(ahead, kind, noted(kind))
    look_ahead(names=[str(spiked_folder)])
    order = [kind for kind, _ in asked]
    assert order == sorted(order)
    assert order.count("slow_pieces") == 2
    found = {key.split("/")[1] for key in _keys(before) if key.startswith(("recall/", "knowledge/"))}
    assert {"baselines", "names"} <= found
    at = open_page("retrieval", data=str(spiked_folder))
    assert not at.exception
    assert {f.job.status for f in at.session_state["followed_jobs"].values()} == {"done"}


@pytest.mark.parametrize("one_user", [True, False])
def test_splits_come_after_whole_sets_and_only_where_many_use_the_server(
    spiked_folder, tmp_path, monkeypatch, one_user
):
    seen = []
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(one_user=one_user)])
    for kind in ("first_pieces", "slow_pieces"):
        monkeypatch.setattr(
            ahead, kind, lambda data, kind=kind: seen.append((kind[:5], data.embeddings.n_rows)) or iter(())
        )
    look_ahead(names=[str(spiked_folder)])
    sizes = [300] if one_user else [300, 100, 100, 100]
    assert seen == [("first", n) for n in sizes] + [("slow_", n) for n in sizes]


@pytest.mark.parametrize("one_user", [True, False])
def test_what_a_set_opens_on_comes_first(tmp_path, monkeypatch, one_user):
    seen = []
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(one_user=one_user)])
    monkeypatch.setattr(ahead, "slow_pieces", lambda data: iter(()))
    monkeypatch.setattr(ahead, "first_pieces", lambda data: seen.append(data.embeddings.n_rows) or iter(()))
    look_ahead()
    first, splits = [917, 384, 5_418, 2_289], [3_903, 598, 1_648, 257]
    assert seen == (first if one_user else first + splits)


def test_two_pieces_are_computed_beside_each_other(monkeypatch):
    monkeypatch.setattr(background, "_runs", {})
    both, made = threading.Barrier(2), []

    def piece(name):
        lane = background.shortest_lane("a lane")
        made.append(background.in_background(name, name, name, lambda _: both.wait(120), lane=lane))
        return made[-1:]

    ahead._ask_all(partial(piece, name) for name in ("one", "another"))
    assert [job.status for job in made] == ["done", "done"]


def test_what_fails_ends_what_is_computed_ahead(monkeypatch):
    monkeypatch.setattr(background, "_runs", {})

    def fails():
        raise OSError("gone")

    def never_ending():
        while True:
            yield fails

    with pytest.raises(OSError, match="gone"):
        ahead._ask_all(never_ending())


def test_nothing_is_computed_ahead_while_a_page_is_drawn_and_shortly_after(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(background, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(background, "_runs", {})
    monkeypatch.setattr(background, "_figures", JobQueue())
    monkeypatch.setattr(background.looks, "is_awaited", lambda: False)
    assert not background.is_busy()
    background.begin_run()
    for later in (0, 30):
        clock[0] = 100 + later
        assert background.is_busy()
    background.end_run()
    assert background.is_busy()
    clock[0] += background.REST_S
    assert not background.is_busy()
    background.begin_run()  # and is broken off
    clock[0] += 61
    assert not background.is_busy()
    monkeypatch.setattr(background.looks, "is_awaited", lambda: True)
    assert background.is_busy(), "somebody comes"


def test_what_is_loaded_ahead_waits_until_the_pages_are_seen(monkeypatch):
    clock, waited = [100.0], []
    monkeypatch.setattr(background, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    class Pause:
        def wait(self, seconds):
            waited.append(seconds)
            clock[0] += seconds

    monkeypatch.setattr(background, "threading", SimpleNamespace(Event=Pause))
    monkeypatch.setattr(background.looks, "is_drawing", lambda: len(waited) < 3)
    background.wait_until_drawn()
    assert len(waited) == 4, "once more: the browser draws what it got"
    monkeypatch.setattr(background.looks, "is_drawing", lambda: True)
    waited.clear()
    background.wait_until_drawn()
    assert sum(waited) < 12, "a run that was broken off never ends"


def test_an_encoder_waits_for_the_page_where_nothing_was_asked_of_it_yet(monkeypatch):
    waited = []
    monkeypatch.setattr(background, "wait_until_drawn", lambda: waited.append(True))
    monkeypatch.setattr(search, "_encoders", JobQueue())
    data, _ = _look("clipart")
    search.encoder_job(data, is_ahead=True).wait()
    assert waited == [True]
    monkeypatch.setattr(search, "_encoders", JobQueue())
    search.encoder_job(data).wait()
    assert waited == [True]


def _look(folder, **moved):
    state = replace(DEFAULT, data=str(folder), **moved)
    return cached_sets.dataset(cached_sets.entry_of(state)), state


def test_what_a_visitor_comes_to_next_is_there_and_was_computed_once(
    open_page, spiked_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ahead, "STOOD_S", 0.0)
    visits, before = ahead.Visits(), background._figures.all()
    visits.note("a visitor", *_look(spiked_folder, noise=0.93))
    until(visits.is_done)
    known = {job.key: job for job in background._figures.all() if job.status == "done"}
    assert [job.key for job in known.values() if job not in before and "/treated/" in job.key]
    known |= {job.key: job for queue in (search._as_they_are, search._transformed) for job in queue.all()}
    for view in ("spectrum", "retrieval"):
        at = open_page(view, data=str(spiked_folder), noise="0.93")
        asked = [f.job for f in at.session_state["followed_jobs"].values()]
        assert not at.exception
        assert asked
        made = [job.title for job in asked if known.get(job.key) is not job]
        assert [title for title in made if not title.startswith("Encoder")] == []


def test_of_a_drag_what_it_ends_at_is_followed_and_what_is_quick_comes_first(spiked_folder, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(ahead, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    for kind in ("next_pieces", "longest_pieces"):
        monkeypatch.setattr(ahead, kind, lambda data, state, kind=kind: (kind, state.noise))
    visits = ahead.Visits()
    monkeypatch.setattr(ahead, "AT_ONCE", 1)
    visits._threads = 1  # one that never begins: the test asks in its place
    for noise in (1.0, 0.9, 0.8):
        visits.note("a", *_look(spiked_folder, noise=noise))
    visits.note("b", *_look(spiked_folder, noise=1.2))
    clock[0] += ahead.STOOD_S
    found = [visits._next() for _ in range(5)]
    assert found == [
        ("next_pieces", 0.8),
        ("next_pieces", 1.2),
        ("longest_pieces", 0.8),
        ("longest_pieces", 1.2),
        None,
    ]
    assert visits.is_done()


def test_what_a_person_stopped_is_not_begun_again_ahead():
    running = threading.Event()

    def work(job):
        running.set()
        while True:
            job.report(0.5)

    job = background.in_background("a slot", "stopped by a person", "Nothing", work)
    assert running.wait(120)
    job.stop()
    job.wait()
    assert background.in_background("a slot", "stopped by a person", "Nothing", work) is job


def _page():
    import streamlit as st

    from sde_explorer.ahead import follow_visitor
    from sde_explorer.ui.session import put

    put(**st.session_state["wanted"])
    follow_visitor()


@pytest.mark.parametrize("one_user", [True, False])
def test_visitors_are_followed_where_there_are_many(spiked_folder, tmp_path, monkeypatch, one_user):
    noted = []
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(one_user=one_user)])
    monkeypatch.setattr(cached_sets, "folder_of_visitor", lambda base: base)  # a tested page has no browser
    monkeypatch.setattr(ahead.visits, "note", lambda who, data, state: noted.append(state.noise))
    at = AppTest.from_function(_page)
    for noise in (1.0, 1.0, 1.1):
        at.session_state["wanted"] = {"data": str(spiked_folder), "noise": noise}
        at.run()
        assert not at.exception
    assert noted == ([] if one_user else [1.0, 1.1])
