"""What band_knowledge costs after the spectrum: 100,000 x 512 with three columns, beside the product of rows and basis.

python -m benchmarks.knowledge --threads 2
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import torch

import sde_core as sde

ROWS, WIDTH = 100_000, 512


def main() -> None:
    """Print seconds without and with the intervals, and the product's, in turn.

    On a machine with other work the seconds of the processor on one thread, and the ratio to the product, tell more
    than the clock: threads that wait for a core count as busy.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn; default: %(default)s")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    embeddings = sde.EmbeddingSet.from_arrays(x, x)
    spectrum = sde.compute_spectrum(x, center="mean")
    partition = sde.partition_spectrum(spectrum)
    columns = {
        "ten values": rng.integers(0, 10, ROWS).astype(str),
        "hundred values": rng.integers(0, 100, ROWS).astype(str),
        "number": rng.normal(size=ROWS),
    }
    rows, basis = torch.from_numpy(x), spectrum.basis.float()

    def known(n_resamples: int) -> Callable[[], object]:
        return lambda: sde.band_knowledge(
            embeddings, columns, spectrum=spectrum, partition=partition, n_resamples=n_resamples
        )

    works = {"the product alone": lambda: rows @ basis, "no intervals": known(0), "200 draws": known(200)}
    taken = _taken(works, options.runs)
    print(f"{options.threads} threads, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| work | clock, least and median, s | processor, least, s | products of rows and basis |")
    print("|---|---|---|---|")
    product = taken["the product alone"][:, 1]
    for name, seconds in taken.items():
        clock, busy = seconds.T
        ratio = np.median(busy / product)
        print(
            f"| {name} | {clock.min():.2f}, {np.median(clock):.2f} | {busy.min():.2f} | {ratio:.2f} |",
            flush=True,
        )


def _taken(works: dict[str, Callable[[], object]], runs: int) -> "dict[str, np.ndarray]":
    """Return (runs, 2) seconds of the clock and of the processor for each work, in turn, after one run of each."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for run in range(runs + 1):
        for name, work in works.items():
            start, worked = time.perf_counter(), time.process_time()
            work()
            if run:
                taken[name].append((time.perf_counter() - start, time.process_time() - worked))
    return {name: np.array(seconds) for name, seconds in taken.items()}


if __name__ == "__main__":
    main()
