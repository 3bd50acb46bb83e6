"""Weights between the start and the end of a training, measured and kept in the background (WiSE-FT)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sde_core as sde
from sde_core.glossary.formats import percent
from sde_core.training import Interpolated, interpolate, interpolation_sweep
from sde_core.training.interpolation import ALPHAS
from sde_explorer.jobs.job import Job
from sde_explorer.jobs.outside import workers
from sde_explorer.serving.places import check_writing
from sde_explorer.training.job import keep_vectors, training_source
from sde_explorer.training.runs import TrainingRequest, last_checkpoint, plain_request, request_from

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def sweep_job(
    request: TrainingRequest, folder: Path, run: str, others: Mapping[str, str], *, device: str
) -> Job:
    """Return the job that measures mixes; its partial and its result are lists of `Interpolated`.

    Args:
        request: of the training.
        folder: of the training.
        run: whose weights are mixed.
        others: name -> folder of sets of the same encoder that the training had nothing to do with.
        device: lane of the queue.
    """

    def work(job: Job) -> list[Interpolated]:
        found: list[Interpolated] = []

        def take(plain: Mapping[str, Any]) -> None:
            found.append(Interpolated(**plain))
            job.partial = list(found)

        job.take = take
        told = {"request": plain_request(request), "folder": str(folder), "run": run, "others": dict(others)}
        workers.do(job, "sweep", told)
        return found

    return Job(
        key=f"sweep/{folder}/{run}",
        kind="sweep",
        title=f"{run}: mixes with the start",
        device=device,
        work=work,
    )


def keep_job(
    request: TrainingRequest, folder: Path, run: str, alpha: float, cache: Path, *, device: str
) -> Job:
    """Return the job that writes one mix; its result is the folder of its vectors.

    Args:
        request: of the training.
        folder: of the training.
        run: whose weights are mixed.
        alpha: share of the end, in [0, 1].
        cache: folder whose ``embeddings`` takes the vectors.
        device: lane of the queue.
    """
    name = f"{run}-mix-{alpha:.2f}"

    def work(job: Job) -> Path:
        check_writing()
        told = {"request": plain_request(request), "folder": str(folder), "cache": str(cache), "run": run}
        return Path(workers.do(job, "mix", {**told, "alpha": alpha, "name": name}))

    return Job(
        key=f"mix/{folder}/{name}",
        kind="mix",
        title=f"{run}, {percent(alpha)} of the way",
        device=device,
        work=work,
    )


def do_sweep(job: Job, settings: Mapping[str, Any], _: "Sequence[npt.NDArray[np.generic]]") -> None:
    """Measure mixes; the work of `sweep_job` in a process of its own, which tells each as its news.

    Args:
        job: hears of each.
        settings: "request", "folder", "run" and "others" of `sweep_job`.
    """
    folder = Path(settings["folder"])
    job.report(0.0, "opening the pairs")
    source = training_source(request_from(settings["request"]), folder.parents[1])
    sets = {name: sde.EmbeddingSet.load(path) for name, path in settings["others"].items()}
    mixes = interpolation_sweep(_checkpoint(folder, settings["run"]), source, others=sets)
    for number, mix in enumerate(mixes, 1):
        job.report(number / len(ALPHAS), f"share {mix.alpha:.1f} of the end", news=asdict(mix))


def do_mix(job: Job, settings: Mapping[str, Any], _: "Sequence[npt.NDArray[np.generic]]") -> str:
    """Write one mix, and return the folder of its vectors; the work of `keep_job` in a process of its own.

    Args:
        job: hears how far it is.
        settings: "request", "folder", "run", "alpha" and "cache" of `keep_job`, and the "name" of the mix.
    """
    folder, cache, name = Path(settings["folder"]), Path(settings["cache"]), settings["name"]
    job.report(0.1, "mixing")
    source = training_source(request_from(settings["request"]), cache)
    checkpoint = _checkpoint(folder, settings["run"])
    done = interpolate(checkpoint, source, settings["alpha"], output=folder / name)
    return str(keep_vectors(done.result, folder, name, cache))


def _checkpoint(folder: Path, run: str) -> Path:
    found = last_checkpoint(folder, run)
    if found is None:
        raise sde.DataError(f"{folder.name} has no checkpoint of {run}: train it first")
    return found
