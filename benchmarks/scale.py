"""Rates of one worker, and what follows from them for up to ten billion pairs: `python -m benchmarks.scale`.

The first table is measured here, on one thread; the others are arithmetic on it and say so.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import sde_core as sde
from sde_core.embedding_formats.cluster.sums import GROUP, add, merged, shard_sums
from sde_core.embedding_formats.shards import SHARD_ROWS, shards_of

WIDTH = 768
SIZES = {"10M": 10**7, "1B": 10**9, "10B": 10**10}
WORKERS = (1, 16, 256, 4096)
LINK = 10e9 / 8
"""Bytes a second of the network that is assumed between workers: 10 Gbit/s."""
BYTES = 2 * 2 * WIDTH
"""Of one pair: two vectors in half precision."""
_SHARDS = "a shard's sums of both sides, float64"
_ADDED = "sums of groups of shards, added by the process that asked"


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
    _sums(rates[_SHARDS][0], rates[_ADDED][0])
    _ranks(rates["ranks both ways, pairs of query and item"][0])


def _measured(rows: int) -> dict[str, tuple[float, float]]:
    """Return pairs a second and MiB of each kind of work."""
    with tempfile.TemporaryDirectory() as folder:
        image, text = (
            _mapped(Path(folder) / f"{side}.npy", rows, seed) for seed, side in enumerate(("image", "text"))
        )
        few = 4_000
        shards = shards_of(f"{folder}/image.npy,{folder}/text.npy")
        total, received = (shard_sums(replace(shards[0], stop=4_000), "mean", False) for _ in range(2))
        works: dict[str, tuple[Callable[[], object], float]] = {
            "spectra of both sides with bound, float32 first": (
                lambda: [sde.compute_spectrum(x) for x in (image, text)],
                rows,
            ),
            _SHARDS: (lambda: merged(*(shard_sums(shard, "mean", False) for shard in shards)), rows),
            "the same with the cross spectrum": (
                lambda: merged(*(shard_sums(shard, "mean", True) for shard in shards)),
                rows,
            ),
            _ADDED: (lambda: [add(total, received) for _ in range(8)], 8 * SHARD_ROWS * GROUP),
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


def _sums(rate: float, added: float) -> None:
    state = 8 * 2 * (WIDTH**2 + 2 * WIDTH)  # two Gram matrices with their sums and shifts
    together = SHARD_ROWS * GROUP
    # What comes in one after the other: a group's sums over the network, and adding them.
    driver = 1 / (1 / added + state / LINK / together)
    print(f"\n**Computed** from it: `sde spectrum --engine ray`. A shard is {SHARD_ROWS:,} pairs, its sums")
    print(
        f"{state / 1e6:.0f} MB; those of {GROUP} shards are added by a worker, one result travels to the process that"
    )
    print(f"asked. Assumed: {LINK * 8 / 1e9:.0f} Gbit/s, and files that give what the workers read.\n")
    print(
        "| pairs | vectors, TB | workers | time | of it computing | receiving and adding | files give, GB/s | limit |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for name, pairs in SIZES.items():
        for workers in WORKERS:
            shards = -(-pairs // SHARD_ROWS)
            busy, rounds = min(workers, shards), -(-shards // workers)
            work = min(pairs, rounds * SHARD_ROWS) / rate  # workers take whole shards
            adding, size = pairs / driver, pairs * BYTES / 1e12
            last = (GROUP - 1) * state / LINK + together / driver
            reads = busy * rate * BYTES
            limit = (
                "receiving and adding"
                if adding > work
                else "shards: fewer than workers"
                if busy < workers
                else "products"
                if rate * BYTES < LINK
                else "a worker's network"
            )
            print(
                f"| {name} | {size:,.2f} | {workers:,} | {_time(max(work, adding) + last)} | {_time(work)} | "
                f"{_time(adding)} | {reads / 1e9:,.1f} | {limit} |"
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
