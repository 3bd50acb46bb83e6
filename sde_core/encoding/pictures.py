"""Images read, decoded and preprocessed ahead of the encoder, in threads or in processes, in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sde_core.encoding.decode_process import DecodeProcess, Nursery
from sde_core.errors import DataError
from sde_core.pairs.base import Pair
from sde_core.pairs.image import decode_image

if TYPE_CHECKING:
    from PIL.Image import Image

CHUNK = 16
"""Images that one worker takes at a time."""

BATCHES_AHEAD = 2
"""Batches that are read ahead; with a chunk for each worker, what memory they take."""


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Pairs that go through the encoder together.

    Attributes:
        pairs: all of them.
        pictures: (k, 3, height, width) of those whose image could be read, a list where their sizes differ
            because the model prepares them itself; None if k = 0.
        broken: position -> why there is no image.
    """

    pairs: list[Pair]
    pictures: Tensor | list[Tensor] | None
    broken: dict[int, str]


@contextmanager
def read_ahead(
    pairs: Iterator[Pair],
    preprocess: "Callable[[Image], Tensor]",
    batch_size: int,
    workers: int,
    *,
    pinned: bool,
) -> Iterator[Iterator[Batch]]:
    """Yield an iterator of batches of ``batch_size`` consecutive pairs, the last one smaller.

    Args:
        pairs: in order; their images are read by several threads.
        preprocess: PIL image -> tensor.
        batch_size: pairs in a batch, whether usable or not.
        workers: processes that decode; 0 decodes in threads of this one.
        pinned: whether batches lie in memory that a GPU copies from without waiting.
    """
    with ExitStack() as stack:
        processes = _Processes(preprocess)
        stack.callback(processes.close)
        pool = stack.enter_context(ThreadPoolExecutor(workers or threads_for_decoding()))
        read = processes.read if workers else lambda chunk: _read_here(chunk, preprocess)
        ahead = BATCHES_AHEAD * -(-batch_size // CHUNK) + workers
        chunks = _chunks_ahead(pool, _chunks(pairs, batch_size), read, ahead)
        stack.callback(chunks.close)  # first of all: what has not begun is not read any more
        yield _batches(chunks, batch_size, pinned=pinned)


def threads_for_decoding() -> int:
    """Return how many threads decode where no processes do: images are decoded outside Python's lock."""
    return max(1, min(8, os.cpu_count() or 1))


def _chunks(pairs: Iterator[Pair], batch_size: int) -> Iterator[list[Pair]]:
    """Yield pairs in chunks that do not reach over the end of a batch."""
    while batch := list(islice(pairs, batch_size)):
        for start in range(0, len(batch), CHUNK):
            yield batch[start : start + CHUNK]


Read = Callable[[list[Pair]], list[Tensor | str]]


def _chunks_ahead(
    pool: ThreadPoolExecutor, chunks: Iterator[list[Pair]], read: Read, ahead: int
) -> "Generator[tuple[list[Pair], list[Tensor | str]]]":
    waiting: deque[tuple[list[Pair], Future[list[Tensor | str]]]] = deque()
    try:
        for chunk in chunks:
            waiting.append((chunk, pool.submit(read, chunk)))
            if len(waiting) > ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def _batches(
    chunks: "Iterator[tuple[list[Pair], list[Tensor | str]]]", batch_size: int, *, pinned: bool
) -> Iterator[Batch]:
    pairs: list[Pair] = []
    made: list[Tensor | str] = []
    for chunk, results in chunks:
        pairs, made = pairs + chunk, made + results
        if len(pairs) == batch_size:
            yield _batch(pairs, made, pinned=pinned)
            pairs, made = [], []
    if pairs:
        yield _batch(pairs, made, pinned=pinned)


def _batch(pairs: list[Pair], made: list[Tensor | str], *, pinned: bool) -> Batch:
    some = [x for x in made if isinstance(x, Tensor)]
    pictures: Tensor | list[Tensor] | None = None
    if len({x.shape for x in some}) > 1:
        pictures = some
    elif some:
        pictures = torch.empty((len(some), *some[0].shape), dtype=some[0].dtype, pin_memory=pinned)
        torch.stack(some, out=pictures)
    return Batch(pairs, pictures, {i: x for i, x in enumerate(made) if isinstance(x, str)})


def _contents(chunk: list[Pair]) -> list[bytes | str]:
    """Return the file of each image, or why it cannot be read."""
    contents: list[bytes | str] = []
    for pair in chunk:
        try:
            contents.append(pair.read_image())
        except DataError as error:
            contents.append(str(error))
    return contents


def _read_here(chunk: list[Pair], preprocess: "Callable[[Image], Tensor]") -> list[Tensor | str]:
    made: list[Tensor | str] = []
    for content in _contents(chunk):
        try:
            made.append(content if isinstance(content, str) else preprocess(decode_image(content)))
        except DataError as error:
            made.append(str(error))
    return made


class _Processes:
    """As many decoding processes as threads ask at the same time; each thread has one while it reads."""

    def __init__(self, preprocess: "Callable[[Image], Tensor]") -> None:
        self._preprocess = preprocess
        self._lock = Lock()
        self._nursery: Nursery | None = None
        self._idle: SimpleQueue[DecodeProcess] = SimpleQueue()
        self._all: list[DecodeProcess] = []

    def read(self, chunk: list[Pair]) -> list[Tensor | str]:
        contents = _contents(chunk)
        process = self._take()
        try:
            made = iter(process.read([content for content in contents if isinstance(content, bytes)]))
        finally:
            self._idle.put(process)
        return [content if isinstance(content, str) else next(made) for content in contents]

    def close(self) -> None:
        for process in self._all:
            process.close()
        if self._nursery is not None:
            self._nursery.close()

    def _take(self) -> DecodeProcess:
        try:
            return self._idle.get_nowait()
        except Empty:
            with self._lock:
                self._nursery = self._nursery or Nursery(self._preprocess)
                process = DecodeProcess(self._nursery)
                self._all.append(process)
            return process
