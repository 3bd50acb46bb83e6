"""Which changes of the code would no test notice? ``python -m benchmarks.mutants``.

Draws mutants of the pure modules (an operator of cosmic-ray at one place of one file). The tests of a module's room
and its doctests run once as they are, line by line; then each mutant is tried in a fork by the tests that reach its
line, quickest first, up to one that fails. A mutant that lives is printed, unless ``reviewed.json`` says why it may.

Results are kept (``--store``): a run that was stopped goes on where it was, and after a change only the mutants of
changed modules, and those that lived, are tried again. Needs ``pip install cosmic-ray coverage``.
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.mutants.store import Store
from benchmarks.mutants.work import Work

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "glossary", "checks", "spectra", "retrieval", "partition", "shaping", "treatments", "geometry", "losses",
    "knowledge",
)  # fmt: skip


def main() -> int:
    """Print the mutants that live and the table; return 1 where fewer than nine of ten are found or reviewed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", default=ROOMS, help="folders of sde_core, or files of them")
    parser.add_argument(
        "--each", type=int, default=12, help="mutants of a module at most (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--store", type=Path, default=ROOT / "build" / "mutants", help="where results are kept"
    )
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no mutant after these")
    parser.add_argument("--table", action="store_true", help="run nothing, print what is kept")
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    store = Store(options.store, ROOT)
    for name in options.rooms:
        work = Work(ROOT, name, store, options.each, options.seed, until)
        if not options.table:
            work.run()
    print(store.table())
    return int(store.share() < 0.9)


if __name__ == "__main__":
    sys.exit(main())
