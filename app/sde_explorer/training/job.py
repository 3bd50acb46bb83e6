"""Training in the background: runs side by side on the same batches, told to a log and to disk."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sde_core as sde
from sde_core.embedding_formats.named import rows_of_part
from sde_core.training import Done, finetune_side_by_side
from sde_core.training.events import Event, as_plain
from sde_explorer.jobs.job import Job
from sde_explorer.jobs.outside import workers
from sde_explorer.serving.places import check_encoder, check_source, check_writing
from sde_explorer.training.numbers.run import TrainingLog
from sde_explorer.training.runs import (
    EventFile,
    TrainingRequest,
    last_checkpoint,
    plain_request,
    read_log,
    request_from,
    trained_set,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training ended with.

    Attributes:
        folder: of the training.
        sets: run -> folder of the set of its vectors, for runs that ended well.
    """

    folder: Path
    sets: Mapping[str, Path]


def training_job(request: TrainingRequest, folder: Path, cache: Path, *, device: str) -> Job:
    """Return the job that trains every run of the request, or goes on with what is there.

    The job's ``partial`` is the `TrainingLog`. Cancelling it writes a checkpoint of every run.

    Args:
        request: what to train on and how.
        folder: of the training.
        cache: folder whose ``embeddings`` takes the trained vectors.
        device: lane of the queue.
    """
    return Job(
        key=f"train/{folder}",
        kind="train",
        title=request.title,
        owner=str(cache),
        device=device,
        work=lambda job: _train(job, request, folder, cache),
    )


def _train(job: Job, request: TrainingRequest, folder: Path, cache: Path) -> Trained:
    """Let a process of its own train, and follow what it tells."""
    check_writing()
    log = read_log(folder)
    job.take = log.add
    job.report(0.0, "opening the pairs", partial=log)
    told = {"request": plain_request(request), "folder": str(folder), "cache": str(cache)}
    sets = workers.do(job, "train", told)
    return Trained(folder=folder, sets={name: Path(place) for name, place in sets.items()})


def do_train(job: Job, settings: Mapping[str, Any], _: "Sequence[npt.NDArray[np.generic]]") -> dict[str, str]:
    """Train, and return the folders of the vectors; the work of `training_job` in a process of its own.

    Args:
        job: hears of each event as its news.
        settings: "request", "folder" and "cache" of `training_job`.
    """
    request, folder = request_from(settings["request"]), Path(settings["folder"])
    cache, log = Path(settings["cache"]), read_log(folder)
    source = training_source(request, cache)
    job.report(0.0, "preparing")
    sets: dict[str, str] = {}
    events = finetune_side_by_side(
        source,
        request.runs,
        output=folder,
        resume=all(last_checkpoint(folder, name) for name in request.runs),
        progress=lambda p: job.report(0.0, f"{p.stage}, {p.done:,} of {p.total:,} · {p.rate:,.0f} a second"),
    )
    with closing(EventFile(folder)) as record, closing(cast("Generator[Event]", events)):
        for event in events:
            plain = as_plain(event)
            log.add(plain)
            record.add(plain)
            if isinstance(event, Done):
                sets[event.run] = str(keep_vectors(event.result, folder, event.run, cache))
            left = job.seconds * (1 - log.share) / log.share if log.share > 0 else None
            # After the last step only the files are left to write: stopped there, it could but write them again.
            job.report(log.share, _note(log), seconds_left=left, news=plain, may_stop=log.share < 1)
    job.figures |= {"runs": list(sets), "steps": {name: run.step for name, run in log.runs.items()}}
    return sets


def training_source(request: TrainingRequest, own: Path) -> sde.EmbeddingSet:
    """Return what a training trains on.

    Args:
        request: of the training.
        own: folder of the visitor.

    Raises:
        DataError: the set is gone, it is another one by now, or this server does not open its pairs or its encoder.
    """
    found = sde.EmbeddingSet.load(request.folder)
    if request.part:
        found = found.select(rows_of_part(found, request.part))
    if found.fingerprint != request.fingerprint:
        raise sde.DataError(f"{request.data} has changed since the training began: start a new one")
    try:
        check_source(found.provenance.pairs, own)
        check_encoder(found.provenance.encoder, own)
    except sde.DataError:
        if any(config.train != "adapter" for config in request.runs.values()):
            raise
        # An adapter learns from the vectors alone: where they came from is not asked, and not opened.
        return replace(found, provenance=replace(found.provenance, pairs="", encoder=""))
    return found


def keep_vectors(result: sde.EmbeddingSet, folder: Path, run: str, cache: Path) -> Path:
    """Save trained vectors where every view finds them, and return their folder."""
    origin = result.provenance
    if not origin.encoder:  # the adapter could not be folded: the vectors have no encoder to load
        origin = replace(origin, encoder=f"{folder.name}/{run}")
    return replace(result, provenance=origin).save(trained_set(cache, folder, run))


def _note(log: TrainingLog) -> str:
    return " · ".join(
        f"{name}: step {r.step:,} of {r.total_steps:,}" for name, r in log.runs.items() if r.started
    )
