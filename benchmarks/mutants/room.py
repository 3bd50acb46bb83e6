"""A pytest plugin that runs a room's tests against mutants: tests are read once, each mutant is tried in a fork."""

import functools
import gc
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from benchmarks.mutants.swapped import functions_of, swap

Trace = Callable[[FrameType, str, object], Any] | None
Reached = dict[str, dict[str, Any]]


class Room:
    """What pytest does in place of its own loop.

    Args:
        root: of the checkout.
        work: called with this room once all tests are read; what it returns is the exit status.
    """

    def __init__(self, root: Path, work: "Callable[[Room], int]") -> None:
        self.root, self.work = str(root), work
        self.hits: set[tuple[str, int]] = set()
        self.items: dict[str, pytest.Item] = {}
        self.shared: dict[str, set[tuple[str, int]]] = {}
        sys.settrace(self._trace)

    def pytest_collection(self) -> None:
        """Let no failing example be made smaller: whether a test fails is all that is asked."""
        from hypothesis import Phase, settings

        own = settings.get_profile("suite")
        settings.register_profile("mutants", own, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the work, and run no test of pytest's own accord."""
        self.at_import, self.hits = self.hits, set()
        sys.settrace(None)
        if session.testsfailed:
            raise RuntimeError("tests cannot be read")
        self.items = {
            item.nodeid: item for item in session.items if item.get_closest_marker("browser") is None
        }
        self.functions = functions_of(f"{self.root}/sde_core")
        session.exitstatus = self.work(self)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[object]") -> Iterator[None]:
        """Note what a shared fixture reaches by itself: every test that asks for it reaches the same."""
        outer, self.hits = self.hits, set()
        try:
            return (yield)
        finally:
            mine, self.hits = self.hits, outer
            if fixturedef.scope == "function":
                self.hits |= mine
            else:
                self.shared.setdefault(fixturedef.argname, set()).update(mine)

    def _trace(self, frame: FrameType, event: str, _: object) -> Trace:
        if not frame.f_code.co_filename.startswith(self.root):
            return None
        return self._line

    def _line(self, frame: FrameType, event: str, _: object) -> Trace:
        self.hits.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line

    def reached(self, to: Path) -> None:
        """Run every test once, in a fork, and write which lines it reaches, and its seconds."""
        status = forked(lambda: self._run_all(to), cpu=3600)
        if status:
            raise RuntimeError("the tests fail as they are")

    def _run_all(self, to: Path) -> int:
        from _pytest.runner import runtestprotocol

        found: Reached = {}
        items = list(self.items.values())
        cached = [
            one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper and _is_ours(one)
        ]
        threading.settrace(self._trace)
        for item, following in zip(items, [*items[1:], None], strict=True):
            for one in cached:
                one.cache_clear()
            self.hits = set()
            start = time.process_time()
            sys.settrace(self._trace)
            reports = runtestprotocol(item, nextitem=following, log=False)
            sys.settrace(None)
            if any(report.failed for report in reports):
                print(item.nodeid, *(r.longreprtext for r in reports), file=sys.stderr)
                return 1
            lines: dict[str, list[int]] = {}
            names = getattr(item, "fixturenames", ())
            for file, line in self.hits.union(*(self.shared.get(name, ()) for name in names)):
                lines.setdefault(file[len(self.root) + 1 :], []).append(line)
            mine = {file: sorted(has) for file, has in lines.items() if file.startswith("sde_core/")}
            found[item.nodeid] = {"seconds": round(time.process_time() - start, 3), "lines": mine}
        imported = sorted([file[len(self.root) + 1 :], line] for file, line in self.at_import)
        to.write_text(json.dumps({"tests": found, "imported": imported}))
        return 0

    def tried(self, path: str, before: str, after: str, tests: list[str], cpu: float) -> bool | None:
        """Return whether a test fails once a file's functions are changed; None where they cannot be swapped."""

        def child() -> int:
            if not swap(f"{self.root}/{path}", before, after, self.functions):
                return 77
            return self.first_failure(tests)

        status = forked(child, cpu)
        return None if status == 77 << 8 else status != 0

    def first_failure(self, tests: list[str]) -> int:
        """Run tests in turn up to one that fails; return 1 if there is one."""
        from _pytest.runner import runtestprotocol

        items = [self.items[test] for test in tests if test in self.items]
        for item, following in zip(items, [*items[1:], None], strict=True):
            if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
                return 1
        return 0


def _is_ours(cached: object) -> bool:
    return str(getattr(cached, "__module__", "")).startswith(("tests", "sde_core"))


def forked(work: Callable[[], int], cpu: float, wall: float = 400.0) -> int:
    """Return the status of work done in a fork of this process, ended after ``cpu`` seconds of a core."""
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            soft = int(time.process_time() + cpu) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (soft, soft))
            resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
            os._exit(work())
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(3)
    until = time.monotonic() + wall
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]
