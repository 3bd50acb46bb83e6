"""How long work of the page keeps other threads from the interpreter: `python -m benchmarks.interpreter`.

A thread sleeps a millisecond again and again while a piece of work runs in another one, as a job of the server does,
and measures how much later than that it runs on. Counted is the smaller one of the clock and of the processor time
that this process has used meanwhile: what other programs take of the machine is no fault of the work. Two controls
stand beside: matrix products, which leave the interpreter free, and a loop in Python, which never does.

`--jobs` measures the server's heavy jobs instead, each as it runs once the server has imported what it imports ahead: a
training and a map in a process of their own, and the same work in this one.
"""

import argparse
import gc
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import sde_core as sde
from sde_core.files.bundled import embeddings_folder
from sde_core.report import ReportSpec, SetSpec
from sde_core.training import FinetuneConfig
from sde_explorer.intake import VectorRequest
from sde_explorer.jobs import Job, encoding_job, opening_job
from sde_explorer.readings import headline
from sde_explorer.retrieval.numbers.table import (
    RAW,
    RecallRow,
    baseline_rows,
    drawn_of,
    parts_of,
    recall_rows,
)
from sde_explorer.server import HEAVY, LATER, NEXT, warm
from sde_explorer.share.report_job import report_job
from sde_explorer.subspaces.map_job import do_map, umap_job
from sde_explorer.training.job import do_train, training_job
from sde_explorer.training.numbers.presets import PRESETS
from sde_explorer.training.runs import TrainingRequest, plain_request, write_request

LONG_S = 0.05
_PAUSE_S = 0.001
_CONTROL_S = 0.5


def main() -> None:
    """Print a row for each piece of work."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interpreter", description=__doc__)
    parser.add_argument("--data", default="emoji", help="bundled set; default: %(default)s")
    parser.add_argument(
        "--interval",
        type=float,
        default=0.001,
        help="seconds after which Python lets another thread go on; default: %(default)s, as in the server",
    )
    parser.add_argument("--jobs", action="store_true", help="the server's heavy jobs")
    parser.add_argument("--only", default="", help="rows whose names hold these words")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sys.setswitchinterval(options.interval)
    print("| work | processor, s | waits, ms: median | p99 | longest | above 50 ms |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        pieces = heavy_jobs(Path(folder)) if options.jobs else works(options.data)
        gc.collect()
        gc.freeze()  # as the server does once it has imported everything
        _print_rows({name: work for name, work in pieces.items() if options.only in name})


def _print_rows(pieces: dict[str, Callable[[], object]]) -> None:
    for name, work in pieces.items():
        begin = time.process_time()
        late = 1e3 * waits(work)
        used, long = time.process_time() - begin, int((late > 1e3 * LONG_S).sum())
        shown = " | ".join(f"{value:.1f}" for value in (*np.quantile(late, (0.5, 0.99)), late.max()))
        print(f"| {name} | {used:.2f} | {shown} | {long} of {len(late):,} |", flush=True)


def waits(work: Callable[[], object]) -> npt.NDArray[np.float64]:
    """Return how many seconds later than asked a sleeping thread ran on, each time, while ``work`` ran in another."""
    late, thread = [0.0], threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        clock, used = time.perf_counter(), time.process_time()
        time.sleep(_PAUSE_S)
        late.append(max(0.0, min(time.perf_counter() - clock - _PAUSE_S, time.process_time() - used)))
    thread.join()
    return np.array(late)


def in_python() -> None:
    """Count for half a second of processor time."""
    until = time.thread_time() + _CONTROL_S
    while time.thread_time() < until:
        sum(range(1000))


def in_products() -> None:
    """Multiply for half a second of processor time."""
    until, matrix = time.thread_time() + _CONTROL_S, np.random.default_rng(0).normal(size=(500, 500))
    while time.thread_time() < until:
        matrix @ matrix


def works(name: str) -> dict[str, Callable[[], object]]:
    """Return what a visitor's first walk through a bundled set computes, and both controls."""
    embeddings = sde.EmbeddingSet.load(embeddings_folder(name))
    spectrum = sde.compute_spectrum(embeddings.image)
    columns = {k: c for k, c in sde.set_columns(embeddings, "image").items() if k not in embeddings.metadata}
    known = partial(sde.band_knowledge, embeddings, spectrum=spectrum)
    both = [known(), known(columns, n_resamples=0)]
    fit, test = parts_of(embeddings, "primary")
    [raw] = recall_rows(test, [sde.fit_baseline(RAW, fit.embeddings.image, fit.embeddings.text)], _silent)

    def baselines() -> list[RecallRow]:
        made = fit.embeddings
        rows = sde.fit_all(made.image, made.text, paired=made.paired(), names=baseline_rows())
        return list(recall_rows(test, rows[1:], _silent, raw=drawn_of(raw)))

    return {
        "products (control)": in_products,
        "Python (control)": in_python,
        "numbers of the Overview": lambda: (headline.recall(embeddings), headline.aligned(embeddings)),
        "shuffled spectra": lambda: list(sde.shuffled_column_spectra(embeddings.image, n_shuffles=19)),
        "what bands know": known,
        "columns of images and captions": lambda: sde.set_columns(embeddings, "image"),
        "what bands know of these": partial(known, columns, n_resamples=0),
        "names of directions": lambda: sde.direction_names(*both),
        "baselines of Retrieval": baselines,
    }


