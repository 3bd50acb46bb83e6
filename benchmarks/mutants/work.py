"""One room's mutants, tried."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.mutants.drawn import Mutant, source_of
from benchmarks.mutants.room import Room, forked
from benchmarks.mutants.store import Store
from benchmarks.mutants.swapped import import_changed

_OUT = os.fdopen(os.dup(1), "w")
LIMIT = 40.0
"""Seconds of tests for one mutant at most: quickest first, so only the slowest are left out."""


class Work:
    """One room (or one file of it).

    Args:
        root: of the checkout.
        name: a folder of sde_core, or a file, from there.
        store: of the results.
        each: mutants of a module at most.
        seed: of the draw.
        until: the moment, on the monotonic clock, after which nothing begins.
    """

    def __init__(self, root: Path, name: str, store: Store, each: int, seed: int, until: float) -> None:
        self.root, self.store, self.until = root, store, until
        self.room = name.split("/")[0]
        place = root / "sde_core" / name
        files = [place] if place.is_file() else sorted(place.rglob("*.py"))
        self.mutants = [m for f in files if not f.name.startswith("__") for m in store.drawn(f, seed, each)]
        store.asked[name] = self.mutants
        tests = sorted((root / "tests/sde_core" / self.room).rglob("*.py"))
        self.tests = store.digest(*(str(path.relative_to(root)) for path in tests))
        self.reached_file = store.folder / f"{self.room}.json"

    def waiting(self) -> list[Mutant]:
        """Return the mutants that are still to be tried."""
        return [m for m in self.mutants if self.store.found(m, self.tests) is None]

    def run(self) -> None:
        """Try what is not tried yet: changes of functions in one process, the others in one each."""
        if not self.waiting() or time.monotonic() > self.until:
            return
        _preload()
        status = forked(lambda: self._pytest(self._in_functions), cpu=1e6)
        if status:
            raise SystemExit(f"{self.room}: the tests cannot be run as they are")
        self.store.read()
        reached = json.loads(self.reached_file.read_text("utf-8"))
        for mutant in self.waiting():
            if time.monotonic() > self.until:
                return
            tests = self._tests(mutant, reached, whole_file=True)
            found = (
                bool(tests)
                and forked(lambda m=mutant, t=tests: self._imported(m, t), cpu=3 * LIMIT + 60) != 0
            )
            self._said(mutant, found)

    def _pytest(self, work: Callable[[Room], int], tests: list[str] | None = None) -> int:
        import pytest

        os.chdir(self.root)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.path[:0] = [str(self.root), str(self.root / "app")]
        both = [f"tests/sde_core/{self.room}", f"sde_core/{self.room}"]
        chosen = sorted({test.split("::")[0] for test in tests}) if tests else both
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        return int(pytest.main([*chosen, *options], plugins=[Room(self.root, work)]))

    def _in_functions(self, room: Room) -> int:
        reached = self._reached(room)
        imported = {(file, line) for file, line in reached["imported"]}
        for mutant in self.waiting():
            if time.monotonic() > self.until:
                break
            first, last = mutant.lines
            if not mutant.inside or any((mutant.path, line) in imported for line in range(first, last + 1)):
                continue
            tests = self._tests(mutant, reached)
            before = (self.root / mutant.path).read_text("utf-8")
            after = source_of(mutant, self.root)
            seconds = sum(reached["tests"][test]["seconds"] for test in tests)
            found = bool(tests) and room.tried(mutant.path, before, after, tests, 10 + 5 * seconds)
            if found is not None:
                self._said(mutant, found)
        return 0

    def _reached(self, room: Room) -> dict[str, Any]:
        """Return what each test reaches; only files of tests that are new or changed are run for it."""
        modules = sorted((self.root / "sde_core" / self.room).rglob("*.py"))
        of = {"modules": self.store.digest(*(str(path.relative_to(self.root)) for path in modules))}
        kept: dict[str, Any] = {"of": {}, "tests": {}, "imported": []}
        if self.reached_file.exists():
            kept = json.loads(self.reached_file.read_text("utf-8"))
        of |= {file: self.store.digest(file) for file in {test.split("::")[0] for test in room.items}}
        if kept["of"].get("modules") != of["modules"]:
            kept["of"] = {}
        same = {file for file, digest in of.items() if kept["of"].get(file) == digest}
        missing = [test for test in room.items if test.split("::")[0] not in same]
        if missing:
            fresh = self.store.folder / f"{self.room}.fresh.json"
            room.reached(missing, fresh)
            new = json.loads(fresh.read_text("utf-8"))
            old = {test: has for test, has in kept["tests"].items() if test.split("::")[0] in same}
            kept = {"of": of, "tests": old | new["tests"], "imported": new["imported"]}
            self.reached_file.write_text(json.dumps(kept))
        return kept

    def _imported(self, mutant: Mutant, tests: list[str]) -> int:
        import_changed(f"{self.root}/{mutant.path}", source_of(mutant, self.root))
        return self._pytest(lambda room: room.first_failure(tests), tests)

    def _tests(self, mutant: Mutant, reached: dict[str, Any], whole_file: bool = False) -> list[str]:
        """Return the tests that reach a mutant's statement (or anything of its file), quickest first."""
        first, last = mutant.lines
        known = reached["tests"]

        def reaches(test: str) -> bool:
            lines = known[test]["lines"].get(mutant.path, ())
            return bool(lines) if whole_file else any(first <= line <= last for line in lines)

        chosen = sorted(filter(reaches, known), key=lambda test: known[test]["seconds"])
        if whole_file and not chosen:
            chosen = sorted(known, key=lambda test: known[test]["seconds"])
        seconds, kept = 0.0, []
        for test in chosen:
            seconds += known[test]["seconds"]
            if seconds > LIMIT and kept:
                break
            kept.append(test)
        return kept

    def _said(self, mutant: Mutant, found: bool) -> None:
        self.store.add(mutant, found, self.tests)
        if not found and self.store.reason(mutant) is None:
            print(
                f"lives: {mutant.path}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}",
                file=_OUT,
                flush=True,
            )


def _preload() -> None:
    """Import what the tests need of others once: everything that follows runs in forks of this process."""
    import coverage  # noqa: F401
    import hypothesis  # noqa: F401
    import open_clip  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import pytest  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch

    torch.set_num_threads(1)
