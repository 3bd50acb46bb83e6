"""Opening vectors that others wrote, in the background: read, checked and saved as a set of our own."""

import re
from dataclasses import dataclass
from pathlib import Path

from sde_core.errors import SDEError
from sde_core.sets.claimed_encoder import with_agreement
from sde_core.sets.embeddings import EmbeddingSet
from sde_explorer.intake import VectorRequest, open_vectors, permitted
from sde_explorer.intake.names import data_name
from sde_explorer.jobs.job import Job
from sde_explorer.serving.places import check_encoder, check_writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an opening ended with.

    Attributes:
        folder: of the set.
        source: what was opened.
        format: of it, where it was named.
        n_skipped: rows that could not be used.
    """

    folder: Path
    source: str
    format: str
    n_skipped: int


def opening_job(request: VectorRequest, cache: Path) -> Job[Opened]:
    """Return the job that reads vectors and writes them as a set.

    Args:
        request: what to open.
        cache: folder whose ``embeddings`` takes the set.
    """
    return Job(
        key=f"open/{cache}/{request}",
        kind="open",
        title=data_name(request.source),
        owner=str(cache),
        device="disk",  # reading waits for nothing that computes
        work=lambda job: _open(job, request, cache),
    )


def _open(job: Job[Opened], request: VectorRequest, cache: Path) -> Opened:
    """Read and write; the same vectors lie there once.

    Raises:
        SDEError: they cannot be used.
        Cancelled: nothing was written.
    """
    check_writing()
    job.report(0.0, "reading and checking every row")
    embeddings = open_vectors(permitted(request, cache))
    job.figures |= {
        "images": embeddings.n_images,
        "texts": embeddings.n_texts,
        "skipped": len(embeddings.skipped),
    }
    job.report(0.3, "encoding a few again by the encoder that was named")
    embeddings = _compared(embeddings, cache)
    job.report(0.5, "taking the fingerprint")
    label = re.sub(r"[^A-Za-z0-9]+", "-", Path(request.source).stem).strip("-")[:60] or "vectors"
    folder = cache / "embeddings" / f"{label}-{embeddings.fingerprint[:12]}"
    job.report(0.7, "writing")
    return Opened(
        folder=embeddings.save(folder),
        source=request.source,
        format=request.format,
        n_skipped=len(embeddings.skipped),
    )


def _compared(embeddings: EmbeddingSet, cache: Path) -> EmbeddingSet:
    """Return the set with a remark on whether its vectors are those of the encoder it names, where that may be told."""
    name = embeddings.provenance.encoder
    try:
        check_encoder(name, cache)
    except SDEError:  # an encoder that this server does not read
        return embeddings
    return with_agreement(embeddings)