def heavy_jobs(folder: Path) -> dict[str, Callable[[], object]]:
    """Return the server's heavy jobs on the bundled pairs of clipart.

    Args:
        folder: that they write to.
    """
    for names in (HEAVY, NEXT, LATER):  # as the server does before somebody asks for work
        warm(names)
    source, place = sde.EmbeddingSet.load(embeddings_folder("clipart")), str(embeddings_folder("clipart"))
    config = FinetuneConfig(
        steps=20, evaluate_every=5, device="cpu", loss=PRESETS["SDE, as reconstructed"].loss
    )

    def training(name: str) -> tuple[TrainingRequest, Path]:
        request = TrainingRequest(
            title=name,
            data="clipart",
            folder=place,
            part=(),
            fingerprint=source.fingerprint,
            runs={"SDE": config},
        )
        there = folder / "trainings" / name
        write_request(request, there)
        return request, there

    (request, outside), (_, inside) = training("outside"), training("inside")
    told = {"request": plain_request(request), "folder": str(inside), "cache": str(folder)}
    rows = np.asarray(source.image)
    spec = ReportSpec(sets=(SetSpec(embeddings="clipart"),), n_resamples=50)
    found = VectorRequest(source=place)
    return {
        "products (control)": in_products,
        "Python (control)": in_python,
        "encoding 257 pictures": lambda: _ran(
            encoding_job("clipart/val", "bundled", folder / "cache", sde.load_encoder)
        ),
        "a report": lambda: _ran(report_job(spec)),
        "opening vectors": lambda: _ran(opening_job(found, folder / "cache")),
        "a training, as the server does it": lambda: _ran(
            training_job(request, outside, folder, device="cpu")
        ),
        "a map, as the server does it": lambda: _ran(umap_job("outside", "a map", lambda: rows, folder)),
        "the same training in this process": lambda: _ran(_here(lambda job: do_train(job, told, ()))),
        "the same map in this process": lambda: _ran(
            _here(lambda job: do_map(job, {"path": str(folder / "inside"), "seed": 0}, [rows]))
        ),
    }


def _here(work: Callable[[Job], object]) -> Job:
    return Job(key="here", kind="benchmark", title="here", work=work)


def _ran(job: Job) -> None:
    job.run()
    if job.status != "done":
        raise RuntimeError(f"{job.title}: {job.error or job.status}")


def _silent(name: str, share: float) -> None:
    """Take no note of how far it is."""


if __name__ == "__main__":
    main()
