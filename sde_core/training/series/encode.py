"""All checkpoints of a training through one probe set; what is done stays done."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from sde_core.encoders import load_encoder
from sde_core.encoding import EncodeProgress, encode_pairs
from sde_core.errors import DataError, SDEError
from sde_core.files.text_file import write_json
from sde_core.pairs.base import Pairs
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.store import MANIFEST
from sde_core.training.series.checkpoints import SeriesCheckpoint

_FACTS = "checkpoint.json"
SETS = "sets"
"""Folder of the vectors, below that of the series."""


def encode_series(
    checkpoints: Sequence[SeriesCheckpoint],
    pairs: Pairs,
    folder: str | Path,
    *,
    model: str | None = None,
    device: str = "auto",
    batch_size: int | Literal["auto"] = "auto",
    workers: int | None = None,
    progress: Callable[[SeriesCheckpoint, EncodeProgress], None] | None = None,
) -> tuple[Path, ...]:
    """Return the embedding set of each checkpoint, encoded where it is not there yet; one model in memory at a time.

    A checkpoint whose file changed since is encoded anew; one that was interrupted goes on where it was.

    Args:
        checkpoints: from `find_checkpoints`.
        pairs: the probe set.
        folder: of the series.
        model: architecture of checkpoints that do not say it, as for `load_encoder`.
        device: "auto", "cpu", "cuda" or "cuda:N".
        batch_size: as for `encode_pairs`.
        workers: as for `encode_pairs`.
        progress: called after every batch.

    Raises:
        EncoderError: a checkpoint cannot be loaded.
        DataError: the pairs cannot be used, the folder cannot be written, or holds sets of other pairs.
    """
    made = []
    for checkpoint in checkpoints:
        target = Path(folder).expanduser() / SETS / checkpoint.name
        facts = _facts(checkpoint, pairs, model)
        if not (_is_there(target, facts)):
            embeddings = _encoded(checkpoint, pairs, target, model, device, batch_size, workers, progress)
            embeddings.save(target)
            write_json(target / _FACTS, facts)
        made.append(target)
    return tuple(made)


def _encoded(
    checkpoint: SeriesCheckpoint,
    pairs: Pairs,
    target: Path,
    model: str | None,
    device: str,
    batch_size: int | Literal["auto"],
    workers: int | None,
    progress: Callable[[SeriesCheckpoint, EncodeProgress], None] | None,
) -> EmbeddingSet:
    if model is None:
        encoder = load_encoder(checkpoint.path, device=device)
    else:
        encoder = load_encoder(model, pretrained=checkpoint.path, device=device)
    try:
        return encode_pairs(
            encoder,
            pairs,
            batch_size=batch_size,
            workers=workers,
            resume=target.with_name(f"{target.name}.blocks"),
            progress=None if progress is None else lambda now: progress(checkpoint, now),
            name=f"{pairs.uri} by {checkpoint.name}",
        )
    except OSError as error:
        raise DataError(f"{target.parent} must be a folder that can be written: {error.strerror}") from None


def _facts(checkpoint: SeriesCheckpoint, pairs: Pairs, model: str | None) -> dict[str, str | int]:
    """Return what a set was made of: the same facts, the same vectors."""
    path = checkpoint.path
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    stats = [file.stat() for file in files]
    return {
        "checkpoint": str(path.resolve()),
        "bytes": sum(stat.st_size for stat in stats),
        "changed_ns": max((stat.st_mtime_ns for stat in stats), default=0),
        "pairs": pairs.uri,
        "model": model or "",
    }


def _is_there(target: Path, facts: dict[str, str | int]) -> bool:
    if not (target / MANIFEST).is_file():
        return False
    try:
        return bool(json.loads((target / _FACTS).read_text("utf-8")) == facts)
    except (OSError, ValueError):
        return False


def load_series(folder: str | Path, checkpoints: Sequence[SeriesCheckpoint]) -> tuple[EmbeddingSet, ...]:
    """Return the sets that `encode_series` made.

    Raises:
        DataError: one of them is missing.
    """
    sets = []
    for checkpoint in checkpoints:
        try:
            sets.append(EmbeddingSet.load(Path(folder).expanduser() / SETS / checkpoint.name))
        except SDEError as error:
            raise DataError(f"{checkpoint.name} must be encoded first: {error}") from None
    return tuple(sets)
