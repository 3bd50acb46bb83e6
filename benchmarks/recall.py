"""Rows of the Retrieval view's table on a large set: `python -m benchmarks.recall`.

Half of 50,000 pairs x 512 (random vectors with a decaying spectrum) is fitted on, the other half asks:
25,000 queries each way, every one against 25,000, the code path of the page. Memory is the largest that the process
held above what it held with the set.
"""

import argparse
import resource
import time

import sde_core as sde
from benchmarks.moved_knob import decaying
from sde_explorer.retrieval.numbers.table import parts_of, recall_rows


def main() -> None:
    """Print one line a row: seconds until it is there, and megabytes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recall", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--rows", nargs="+", help="of the table, raw always; default: all")
    options = parser.parse_args()
    fit, test = parts_of(decaying(options.pairs, options.width), "primary")
    made = fit.embeddings
    before = _megabytes()
    started = time.perf_counter()
    treatments = sde.fit_all(made.image, made.text, paired=made.paired(), names=options.rows)
    print(f"fitted in {time.perf_counter() - started:.0f} s\n")
    print("| row | s | MB |")
    print("|---|---|---|")
    started = time.perf_counter()
    for row in recall_rows(test, treatments, lambda name, share: None):
        taken = time.perf_counter() - started
        print(f"| {row.name} | {taken:.0f} | {_megabytes() - before:,.0f} |", flush=True)
        started = time.perf_counter()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
