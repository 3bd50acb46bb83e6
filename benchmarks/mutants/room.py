"""A pytest plugin that runs a room's tests against mutants: tests are read once, each mutant is tried in a fork."""

import ctypes
import functools
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import coverage

from benchmarks.mutants.swapped import functions_of, swap

Reached = dict[str, dict[str, Any]]
_FIXTURE = "fixture "


class Room:
    """What pytest does in place of its own loop.

    Args:
        root: of the checkout.
        work: called with this room once all tests are read; what it returns is the exit status.
    """

    def __init__(self, root: Path, work: "Callable[[Room], int]") -> None:
        self.root, self.work = str(root), work
        self.items: dict[str, pytest.Item] = {}
        self.coverage: coverage.Coverage | None = None
        self._imports = self._traced()

    def _traced(self) -> "coverage.Coverage":
        import coverage

        made = coverage.Coverage(data_file=None, config_file=False, include=[f"{self.root}/sde_core/*"])
        made.start()
        return made

    def pytest_collection(self) -> None:
        """Let no failing example be made smaller: whether a test fails is all that is asked."""
        from hypothesis import Phase, settings

        own = settings.get_profile("suite")
        settings.register_profile("mutants", own, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the work, and run no test of pytest's own accord."""
        self._imports.stop()
        if session.testsfailed:
            raise RuntimeError("tests cannot be read")
        self.items = {
            item.nodeid: item for item in session.items if item.get_closest_marker("browser") is None
        }
        self.functions = functions_of(f"{self.root}/sde_core")
        session.testsfailed = self.work(self)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[object]") -> Iterator[None]:
        """Note what a shared fixture reaches by itself: every test that asks for it reaches the same."""
        if self.coverage is None or fixturedef.scope == "function":
            return (yield)
        outer, self._context = self._context, _FIXTURE + fixturedef.argname
        self.coverage.switch_context(self._context)
        try:
            return (yield)
        finally:
            self._context = outer
            self.coverage.switch_context(outer)

    def reached(self, tests: list[str], to: Path) -> None:
        """Run tests once, in a fork, and write which lines each reaches, and its seconds."""
        status = forked(lambda: self._run_all(tests, to), cpu=3600)
        if status:
            raise RuntimeError("the tests fail as they are")

    def _run_all(self, names: list[str], to: Path) -> int:
        from _pytest.runner import runtestprotocol

        items = [self.items[name] for name in names]
        cached = [
            one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper and _is_ours(one)
        ]
        seconds: dict[str, float] = {}
        self.coverage = self._traced()
        for item, following in zip(items, [*items[1:], None], strict=True):
            for one in cached:
                one.cache_clear()
            self._context = item.nodeid
            self.coverage.switch_context(item.nodeid)
            start = time.process_time()
            reports = runtestprotocol(item, nextitem=following, log=False)
            seconds[item.nodeid] = round(time.process_time() - start, 3)
            if any(report.failed for report in reports):
                print(item.nodeid, *(r.longreprtext for r in reports), file=sys.stderr)
                return 1
        self.coverage.stop()
        by_context: dict[str, dict[str, list[int]]] = {}
        for path, line, context in self._lines(self.coverage):
            by_context.setdefault(context, {}).setdefault(path, []).append(line)
        tests: Reached = {}
        for test, item in zip(names, items, strict=True):
            contexts = [test, *(_FIXTURE + name for name in getattr(item, "fixturenames", ()))]
            lines: dict[str, list[int]] = {}
            for path, more in (pair for name in contexts for pair in by_context.get(name, {}).items()):
                lines[path] = sorted({*lines.get(path, ()), *more})
            tests[test] = {"seconds": seconds[test], "lines": lines}
        imported = [[path, line] for path, line, _ in self._lines(self._imports)]
        to.write_text(json.dumps({"tests": tests, "imported": imported}))
        return 0

    def _lines(self, traced: "coverage.Coverage") -> Iterator[tuple[str, int, str]]:
        data = traced.get_data()
        for file in data.measured_files():
            path = file[len(self.root) + 1 :]
            for line, contexts in data.contexts_by_lineno(file).items():
                yield from ((path, line, context) for context in contexts or [""])

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


def forked(work: Callable[[], int], cpu: float) -> int:
    """Return the status of work done in a fork of this process, ended after ``cpu`` seconds of a core."""
    child = os.fork()
    if child == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # Linux: it ends with the process that waits for it
        try:
            soft = int(time.process_time() + cpu) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (soft, soft))
            resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
            os._exit(work())
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(3)
    until = time.monotonic() + max(120.0, 12 * cpu)  # it may also wait for what never comes
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]
