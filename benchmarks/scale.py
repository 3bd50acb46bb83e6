"""Rates of one worker, and what follows from them for up to ten billion pairs: `python -m benchmarks.scale`.

The first table is measured here, on one thread; the others are arithmetic on it and say so.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import sde_core as sde

WIDTH = 768
SIZES = {"10M": 10**7, "1B": 10**9, "10B": 10**10}
WORKERS = (1, 16, 256)
LINK = 10e9 / 8
"""Bytes a second of the network that is assumed between workers: 10 Gbit/s."""
BYTES = 2 * 2 * WIDTH
"""Of one pair: two vectors in half precision."""


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="pairs to measure on; default: %(default)s")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rates = _measured(options.rows)
    today = datetime.now(UTC).date()
    print(f"**Measured** on {today}, one thread, torch {torch.__version__}, d = {WIDTH},")
    print(
        f"{options.rows:,} mapped pairs in half precision, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores;"
    )
    print("processor seconds, so that other work on the machine counts less.\n")
    print("| work of one worker | pairs a second | peak memory above the libraries, MiB |\n|---|---:|---:|")
    for name, (rate, memory) in rates.items():
        print(f"| {name} | {rate:,.0f} | {memory:,.0f} |")
    _sums(rates["sums of both sides, joint and cross, float64"][0])
    _ranks(rates["ranks both ways, pairs of query and item"][0])


def _measured(rows: int) -> dict[str, tuple[float, float]]:
    """Return pairs a second and MiB of each kind of work."""
    with tempfile.TemporaryDirectory() as folder:
        image, text = (
            _mapped(Path(folder) / f"{side}.npy", rows, seed) for seed, side in enumerate(("image", "text"))
        )
        few = 4_000
        works: dict[str, tuple[Callable[[], object], float]] = {
            "spectra of both sides with bound, float32 first": (
                lambda: [sde.compute_spectrum(x) for x in (image, text)],
                rows,
            ),
            "sums of both sides, joint and cross, float64": (
                lambda: sde.PairSpectraAccumulator.of(image, text),
                rows,
            ),
            "ranks both ways, pairs of query and item": (
                lambda: sde.retrieval_metrics(image[:few], text[:few], range(few)),
                few * few,
            ),
        }
        return {name: _rate(work, count) for name, (work, count) in works.items()}


def _rate(work: Callable[[], object], count: float) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    work()
    seconds = time.process_time() - started
    return count / seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def _mapped(path: Path, rows: int, seed: int) -> npt.NDArray[np.float16]:
    rng = np.random.default_rng(seed)
    scale = (np.arange(1.0, WIDTH + 1) ** -0.6).astype(np.float32)
    held = np.lib.format.open_memmap(path, "w+", np.float16, (rows, WIDTH))
    for start in range(0, rows, 8192):
        block = held[start : start + 8192]
        block[:] = rng.standard_normal(block.shape, dtype=np.float32) * scale
    del held
    return np.load(path, mmap_mode="c")


def _sums(rate: float) -> None:
    state = 8 * (3 * WIDTH**2 + 5 * WIDTH)  # two Gram matrices, the product of both, sums and shifts
    print(
        f"\n**Computed** from it: the sums of all spectra. A worker sends {state / 1e6:.0f} MB once, whatever it read;"
    )
    print(f"a tree of depth log2(workers) adds them up, at {LINK * 8 / 1e9:.0f} Gbit/s.\n")
    print("| pairs | vectors, TB | workers | time | bytes a second a worker reads | reduction, s | limit |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for name, pairs in SIZES.items():
        for workers in WORKERS:
            work, size = pairs / workers / rate, pairs * BYTES / 1e12
            depth = int(np.ceil(np.log2(workers))) if workers > 1 else 0
            reduction = depth * state / LINK
            limit = (
                "reduction"
                if reduction > work
                else "products, not the network"
                if rate * BYTES < LINK
                else "network"
            )
            print(
                f"| {name} | {size:,.2f} | {workers} | {_time(work + reduction)} | {rate * BYTES / 1e6:,.0f} MB | "
                f"{reduction:.2f} | {limit} |"
            )


def _ranks(rate: float) -> None:
    print("\n**Computed** as well: exact ranks of q queries each way in the whole gallery.\n")
    print("| gallery | q each way | workers | time |\n|---|---:|---:|---:|")
    for name, pairs in SIZES.items():
        for queries, workers in ((10_000, 1), (10_000, 256), (pairs, 256)):
            # One product serves both ways where all rows are queries; of a sample each way is one of its own.
            products = pairs * queries * (1.0 if queries == pairs else 2.0)
            print(f"| {name} | {queries:,} | {workers} | {_time(products / rate / workers)} |")


def _time(seconds: float) -> str:
    for unit, size in (("years", 365 * 86_400), ("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} s"


if __name__ == "__main__":
    main()
