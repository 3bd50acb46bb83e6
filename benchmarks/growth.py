"""How work grows with rows m, width n, batch B and rank r, where linearly: ``python -m benchmarks.growth``.

Processor seconds, the least of some runs, which other work on the machine moves less than wall seconds. Growth is the
exponent between a size and the one before it: 1 is linear, 2 quadratic.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

import sde_core as sde
from benchmarks.loss_cost import batches_of
from benchmarks.peers import around_a_mean
from sde_core.losses import BlockwiseLoss

LINEAR = 1.25
"""The largest exponent that is called linear: caches and fixed parts bend a line by that much."""


@dataclass(frozen=True, kw_only=True)
class Growing:
    """Work whose size grows.

    Attributes:
        name: what is done, at which other sizes.
        letter: of what grows.
        sizes: ascending.
        at: makes the work of a size.
    """

    name: str
    letter: str
    sizes: Sequence[int]
    at: Callable[[int], Callable[[], object]]


def paths(*, quick: bool) -> Iterator[Growing]:
    """Yield the paths; with ``quick`` at sizes that take seconds."""
    rows, width, batch = (20_000, 256, 512) if quick else (100_000, 512, 1_024)
    halves = [rows // 4, rows // 2, rows]
    yield Growing(
        name=f"spectrum with basis, n = {width}",
        letter="m",
        sizes=halves,
        at=lambda m: _spectrum(around_a_mean(m, width, 0.6)),
    )
    yield Growing(
        name=f"spectrum with basis, m = {rows:,}",
        letter="n",
        sizes=[width // 4, width // 2, width, 2 * width],
        at=lambda n: _spectrum(around_a_mean(rows, n, 0.6)),
    )
    yield Growing(
        name=f"spectrum with basis of rank r and noise, m = {rows:,}, n = {width}",
        letter="r",
        sizes=[4, 16, 64],
        at=lambda r: _spectrum(_of_rank(rows, width, r)),
    )
    yield Growing(
        name=f"ranks both ways, m x m, n = {width}",
        letter="m",
        sizes=[n // 10 for n in halves],
        at=lambda m: _ranks(m, width),
    )
    yield Growing(
        name=f"ranks both ways, m = {rows // 10:,}",
        letter="n",
        sizes=[width // 2, width, 2 * width],
        at=lambda n: _ranks(rows // 10, n),
    )
    for name, loss in (
        ("SDELoss, default", sde.SDELoss()),
        ("InfoNCE in blocks of 256 rows", BlockwiseLoss(tile=256)),
    ):
        yield Growing(
            name=f"{name}, n = {width}, four steps forward and backward",
            letter="B",
            sizes=[batch // 2, batch, 2 * batch],
            at=lambda b, loss=loss: _loss(loss, b, width),  # type: ignore[misc]
        )


def rows_of(path: Growing, runs: int) -> Iterator[str]:
    """Yield the table's rows of a path."""
    before: tuple[int, float] | None = None
    for size in path.sizes:
        seconds = _least(path.at(size), runs)
        grown = "" if before is None else _exponent(before, (size, seconds))
        first = path.name if before is None else ""
        yield f"| {first} | {path.letter} = {size:,} | {seconds:.3f} | {grown} |"
        before = size, seconds


def _exponent(before: tuple[int, float], now: tuple[int, float]) -> str:
    found = math.log(max(now[1], 1e-9) / max(before[1], 1e-9)) / math.log(now[0] / before[0])
    return f"{found:.1f}" + (" more than linear" if found > LINEAR else "")


def _least(work: Callable[[], object], runs: int) -> float:
    work()  # loads libraries
    found = []
    for _ in range(runs):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def _spectrum(x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Callable[[], object]:
    return lambda: sde.compute_spectrum(x)


def _of_rank(rows: int, width: int, rank: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((rank, width), dtype=np.float32)
    noise = rng.standard_normal((rows, width), dtype=np.float32)
    return rng.standard_normal((rows, rank), dtype=np.float32) @ basis + noise / 10


def _ranks(rows: int, width: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    image = rng.standard_normal((rows, width), dtype=np.float32)
    text = image + 3 * rng.standard_normal((rows, width), dtype=np.float32)
    return lambda: sde.retrieval_metrics(image, text, np.arange(rows))


def _loss(loss: torch.nn.Module, rows: int, width: int) -> Callable[[], object]:
    ((image, text),) = batches_of(rows, width, torch.device("cpu"), count=1)

    def step() -> None:
        for _ in range(4):  # looks at the basis every fourth step
            loss(image, text, torch.tensor(50.0)).backward()

    return step


def print_growth(*, quick: bool, runs: int) -> None:
    """Print the table."""
    print("| work | size | cpu, s | growth |\n|---|---:|---:|---|")
    for path in paths(quick=quick):
        for row in rows_of(path, runs):
            print(row, flush=True)


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--runs", type=int, default=3, help="of each; default: %(default)s")
    options = parser.parse_args()
    print_growth(quick=options.quick, runs=options.runs)


if __name__ == "__main__":
    main()
