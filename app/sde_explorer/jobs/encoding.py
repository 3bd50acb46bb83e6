"""Encoding pairs in the background, into the folder of sets that were encoded here."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import sde_core as sde
from sde_explorer.intake.names import data_name, encoder_name
from sde_explorer.jobs.job import Cancelled, Job
from sde_explorer.jobs.unfinished import Unfinished, note, over
from sde_explorer.serving.places import check_encoder, check_source, check_writing
from sde_explorer.sets import known_sets


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What an encoding ended with.

    Attributes:
        folder: of the set.
        source: the pairs, as `open_pairs` takes them.
        format: of them, where it was named.
        root: of the pictures that they name, where one was given.
        encoder: its own name.
        n_skipped: items that could not be used.
        was_there: whether the same pairs had been encoded by the same weights before.
    """

    folder: Path
    source: str
    format: str = ""
    root: str = ""
    encoder: str
    n_skipped: int = 0
    was_there: bool = False


def encoding_job(
    source: str,
    encoder: str,
    cache: Path,
    load: "Callable[[str], sde.Encoder]",
    *,
    format: str = "",
    root: str = "",
    device: str = "cpu",
) -> Job[Encoded]:
    """Return the job that encodes pairs; one that is encoded already is not made again.

    Args:
        source: as `open_pairs` takes it.
        encoder: as ``load`` takes it.
        cache: folder whose ``embeddings`` takes the set.
        load: such as `sde_core.load_encoder`.
        format: of the pairs; empty detects it.
        root: of the pictures that they name; empty is the folder of the pairs.
        device: where the encoder computes.
    """
    return Job(
        key=encoding_key(source, encoder, cache, format=format, root=root),
        kind="encode",
        title=f"{data_name(source)} by {encoder_name(encoder)}",
        owner=str(cache),
        device=device,
        work=lambda job: replace(
            _encode(job, source, (format, root), encoder, load, cache), format=format, root=root
        ),
    )


def encoding_key(source: str, encoder: str, cache: Path, *, format: str = "", root: str = "") -> str:
    """Return the key of the job that `encoding_job` makes."""
    return f"encode/{cache}/{source}/{format}/{root}/{encoder}"


def _encode(
    job: Job[Encoded],
    source: str,
    opened_by: tuple[str, str],
    named: str,
    load: "Callable[[str], sde.Encoder]",
    cache: Path,
) -> Encoded:
    """Encode; a set is known by the fingerprints of its pairs and weights, so changed files are encoded again.

    Raises:
        SDEError: pairs or encoder cannot be used.
        Cancelled: nothing was written.
    """
    check_writing()
    format, root = opened_by
    for place in (source, root):
        check_source(place, cache)
    job.report(0.0, "loading the encoder")
    pairs = sde.open_pairs(source, format or None, image_root=root or None)
    encoder = load(check_encoder(named, cache))
    for entry in known_sets(cache):
        same = (entry.data, entry.pairs_fingerprint, entry.weights)
        if same == (pairs.uri, pairs.fingerprint, encoder.weights_sha256):
            folder = Path(entry.folder)
            return Encoded(folder=folder, source=source, encoder=encoder.name, was_there=True)

    def follow(progress: sde.EncodeProgress) -> None:
        job.report(
            progress.done / max(progress.total, 1),
            f"{progress.stage}, {progress.done:,} of {progress.total:,} · {progress.rate:,.0f} a second",
            seconds_left=progress.seconds_left,
        )

    label = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(source.split("/")[-2:])).strip("-")[:60]
    folder = cache / "embeddings" / f"{label}-{pairs.fingerprint[:8]}-{encoder.weights_sha256[:8]}"
    # What a server that was killed had finished is not done again; who cancels wants nothing kept.
    blocks = folder.with_name(f"{folder.name}.blocks")
    begun = Unfinished(source=source, encoder=named, format=format, root=root, blocks=str(blocks))
    note(cache, begun)
    try:
        embeddings = sde.encode_pairs(encoder, pairs, progress=follow, resume=blocks, name=source)
        job.report(1.0, "writing")
        saved = embeddings.save(folder)
    except (Cancelled, sde.SDEError):
        over(cache, begun)
        raise
    over(cache, begun)
    job.figures |= {
        "images": embeddings.n_images,
        "texts": embeddings.n_texts,
        "skipped": len(embeddings.skipped),
    }
    return Encoded(
        folder=saved,
        source=source,
        encoder=encoder.name,
        n_skipped=len(embeddings.skipped),
    )
