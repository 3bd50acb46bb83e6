from types import SimpleNamespace

import pytest

from sde_explorer import ahead
from sde_explorer.ahead import look_ahead
from sde_explorer.jobs import Job, JobQueue
from sde_explorer.readings.cached import background
from sde_explorer.serving import log
from sde_explorer.state import DEFAULT


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
        ("spectrum", ("chance/",)),
        ("subspaces", ("knowledge/metadata/",)),
        ("retrieval", ("recall/raw/", "recall/treated/")),
    ],
)
def test_a_view_of_the_bundled_set_finds_what_was_computed_ahead(open_page, computed, view, kinds):
    at = open_page(view)
    assert not at.exception
    asked = {f.job.key for f in at.session_state["followed_jobs"].values()}
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


def test_nothing_is_computed_ahead_while_a_page_is_drawn_and_shortly_after(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(background, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(background, "_runs", {})
    monkeypatch.setattr(background, "_figures", JobQueue())
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
