"""Our work beside that of peers, in turn in one run: `python -m benchmarks`, `--quick` for a fifth of the rows.

`--only PART...` prints some parts of it, for a machine that is quiet for minutes only.

Medians of wall seconds, and the median of the ratios of neighbouring runs, which a busy machine moves less.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch

import sde_core as sde
from benchmarks.growth import print_growth
from benchmarks.loss_cost import batches_of, ratio_to_clip
from benchmarks.peers import Case, bundled_table, ranks, seconds_in_turn, spectra

PARTS = ("spectra", "ranks", "loss", "table", "large-set", "growth")
_CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
_BESIDE_PEERS = {"spectra": spectra, "ranks": ranks}


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller, under two minutes on a quiet machine")
    parser.add_argument(
        "--only", nargs="+", metavar="PART", choices=PARTS, default=PARTS, help=", ".join(PARTS)
    )
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn; default: %(default)s")
    parser.add_argument(
        "--clock",
        choices=_CLOCKS,
        default="wall",
        help="cpu: the processor's seconds, beside peers and of the table",
    )
    parser.add_argument("--first-peer", action="store_true", help="beside the first peer of each only")
    parser.add_argument("--device", default="auto", help="of the loss; default: %(default)s")
    options = parser.parse_args()
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    print(f"{versions}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.0f} at the start.\n")
    if {"spectra", "ranks", "loss"} & set(options.only):
        print("| work | ours, s | peer | peer, s | ours / peer | goal | |")
        print("|---|---:|---|---:|---:|---:|---|")
    for part in (name for name in _BESIDE_PEERS if name in options.only):
        for case in _BESIDE_PEERS[part](quick=options.quick):
            peers = dict(list(case.peers.items())[: 1 if options.first_peer else None])
            runs = 2 if options.quick else options.runs
            _print_case(replace(case, peers=peers), runs, _CLOCKS[options.clock])
    if "loss" in options.only:
        _print_loss(sde.resolve_device(options.device), quick=options.quick)
    if "table" in options.only:
        fitted, measured = bundled_table(_CLOCKS[options.clock])
        print("\nTable of the bundled 5,418 pairs, all rows (goal: 5 s): ", end="")
        print(f"fitted in {fitted:.1f} s, measured in {measured:.1f} s.\n", flush=True)
    if "large-set" in options.only:
        _print_large_set(quick=options.quick)
    if "growth" in options.only:
        print("\nGrowth in rows m, width n, batch B and rank r:\n")
        print_growth(quick=options.quick, runs=2 if options.quick else 3)


def _print_case(case: Case, runs: int, clock: Callable[[], float]) -> None:
    """Print ours beside each peer, a row each."""
    taken = seconds_in_turn({"ours": case.ours, **case.peers}, runs, clock)
    for number, peer in enumerate(case.peers):
        ratio = statistics.median(a / b for a, b in zip(taken["ours"], taken[peer], strict=True))
        first = number == 0
        goal = f"{case.goal}" if first and case.goal else ""
        print(
            f"| {case.name if first else ''} | {statistics.median(taken['ours']):.2f} | {peer} "
            f"| {statistics.median(taken[peer]):.2f} | {ratio:.2f} | {goal} | {case.note() if first else ''} |",
            flush=True,
        )


def _print_large_set(*, quick: bool) -> None:
    """Print the rows of a large set, each command in a process of its own."""
    pairs, works = ("50000", ["open", "spectrum"]) if quick else ("1000000", ["open", "spectrum", "report"])
    goals = "at a million: 3 s, 25 s and 120 s; 2 GiB, the report 4 GiB"
    print(f"A large set in a process of its own each (goals {goals}):\n", flush=True)
    command = [sys.executable, "-m", "benchmarks.large_set", "--pairs", pairs, "--only", *works]
    subprocess.run(command, check=True)


def _print_loss(device: torch.device, *, quick: bool) -> None:
    """Print the rows of the loss: with all threads, and with one."""
    rows, threads = 256 if quick else 1024, torch.get_num_threads()
    work = f"SDELoss, default, B={rows:,}, d=512, forward and backward"
    batches = batches_of(rows, 512, device)
    for count in sorted({threads, 1}, reverse=True) if device.type == "cpu" else [threads]:
        torch.set_num_threads(count)
        ratio = ratio_to_clip(sde.SDELoss(), batches, 10 if quick else 100)
        where = device.type if device.type != "cpu" else f"{count} thread{'s' * (count > 1)}"
        print(f"| {work}, {where} | | open_clip ClipLoss | | {ratio:.2f} | 1.2 | |", flush=True)
    torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
