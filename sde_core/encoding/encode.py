"""Pairs through an encoder: an EmbeddingSet, with progress, broken items skipped and counted."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from sde_core.encoders import Encoder, default_batch_size
from sde_core.encoding.blocks import Blocks, BlockWriter, digest_of, plan_of
from sde_core.encoding.caption_lengths import long_captions
from sde_core.encoding.collected import Collected
from sde_core.encoding.pictures import Batch, read_ahead
from sde_core.encoding.progress import EncodeProgress, Pace
from sde_core.errors import ConfigError, DataError
from sde_core.files.row_buffer import RowBuffer
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.sets.embeddings import EmbeddingSet, Floats
from sde_core.sets.provenance import Provenance
from sde_core.vocabulary import Modality

_Item = TypeVar("_Item")


def encode_pairs(
    encoder: Encoder,
    pairs: Pairs,
    *,
    progress: Callable[[EncodeProgress], None] | None = None,
    batch_size: int | Literal["auto"] = "auto",
    workers: int | None = None,
    resume: str | Path | None = None,
    name: str = "",
) -> EmbeddingSet:
    """Return the pairs as unit vectors, each distinct caption once; images or captions alone will do.

    Captions that the encoder reads in part only are counted in ``remarks``.

    Memory is bounded by captions and ids, 256 MiB of vectors (more go to a temporary file) and three batches of
    images. An exception raised by ``progress`` cancels the work and passes through. With ``resume``, work that was
    cancelled or killed goes on at the last block that was written, every ten seconds, and gives the same bytes on
    the same machine: batches are made of the same pairs.

    Args:
        encoder: from `load_encoder`.
        pairs: from `open_pairs`.
        progress: called after every batch.
        batch_size: images or captions at a time; "auto" is by memory, or that of the work to resume.
        workers: processes that decode and preprocess images; 0 does so in threads of this one, None chooses.
        resume: new folder for finished vectors, or that of work to resume; `EmbeddingSet.save` removes it.
        name: what people call the set; default is the pairs' uri.

    Returns:
        EmbeddingSet: float32; ``skipped`` lists what could not be read, with reasons.

    Raises:
        DataError: not one pair could be used, or ``resume`` holds blocks of another encoding.
        ConfigError: ``batch_size`` below 1 or ``workers`` below 0.
    """
    folder = None if resume is None else Path(resume).expanduser()
    workers = default_workers(encoder.device, pairs.n_items) if workers is None else workers
    before = (folder and plan_of(folder)) or {}
    size = _batch_size(encoder, batch_size, before)
    for value, least, what in ((size, 1, "batch_size"), (workers, 0, "workers")):
        if value < least:
            raise ConfigError(f"{what} must be at least {least}; got {value}")
    provenance, threads = _provenance(encoder, pairs), _threads(encoder.device, workers, before)
    plan = _plan(provenance, size, encoder.device, threads)
    blocks = None if folder is None else Blocks(folder, plan)
    with _torch_threads(threads):
        if Modality.IMAGE in pairs.modalities:
            kept, image = _encode_pictures(encoder, pairs, blocks, progress, size, workers)
        else:
            kept, image = _captions_of(pairs), np.empty((0, 0), np.float32)
        skipped = (*pairs.skipped, *kept.skipped)
        if not kept.ids and not kept.captions:
            detail = f"; the first: {skipped[0].item}: {skipped[0].reason}" if skipped else ""
            raise DataError(
                f"{pairs.uri} must hold at least one usable pair; {len(skipped)} were skipped{detail}"
            )
        text = _encode_captions(encoder, kept.captions, blocks, progress, size)
        if not kept.captions:
            text = np.empty((0, image.shape[1]), image.dtype)
        if not kept.ids:
            image = np.empty((0, text.shape[1]), text.dtype)
    columns = kept.columns()
    return EmbeddingSet(
        image=image,
        text=text,
        links=kept.links,
        image_ids=tuple(kept.ids),
        captions=kept.captions,
        metadata=columns,
        provenance=provenance,
        skipped=(*pairs.skipped, *kept.skipped),
        remarks=(*pairs.remarks, *long_captions(encoder, kept.captions, text)),
        name=name or pairs.uri,
        blocks=folder,
    )


def default_workers(device: torch.device, n_pairs: int) -> int:
    """Return how many processes decode best: see docs/benchmarks.md."""
    return 0


def _encode_pictures(
    encoder: Encoder,
    pairs: Pairs,
    blocks: Blocks | None,
    progress: Callable[[EncodeProgress], None] | None,
    batch_size: int,
    workers: int,
) -> tuple[Collected, Floats]:
    """Return the pairs whose image could be encoded, with their (k, d) vectors."""
    kept, vectors, pace = Collected(), RowBuffer(), Pace("images", pairs.n_items, progress)
    rest, start = iter(pairs), 0
    for block in blocks.finished("images") if blocks else ():
        before = list(islice(rest, block.n_items))
        _check_same(digest_of(pair.id for pair in before), block.digest, "pairs", blocks)
        _keep(kept, before, block.broken)
        vectors.append(block.vectors)
        start += len(before)
        pace.step(len(before), from_before=True)
    writer = BlockWriter(blocks, "images", start)
    on_gpu = encoder.device.type == "cuda"
    with read_ahead(rest, encoder.preprocess, batch_size, workers, pinned=on_gpu) as batches:
        for batch, features in _deferred(batches, lambda b: _images(encoder, b), on_gpu):
            found, broken = _usable(batch, features)
            _keep(kept, batch.pairs, broken)
            vectors.append(found)
            writer.add([pair.id for pair in batch.pairs], found, broken)
            pace.step(len(batch.pairs))
    writer.flush()
    return kept, vectors.array()


def _captions_of(pairs: Pairs) -> Collected:
    """Return the captions of a set that has nothing else."""
    kept = Collected()
    for pair in pairs:
        kept.add_captions(pair)
    return kept


def _images(encoder: Encoder, batch: Batch) -> Tensor | None:
    if batch.pictures is None:
        return None
    if isinstance(batch.pictures, list):
        return encoder.encode_images(batch.pictures)
    return encoder.encode_images(batch.pictures.to(encoder.device, non_blocking=True))


def _usable(batch: Batch, features: Tensor | None) -> tuple[Floats, dict[int, str]]:
    """Return finite vectors, and position -> reason of every pair that has none."""
    broken = dict(batch.broken)
    if features is None:
        return np.empty((0, 0), np.float32), broken
    found = features.cpu().numpy()
    finite = np.isfinite(found).all(axis=1)
    positions = [i for i in range(len(batch.pairs)) if i not in broken]
    broken |= {positions[row]: "its vector is not finite" for row in np.flatnonzero(~finite)}
    return found[finite], broken


def _keep(kept: Collected, pairs: list[Pair], broken: Mapping[int, str]) -> None:
    for position, pair in enumerate(pairs):
        if position in broken:
            kept.skipped.append(Skipped(pair.id, broken[position]))
        else:
            kept.add(pair)


def _encode_captions(
    encoder: Encoder,
    captions: tuple[str, ...],
    blocks: Blocks | None,
    progress: Callable[[EncodeProgress], None] | None,
    batch_size: int,
) -> Floats:
    vectors, pace, start = RowBuffer(), Pace("captions", len(captions), progress), 0
    for block in blocks.finished("captions") if blocks else ():
        batch = captions[start : start + block.n_items]
        _check_same(digest_of(batch), block.digest, "captions", blocks)
        vectors.append(block.vectors)
        start += len(batch)
        pace.step(len(batch), from_before=True)
    writer = BlockWriter(blocks, "captions", start)
    batches = (captions[i : i + batch_size] for i in range(start, len(captions), batch_size))
    for batch, features in _deferred(batches, encoder.encode_texts, encoder.device.type == "cuda"):
        found = features.cpu().numpy()
        vectors.append(found)
        writer.add(list(batch), found, {})
        pace.step(len(batch))
    writer.flush()
    return vectors.array()


_Features = TypeVar("_Features")


def _deferred(
    items: Iterator[_Item], encode: Callable[[_Item], _Features], on_gpu: bool
) -> Iterator[tuple[_Item, _Features]]:
    """Yield items with their features; on a GPU the next one is under way before the last is waited for."""
    waiting: deque[tuple[_Item, _Features]] = deque()
    for item in items:
        waiting.append((item, encode(item)))
        if len(waiting) > (1 if on_gpu else 0):
            yield waiting.popleft()
    yield from waiting


def _check_same(found: str, wanted: str, what: str, blocks: Blocks | None) -> None:
    if blocks is not None and found != wanted:
        raise DataError(f"the {what} changed since {blocks.folder} was written: remove it to start again")


def _batch_size(encoder: Encoder, given: int | Literal["auto"], before: Mapping[str, str | int]) -> int:
    if given != "auto":
        return given
    if isinstance(before.get("batch_size"), int):
        return int(before["batch_size"])
    return default_batch_size(encoder)


def _threads(device: torch.device, workers: int, before: Mapping[str, str | int]) -> int:
    """Return the threads that the encoder computes with, whose number moves last bits: as many as before.

    On the CPU each worker process has a core for itself, as far as there are cores.
    """
    most = torch.get_num_threads()
    if device.type != "cpu":
        return most
    if isinstance(before.get("threads"), int):
        return max(1, int(before["threads"]))
    return max(1, min(most, (os.cpu_count() or 1) - workers))


def _plan(
    provenance: Provenance, batch_size: int, device: torch.device, threads: int
) -> dict[str, str | int]:
    """Return everything that the bytes of the vectors depend on."""
    return {
        "pairs_fingerprint": provenance.pairs_fingerprint,
        "weights_sha256": provenance.weights_sha256,
        "preprocessing": provenance.preprocessing,
        "precision": provenance.precision,
        "versions": provenance.versions,
        "device": device.type,
        "threads": threads if device.type == "cpu" else 0,
        "batch_size": batch_size,
    }


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _provenance(encoder: Encoder, pairs: Pairs) -> Provenance:
    from importlib.metadata import version

    return Provenance(
        pairs=pairs.uri,
        pairs_fingerprint=pairs.fingerprint,
        encoder=encoder.name,
        weights_sha256=encoder.weights_sha256,
        preprocessing=encoder.preprocessing,
        precision=encoder.precision,
        versions=f"open_clip {version('open_clip_torch')}, torch {torch.__version__}",
    )
