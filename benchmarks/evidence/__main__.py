"""The study of PROTOCOL.md: `python -m benchmarks.evidence`."""

import argparse
import math
import sys
import time
from itertools import chain
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build/evidence"


def main() -> None:
    """Run what has not run yet, within a time; or the quick look; or write the report of what has run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after; run again to go on")
    parser.add_argument(
        "--work", type=Path, default=WORK, help="features and cells (default: build/evidence)"
    )
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "--fifth",
        nargs="*",
        metavar="SETTING",
        help="the fifth part alone; in some of its settings, in this order, or in all; processes share the work",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--quick", action="store_true", help="main finding alone, 3 seeds, tuned settings")
    mode.add_argument(
        "--collect",
        action="store_true",
        help="put what has run, half a search too, into benchmarks/evidence/results",
    )
    mode.add_argument(
        "--verify", type=int, metavar="N", help="train N kept cells again, drawn at random, and compare"
    )
    mode.add_argument("--report", action="store_true", help="compare what is new and write docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.quick:
        from benchmarks.evidence.quick import quick

        print("\n".join(quick(options.work)))
    elif options.collect:
        from benchmarks.evidence.kept import store_of
        from benchmarks.evidence.results import collect

        print(collect(store_of(options.work)))
    elif options.report:
        from benchmarks.evidence.fifth_report import analyse_fifth
        from benchmarks.evidence.report import analyse, write_report
        from benchmarks.evidence.results import write_facts

        print(write_facts(), analyse(), analyse_fifth(options.work), write_report())
    elif options.verify:
        from benchmarks.evidence.verify import verified

        sys.exit(verified(options.work, options.verify))
    else:
        _run(options.work, options.minutes, options.fifth)


def _run(work: Path, minutes: float, settings: list[str] | None) -> None:
    from benchmarks.evidence.fifth_part import FifthPart
    from benchmarks.evidence.last_block import LastBlockStudy
    from benchmarks.evidence.plan import Study, TimeIsUpError

    began = time.monotonic()
    try:
        deadline = began + 60 * minutes
        study = Study(work, deadline=deadline)
        fifth = FifthPart(work, deadline=deadline).run(settings or ())
        earlier = chain(study.run(), LastBlockStudy(study).run()) if settings is None else ()
        for line in chain(earlier, fifth):
            print(f"{time.monotonic() - began:7.0f} s  {line}", flush=True)
    except TimeIsUpError:
        print("The time is up; the same command goes on from here.")


if __name__ == "__main__":
    main()
