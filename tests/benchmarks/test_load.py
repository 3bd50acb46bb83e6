"""A few visitors at once, each with a set and thresholds of their own; `python -m benchmarks.load` takes twenty."""

import time
from argparse import Namespace

import pytest

from benchmarks import load
from benchmarks.client import server
from benchmarks.tab import Tab


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("load")
    with server("--many-users", folder=folder, environment={"SDE_CACHE": str(folder / "cache")}) as (
        url,
        _,
        _,
    ):
        yield url


def test_visitors_at_once_see_their_own_sets_and_thresholds(url):
    walk = load.visit(url, 4, Namespace(rounds=1, think=0.1, patience=0.0, seed=0))
    assert (walk.wrong, walk.failed) == ([], [])
    assert walk.checks == 4 * len(load.ACTIONS)
    assert {name: len(times) for name, times in walk.answered.items()} == dict.fromkeys(load.ACTIONS, 4)


class _Patient(Tab):
    """A tab that never looks by itself at what runs."""

    def _asked(self, part, due, interval, script, query):
        return time.monotonic() + 1, interval


def test_a_tab_learns_of_itself_that_what_it_waits_for_has_ended(url):
    tab = _Patient(url, timeout_s=120)
    try:
        for page in ("spectrum", "retrieval"):
            tab.open(page, "data=clipart&part=split%3Dtest&noise=1.07&back=1")
    finally:
        tab.close()
    assert tab.polls == 0


class _Counting(Tab):
    """A tab that counts the whole runs of the page that answer it."""

    runs = 0

    def _received(self, timeout_s):
        message = super()._received(timeout_s)
        if message is not None and message.WhichOneof("type") == "new_session":
            self.runs += not message.metadata.run.fragment_ids
        return message


def test_an_action_whose_numbers_are_known_is_one_run_and_no_look(url):
    link = "data=clipart&part=split%3Dtest&noise=1.07&back=1"
    for is_known in (False, True):
        tab = _Counting(url, timeout_s=120)
        try:
            for page in ("", "spectrum", "subspaces", "retrieval"):
                tab.runs = tab.polls = 0
                tab.open(page, link)
                if is_known:
                    assert (page, tab.runs, tab.polls) == (page, 1, 0)
        finally:
            tab.close()


def test_what_is_anothers_is_told(url):
    tab = Tab(url)
    try:
        tab.open("spectrum", "data=emoji&noise=1.2")
        assert list(load.strange(tab, "emoji", "", 1.2, counts=True)) == []
        assert len(list(load.strange(tab, "clipart", "", 1.3, counts=True))) == 3
    finally:
        tab.close()


def test_quantiles_know_what_never_settled():
    values = load.np.array([3.0, 1.0, load.math.inf, 2.0])
    assert [load.quantile(values, q) for q in (0.25, 0.5, 0.75)] == [1.0, 2.0, 3.0]
    assert load.said(load.quantile(values, 0.95), 30) == "> 30"
