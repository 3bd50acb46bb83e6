"""Weights between the start and the end of a training, measured and kept in the background (WiSE-FT)."""

from collections.abc import Mapping
from pathlib import Path

import sde_core as sde
from sde_core.glossary.formats import percent
from sde_core.training import Interpolated, interpolate, interpolation_sweep
from sde_core.training.interpolation import ALPHAS
from sde_explorer.jobs.job import Job
from sde_explorer.serving.places import check_writing
from sde_explorer.training.job import keep_vectors, training_source
from sde_explorer.training.runs import TrainingRequest, last_checkpoint


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
        job.report(0.0, "opening the pairs")
        source = training_source(request, folder.parents[1])
        sets = {name: sde.EmbeddingSet.load(path) for name, path in others.items()}
        found: list[Interpolated] = []
        for mix in interpolation_sweep(_checkpoint(folder, run), source, others=sets):
            found.append(mix)
            job.report(len(found) / len(ALPHAS), f"share {mix.alpha:.1f} of the end", partial=list(found))
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
        job.report(0.1, "mixing")
        source = training_source(request, cache)
        done = interpolate(_checkpoint(folder, run), source, alpha, output=folder / name)
        return keep_vectors(done.result, folder, name, cache)

    return Job(
        key=f"mix/{folder}/{name}",
        kind="mix",
        title=f"{run}, {percent(alpha)} of the way",
        device=device,
        work=work,
    )


def _checkpoint(folder: Path, run: str) -> Path:
    found = last_checkpoint(folder, run)
    if found is None:
        raise sde.DataError(f"{folder.name} has no checkpoint of {run}: train it first")
    return found
