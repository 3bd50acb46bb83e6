"""Ranks by blocks: pairs of strips, counted in this process or as tasks of Ray; the same numbers whoever counts."""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sde_core.embedding_formats.cluster.ray_engine import RETRIES, given_up, ray_at
from sde_core.embedding_formats.cluster.spectra import Engine, Progress
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.retrieval.both_ways import Counts, Floats, Ints
from sde_core.retrieval.grid import STRIP_ROWS, Strip, Tally, count_pair, strips_of
from sde_core.retrieval.ranking import CountLinks

_KIND = "sde counts of ranks"
_SECONDS = 10.0  # what a kill costs at most

_Found = tuple[Counts, Counts]
_CountRow = Callable[[Strip], Iterator[tuple[Ints, _Found]]]


@contextmanager
def counting_by(
    engine: Engine,
    *,
    address: str | None = None,
    resume: str | Path | None = None,
    progress: Progress | None = None,
    strip_rows: int = STRIP_ROWS,
) -> Iterator[CountLinks]:
    """Yield who counts ranks for `retrieval_ranks` and `evaluate_retrieval`: the numbers are those of one process.

    Images stay where the tasks are, in strips, each with what is right for it: a machine holds those that it counts.

    Args:
        engine: "process" is this one; "ray" starts or joins a Ray cluster.
        address: of the cluster, "auto" for one that runs here; None is what RAY_ADDRESS says, or this machine alone.
        resume: folder that keeps the counts so far: the same call goes on there.
        progress: told after every strip of texts.
        strip_rows: texts, and images, that are counted together.

    Raises:
        ConfigError: the engine is missing, cannot be reached, or loses a task again and again.
    """
    if engine not in ("process", "ray"):
        raise ConfigError(f'engine must be "process" or "ray"; got {engine!r}')
    place = None if resume is None else Path(resume).expanduser()
    with ray_at(address) if engine == "ray" else nullcontext() as ray:

        def count(texts: Floats, images: Floats, links: Ints) -> tuple[Counts, Counts]:
            kept = _Kept.of(place, texts, images, links, strip_rows)
            columns = strips_of(images, texts, links, 1, strip_rows)
            row_by = _here(list(columns)) if ray is None else _by_ray(ray, columns)
            n_strips = -(-len(texts) // strip_rows)
            try:
                for number, strip in enumerate(strips_of(texts, images, links, 0, strip_rows)):
                    if number >= kept.done:
                        kept.add(strip, row_by(strip))
                    if progress is not None:
                        progress(number + 1, n_strips)
            finally:
                kept.save()
            return kept.tally.counts()

        yield count


def _here(columns: Sequence[Strip]) -> _CountRow:
    return lambda texts: ((images.numbers, count_pair(texts, images)) for images in columns)


def _by_ray(ray: Any, columns: Iterator[Strip]) -> _CountRow:  # noqa: ANN401
    count = ray.remote(num_cpus=1, max_retries=RETRIES)(count_pair)
    placed = [(images.numbers, ray.put(images)) for images in columns]
    ahead = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))

    def row(texts: Strip) -> Iterator[tuple[Ints, _Found]]:
        mine = ray.put(texts)
        waiting: deque[tuple[Ints, Any]] = deque()
        with given_up(ray, lambda: f"the texts from row {texts.start} on"):
            for numbers, images in placed:
                waiting.append((numbers, count.remote(mine, images)))
                if len(waiting) >= ahead:
                    first, task = waiting.popleft()
                    yield first, ray.get(task)
            for numbers, task in waiting:
                yield numbers, ray.get(task)

    return row


class _Kept:
    """Counts so far, and where they are kept."""

    def __init__(self, tally: Tally, path: Path | None, done: int = 0) -> None:
        self.tally, self.done = tally, done
        self._path, self._saved, self._since = path, done, time.monotonic()

    @classmethod
    def of(cls, place: Path | None, texts: Floats, images: Floats, links: Ints, strip_rows: int) -> "_Kept":
        """Return what was kept of the same vectors and links, or nothing yet."""
        if place is None:
            return cls(Tally.of(len(links)), None)
        path = place / f"{_digest(texts, images, links, np.array([strip_rows]))}.safetensors"
        if not path.exists():
            return cls(Tally.of(len(links)), path)
        tensors, header = read_tensors(path, kind=_KIND, writer="an evaluation by an engine")
        return cls(Tally(tensors["by_text"].numpy(), tensors["by_image"].numpy()), path, int(header["done"]))

    def add(self, texts: Strip, found: Iterator[tuple[Ints, _Found]]) -> None:
        """Add a whole row of pairs, or nothing."""
        for images, counts in list(found):
            self.tally.add(texts.numbers, images, counts)
        self.done += 1
        if time.monotonic() - self._since > _SECONDS:
            self.save()

    def save(self) -> None:
        """Write what has come since the last time."""
        if self._path is None or self.done == self._saved:
            return
        tensors = {name: torch.from_numpy(getattr(self.tally, name)) for name in ("by_text", "by_image")}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(self._path, tensors, kind=_KIND, header={"done": str(self.done)})
        except OSError as error:
            raise DataError(f"counts cannot be kept in {self._path.parent}: {error.strerror}") from None
        self._saved, self._since = self.done, time.monotonic()


def _digest(*arrays: Floats | Ints) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]
