"""The fifth part's jobs: each is done once, whoever is at it, and a run that stopped goes on as if it had not."""

import math
import threading
from collections import Counter

import numpy as np
import pytest

from benchmarks.evidence import fifth_part
from benchmarks.evidence.fifth_part import Data, FifthPart
from benchmarks.evidence.fifth_settings import SEEDS, SETTINGS, TRAININGS
from benchmarks.evidence.kept import kept_cells
from benchmarks.evidence.plan import TimeIsUpError
from benchmarks.evidence.results import collect
from benchmarks.evidence.store import Store, key_of

NAMES = ("pairs-1500", "pairs-500")
METHODS = {setting.name: setting.methods for setting in SETTINGS}


class Part(FifthPart):
    """Trains nothing: a score is a smooth function of the knobs, so that the search has a way to climb.

    Args:
        work: as there.
        made: cells that were trained, by name, in the order of the trainings.
        most: trainings after which the time is up.
        kept: cells that are kept elsewhere.
    """

    def __init__(self, work, made, *, most=math.inf, kept=tuple):
        super().__init__(work, deadline=math.inf)
        self.store = Store(work / "cells", kept)
        self.made, self.most = made, most

    def data(self, setting):
        """Return as many rows as the setting has."""
        rows = np.arange(5_000)
        return Data(corpus=None, features=None, pool=rows, val=rows, test=rows, size=500)

    def trained_again(self, stage, setting, method, knobs, seed):
        """Return a made-up score."""
        if self.most <= 0:
            raise TimeIsUpError
        self.most -= 1
        self.made.append(key_of({"stage": stage, "at": [setting.name, method, seed], "knobs": knobs}))
        far = sum(
            (math.log2(value + 0.01) - 0.3 * i) ** 2 for i, (_, value) in enumerate(sorted(knobs.items()))
        )
        return {"val": 1 / (1 + far) + 1e-4 * (seed % 7)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Cells of both settings, run by one process without a stop."""
    part = Part(tmp_path_factory.mktemp("whole"), [])
    lines = list(part.run(NAMES))
    return part, lines


def _cells(store):
    return {key_of(cell): {k: v for k, v in result.items() if k != "seconds"} for cell, result in store.all()}


def test_every_search_and_final_run_is_done_once_settings_in_the_order_asked_for(whole):
    part, lines = whole
    jobs = sum(len(METHODS[name]) * (1 + len(SEEDS)) for name in NAMES)
    assert len(lines) == jobs
    assert [line.split()[0] for line in lines] == [n for n in NAMES for _ in range(jobs // 2)]
    assert lines[0].startswith("pairs-1500 infonce: ")
    assert len(part.made) == len(set(part.made)) == jobs // (1 + len(SEEDS)) * (TRAININGS + len(SEEDS))
    assert list(Part(part.work, again := []).run(NAMES)) == again == []


def test_processes_share_the_jobs_and_none_is_done_twice(whole, tmp_path):
    # A lock is of the file that was opened, so threads stand for processes here.
    made, lines = [], []
    barrier = threading.Barrier(3)

    def worker():
        part = Part(tmp_path, made)
        barrier.wait()
        lines.extend(part.run(NAMES))

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(Counter(made).values()) == 1
    assert sorted(lines) == sorted(whole[1])
    assert _cells(Store(tmp_path / "cells")) == _cells(whole[0].store)


def test_a_run_that_stops_goes_on_in_a_fresh_clone_from_what_was_collected(whole, tmp_path):
    results, made = tmp_path / "results", []
    for turn, most in enumerate(
        (45, 200, math.inf)
    ):  # in the middle of a search, then in the middle of final runs
        part = Part(tmp_path / f"work-{turn}", made, most=most, kept=lambda: kept_cells(results))
        if most < math.inf:
            with pytest.raises(TimeIsUpError):
                list(part.run(NAMES))
        else:
            list(part.run(NAMES))
        collect(part.store, results)
    assert sorted(made) == sorted(whole[0].made)  # nothing twice, and the same configurations
    found = {key_of(c): {k: v for k, v in r.items() if k != "seconds"} for c, r in kept_cells(results)}
    assert found == _cells(whole[0].store)


def test_a_process_that_can_only_wait_ends_in_time(monkeypatch, tmp_path):
    part = Part(tmp_path, [])
    part.deadline = -math.inf
    monkeypatch.setattr(fifth_part, "alone_if_free", lambda path: _Taken())
    with pytest.raises(TimeIsUpError):
        list(part.run(NAMES))
    assert part.made == []


class _Taken:
    def __enter__(self):
        return False

    def __exit__(self, *error):
        return None
