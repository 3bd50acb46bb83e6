"""Pairs through an encoder: an EmbeddingSet, with progress, broken items skipped and counted."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from sde_core.embeddings import EmbeddingSet, Floats, Provenance
from sde_core.encoders import Encoder
from sde_core.errors import ConfigError, DataError
from sde_core.links import Ints
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.pairs.image import decode_image


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeProgress:
    """How far an encoding is.

    Attributes:
        stage: "images" or "captions".
        done: items finished in this stage.
        total: items in this stage.
        rate: items a second in this stage so far.
    """

    stage: str
    done: int
    total: int
    rate: float

    @property
    def seconds_left(self) -> float:
        """Estimated seconds until the end of the stage."""
        return (self.total - self.done) / self.rate if self.rate > 0 else float("inf")


def encode_pairs(
    encoder: Encoder,
    pairs: Pairs,
    *,
    progress: Callable[[EncodeProgress], None] | None = None,
    batch_size: int = 64,
    workers: int = 2,
    name: str = "",
) -> EmbeddingSet:
    """Return the pairs as unit vectors; each distinct caption is encoded once.

    Memory is bounded by the vectors and ``workers`` batches of pictures. An exception raised by
    ``progress`` cancels the work and passes through.

    Args:
        encoder: from `load_encoder`.
        pairs: from `open_pairs`.
        progress: called after every batch.
        batch_size: pictures or captions at a time.
        workers: threads that read and decode ahead of the encoder.
        name: what people call the set; default is the pairs' uri.

    Returns:
        EmbeddingSet: float32; ``skipped`` lists what could not be read, with reasons.

    Raises:
        DataError: not one pair could be used.
        ConfigError: ``batch_size`` or ``workers`` below 1.
    """
    for value, what in ((batch_size, "batch_size"), (workers, "workers")):
        if value < 1:
            raise ConfigError(f"{what} must be at least 1; got {value}")
    report = progress or (lambda _: None)
    good, image, broken = _encode_pictures(encoder, pairs, report, batch_size, workers)
    skipped = (*pairs.skipped, *broken)
    if not good:
        detail = f"; the first: {skipped[0].item}: {skipped[0].reason}" if skipped else ""
        raise DataError(
            f"{pairs.uri} must hold at least one usable pair; {len(skipped)} were skipped{detail}"
        )
    captions, links = _distinct_captions(good)
    text = _encode_captions(encoder, captions, report, batch_size)
    return EmbeddingSet(
        image=image,
        text=text,
        links=links,
        image_ids=tuple(pair.id for pair in good),
        captions=captions,
        metadata=_columns(good),
        provenance=_provenance(encoder, pairs),
        skipped=skipped,
        name=name or pairs.uri,
    )


def _encode_pictures(
    encoder: Encoder,
    pairs: Pairs,
    report: Callable[[EncodeProgress], None],
    batch_size: int,
    workers: int,
) -> tuple[list[Pair], Floats, list[Skipped]]:
    """Return the pairs whose picture could be read, their (k, d) vectors, and the broken ones."""
    total, started, done = len(pairs), time.monotonic(), 0
    good: list[Pair] = []
    vectors: list[Floats] = []
    broken: list[Skipped] = []
    with ThreadPoolExecutor(workers) as pool:
        for batch in _batches(_ahead(pool, pairs, encoder, batch_size * workers), batch_size):
            usable = [(pair, x) for pair, x in batch if isinstance(x, Tensor)]
            broken += [Skipped(pair.id, str(x)) for pair, x in batch if not isinstance(x, Tensor)]
            if usable:
                features = encoder.encode_images(torch.stack([x for _, x in usable]))
                finite = torch.isfinite(features).all(dim=1).cpu().numpy()
                broken += [
                    Skipped(pair.id, "its vector is not finite")
                    for (pair, _), ok in zip(usable, finite, strict=True)
                    if not ok
                ]
                good += [pair for (pair, _), ok in zip(usable, finite, strict=True) if ok]
                vectors.append(features.cpu().numpy()[finite])
            done += len(batch)
            report(_progress("images", done, max(total, done), started))
    return good, np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32), broken


def _ahead(
    pool: ThreadPoolExecutor, pairs: Iterable[Pair], encoder: Encoder, depth: int
) -> Iterator[tuple[Pair, Tensor | DataError]]:
    """Yield each pair with its preprocessed picture or the reason; ``depth`` pictures are read ahead."""

    def read(pair: Pair) -> Tensor | DataError:
        try:
            return encoder.preprocess(decode_image(pair.read_image()))
        except DataError as error:
            return error

    waiting: deque[tuple[Pair, Future[Tensor | DataError]]] = deque()
    try:
        for pair in pairs:
            waiting.append((pair, pool.submit(read, pair)))
            if len(waiting) > depth:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def _encode_captions(
    encoder: Encoder, captions: tuple[str, ...], report: Callable[[EncodeProgress], None], batch_size: int
) -> Floats:
    started = time.monotonic()
    vectors: list[Floats] = []
    for start in range(0, len(captions), batch_size):
        vectors.append(encoder.encode_texts(captions[start : start + batch_size]).cpu().numpy())
        done = min(start + batch_size, len(captions))
        report(_progress("captions", done, len(captions), started))
    return np.concatenate(vectors)


def _distinct_captions(pairs: list[Pair]) -> tuple[tuple[str, ...], Ints]:
    """Return each caption once, in order of appearance, and (n_links, 2) of (text row, image row)."""
    rows: dict[str, int] = {}
    links = [
        (rows.setdefault(caption, len(rows)), image)
        for image, pair in enumerate(pairs)
        for caption in pair.captions
    ]
    return tuple(rows), np.array(links, dtype=np.int64)


def _columns(pairs: list[Pair]) -> dict[str, np.ndarray]:
    """Return metadata that every pair has, in one kind, as columns."""
    if not pairs:
        return {}
    shared = set(pairs[0].metadata)
    for pair in pairs:
        shared &= set(pair.metadata)
    columns = {key: [pair.metadata[key] for pair in pairs] for key in sorted(shared)}
    one_kind = {key: column for key, column in columns.items() if len({type(v) for v in column}) == 1}
    return {key: np.array(column) for key, column in one_kind.items()}


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


def _progress(stage: str, done: int, total: int, started: float) -> EncodeProgress:
    elapsed = max(time.monotonic() - started, 1e-9)
    return EncodeProgress(stage=stage, done=done, total=total, rate=done / elapsed)


def _batches(
    items: Iterator[tuple[Pair, Tensor | DataError]], size: int
) -> Iterator[list[tuple[Pair, Tensor | DataError]]]:
    while batch := list(islice(items, size)):
        yield batch
