import os
from functools import partial
from multiprocessing import get_context

import pytest

from sde_explorer.jobs import JobQueue
from sde_explorer.readings import kept as rooms
from sde_explorer.readings.cached import background
from sde_explorer.readings.kept import Kept
from sde_explorer.serving import policy

KEY, KEPT = "a/fingerprint", Kept[list[int]]()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(rooms, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy()])
    return tmp_path / "cache" / "results"


def asked(kept=KEPT, key=KEY):
    """Ask a server that has just started; return the result, and whether it was computed."""
    worked = []
    job = background.in_background(
        "slot", key, "Title", lambda _: worked.append(1) or [1, 2], jobs=JobQueue(), kept=kept
    )
    return background.result_of(job), bool(worked)


def test_the_next_server_reads_what_the_first_one_computed():
    assert asked() == ([1, 2], True)
    assert asked() == ([1, 2], False)


def test_it_knows_how_long_the_work_took():
    job = background.in_background("slot", KEY, "Title", lambda _: 1, jobs=JobQueue(), kept=KEPT)
    job.wait()
    KEPT.write(KEY, [1], 12.5)
    again = background.in_background("slot", KEY, "Title", lambda _: 1, jobs=JobQueue(), kept=KEPT)
    assert (again.status, again.share, again.seconds) == ("done", 1.0, 12.5)


@pytest.mark.parametrize("change", ["key", "version", "code", "none kept"])
def test_another_key_version_or_code_computes_again(monkeypatch, change):
    asked()
    if change == "code":
        monkeypatch.setattr(rooms, "code_digest", lambda: "of other code")
    other = {"version": Kept[list[int]](version=2), "none kept": None}
    assert asked(other.get(change, KEPT), "another" if change == "key" else KEY) == ([1, 2], True)


@pytest.mark.parametrize("spoil", [lambda b: b[:50], lambda b: b"", lambda b: b[:60] + b"x" + b[61:]])
def test_a_damaged_file_is_computed_again_and_written_in_its_place(cache, spoil):
    asked()
    [path] = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    assert asked() == ([1, 2], True)
    assert asked() == ([1, 2], False)
    assert list(cache.iterdir()) == [path]


@pytest.mark.parametrize("rules", [{"read_only": True}, {"one_user": False}])
def test_a_server_of_visitors_or_one_that_only_shows_keeps_nothing_and_reads(cache, monkeypatch, rules):
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(**rules)])
    assert asked() == ([1, 2], True)
    assert not cache.exists()
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy()])
    asked()
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(**rules)])
    assert asked() == ([1, 2], False)


def test_a_cache_folder_that_cannot_be_written_stops_nothing(cache):
    cache.parent.write_text("a file stands where the folder would be")
    assert asked() == ([1, 2], True)
    assert asked() == ([1, 2], True)


def _ask_often(key):
    for number in range(5):
        asked(key=f"{key}/{number}")
        KEPT.write(f"{key}/{number}", [1, 2], 0.1)


def test_two_servers_write_at_once(cache):
    servers = [get_context("fork").Process(target=partial(_ask_often, KEY)) for _ in range(2)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
        assert server.exitcode == 0
    assert len(list(cache.iterdir())) == 5
    assert asked(key=f"{KEY}/4") == ([1, 2], False)


def test_those_that_nobody_read_for_the_longest_leave_first(cache, monkeypatch):
    for number, name in enumerate(("old", "read", "new")):
        before = set(cache.glob("*"))
        asked(key=name)
        [path] = set(cache.glob("*")) - before
        os.utime(path, (number, number))
    asked(key="read")
    monkeypatch.setattr(rooms, "MOST_BYTES", 3 * path.stat().st_size + 99)
    asked(key="newest")
    assert [asked(key=name)[1] for name in ("read", "new", "newest")] == [False] * 3
    assert asked(key="old")[1]


def test_the_digest_of_the_code_changes_with_any_file(tmp_path, monkeypatch):
    before = rooms.code_digest()
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("sde_core", "sde_explorer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.setattr(rooms, "find_spec", lambda name: _Spec([str(tmp_path / name)]))
    found = {before, rooms.code_digest.__wrapped__()}
    (tmp_path / "sde_core" / "more.py").write_text("x = 1")
    found.add(rooms.code_digest.__wrapped__())
    assert len(found) == 3


class _Spec:
    def __init__(self, places):
        self.submodule_search_locations = places
