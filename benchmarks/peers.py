"""What is timed beside what else a user has for the same work: spectra, ranks, the table of the bundled pairs."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import sde_core as sde

Array = npt.NDArray[np.float32]
Work = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One piece of work: ours, and peers that are run in turn with it.

    Attributes:
        name: what is done.
        ours: does it.
        peers: name -> does the same, or as much of it as the name says.
        goal: what of the first peer's time it may take; None where there is none.
        note: a sentence on what came out.
    """

    name: str
    ours: Work
    peers: dict[str, Work]
    goal: float | None = None
    note: Callable[[], str] = str


def spectra(*, quick: bool) -> Iterator[Case]:
    """Yield the spectra one by one; with ``quick``, of a fifth of the rows."""
    part = 5 if quick else 1
    for rows, width in ((100_000, 512), (100_000, 1024)):
        yield _spectrum(rows // part, width, decay=0.6)
    yield _spectrum(20_000 // part, 512, decay=0.6, with_full_svd=True)
    yield _spectrum(100_000 // part, 512, decay=1.5)


def ranks(*, quick: bool) -> Iterator[Case]:
    """Yield the ranks both ways; with ``quick``, of half of the rows."""
    yield _ranks(10_000 // (2 if quick else 1), 512)


def bundled_table(clock: Callable[[], float] = time.perf_counter) -> tuple[float, float]:
    """Return seconds of a clock to fit, and to measure, every row of the table on all bundled pairs."""
    from sde_core.embedding_formats.named import open_named

    pairs = open_named("emoji")
    started = clock()
    treatments = sde.fit_all(pairs.image, pairs.text, paired=pairs.paired())
    fitted = clock()
    sde.compare_retrieval(pairs.image, pairs.text, pairs.links, treatments)
    return fitted - started, clock() - fitted


def seconds_in_turn(
    works: dict[str, Work], runs: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Return seconds of each run by a clock; one after the other, so that a busy minute hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for run in range(-1, runs):  # the first loads libraries
        for name, work in works.items():
            started = clock()
            work()
            if run >= 0:
                found[name].append(clock() - started)
    return found


def around_a_mean(rows: int, width: int, decay: float) -> Array:
    """Return rows whose spectrum is a power law, around a mean that is as long as they spread."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((width, width)))[0].astype(np.float32)
    scale = (np.arange(1.0, width + 1) ** -decay).astype(np.float32)
    mean = np.linalg.norm(scale) * rng.standard_normal(width, dtype=np.float32) / np.sqrt(width)
    x = (rng.standard_normal((rows, width), dtype=np.float32) * scale) @ turn.T
    return x + mean.astype(np.float32)


def _spectrum(rows: int, width: int, *, decay: float, with_full_svd: bool = False) -> Case:
    import faiss
    from sklearn.decomposition import PCA

    x = around_a_mean(rows, width, decay)
    found: list[sde.Spectrum] = []

    def ours() -> None:
        found[:] = [sde.compute_spectrum(x)]

    def note() -> str:
        bounds = found[0].relative_errors
        return f"route {found[0].route}, " + ("" if bounds is None else f"bound {float(bounds.max()):.0e}")

    centred = torch.from_numpy(x - x.mean(axis=0))

    def full_svd() -> object:
        return torch.linalg.svd(centred, full_matrices=False)

    return Case(
        name=f"spectrum with basis, {rows:,} x {width}, power law {decay}",
        ours=ours,
        peers={
            "scikit-learn PCA covariance_eigh": lambda: PCA(svd_solver="covariance_eigh").fit(x),
            "float32 product": lambda: x.T @ x,
            "faiss PCA": lambda: faiss.PCAMatrix(width, width).train(x),
            "torch svdvals, no basis": lambda: torch.linalg.svdvals(centred),
            **({"torch full SVD": full_svd} if with_full_svd else {}),
            'ours, route="gram"': lambda: sde.compute_spectrum(x, route="gram"),
        },
        goal=1.2 if decay < 1 else None,
        note=note,
    )


def _ranks(rows: int, width: int) -> Case:
    import faiss

    rng = np.random.default_rng(0)
    image = rng.standard_normal((rows, width), dtype=np.float32)
    text = image + 3 * rng.standard_normal((rows, width), dtype=np.float32)
    links = np.arange(rows)

    def flat() -> Any:  # noqa: ANN401
        index = faiss.IndexFlatIP(width)
        index.add(image)
        return index.search(text, 10)

    return Case(
        name=f"recalls, MRR, median rank, both ways, {rows:,} x {rows:,} x {width}",
        ours=lambda: sde.retrieval_metrics(image, text, links),
        peers={
            "faiss flat, one way, k = 10": flat,
            "float32 product": lambda: torch.from_numpy(text) @ torch.from_numpy(image).T,
        },
        goal=1.5,
    )
