"""Finished vectors of an encoding on disk, so that it goes on after a kill where it was."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from sde_core.errors import DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.files.text_file import write_json
from sde_core.sets.embeddings import Floats

PLAN = "plan.json"
_KIND = "sde block of vectors"
# A block is written when either is reached, at the end of a batch: what a kill costs.
_SECONDS, _BYTES = 10.0, 64 << 20


@dataclass(eq=False, kw_only=True)
class Block:
    """Some items of a stage, one after the other.

    Attributes:
        start: number of items before it.
        digest: of the items, so that others are noticed.
        vectors: (k, d) of those that could be encoded.
        broken: position within the block -> why there is no vector.
    """

    start: int
    n_items: int
    digest: str
    vectors: Floats
    broken: Mapping[int, str]


class Blocks:
    """The blocks in one folder, under a plan that says what they are blocks of.

    Args:
        folder: new, empty, or of an encoding that did not end.
        plan: everything that the vectors depend on.

    Raises:
        DataError: the folder holds something else, or blocks of another plan.
    """

    def __init__(self, folder: Path, plan: Mapping[str, str | int]) -> None:
        self.folder, self._plan = folder, dict(plan)
        before = plan_of(folder)
        if before is None:
            return
        other = [key for key in plan if before.get(key) != plan[key]]
        if other:
            what = ", ".join(
                f"{key.replace('_', ' ')} {before.get(key)!s:.40} instead of {plan[key]!s:.40}"
                for key in other
            )
            raise DataError(
                f"{folder} holds blocks of another encoding, with {what}: give another folder, or remove this one to "
                "start again"
            )

    def finished(self, stage: str) -> Iterator[Block]:
        """Yield the blocks of a stage in order, up to the first gap.

        Raises:
            DataError: a block cannot be read.
        """
        start = 0
        for path in sorted(self.folder.glob(f"{stage}-*.safetensors")):
            tensors, header = read_tensors(path, kind=_KIND, writer="an encoding")
            try:
                block = Block(
                    start=int(header["start"]),
                    n_items=int(header["n_items"]),
                    digest=header["digest"],
                    vectors=tensors["vectors"].numpy(),
                    broken={int(k): str(v) for k, v in json.loads(header["broken"]).items()},
                )
            except (KeyError, ValueError, AttributeError) as error:
                raise DataError(f"{path} is damaged: {error}; remove {self.folder} to start again") from None
            if block.start != start:
                return
            start += block.n_items
            yield block

    def write(self, stage: str, block: Block) -> None:
        """Write a block, whole or not at all; the first one makes the folder."""
        if not (self.folder / PLAN).is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / PLAN, self._plan)
        header = {
            "start": str(block.start),
            "n_items": str(block.n_items),
            "digest": block.digest,
            "broken": json.dumps(block.broken),
        }
        path = self.folder / f"{stage}-{block.start:012d}.safetensors"
        write_tensors(path, {"vectors": torch.from_numpy(block.vectors)}, kind=_KIND, header=header)


def plan_of(folder: Path) -> dict[str, str | int] | None:
    """Return the plan in a folder, or None where there is nothing yet.

    Raises:
        DataError: the folder holds something else.
    """
    path = folder / PLAN
    if not path.is_file():
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise DataError(
                f"resume must be a new folder or that of an encoding; {folder} holds something else"
            )
        return None
    try:
        plan = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}; remove {folder} to start again") from None
    if not isinstance(plan, dict):
        raise DataError(f"{path} is damaged; remove {folder} to start again")
    return plan


@dataclass(eq=False)
class BlockWriter:
    """Gathers batches into blocks and writes them now and then; without `Blocks` it does nothing.

    Attributes:
        blocks: where they go, or None.
        stage: of the encoding.
        start: items that are in blocks already.
    """

    blocks: Blocks | None
    stage: str
    start: int
    _names: list[str] = field(default_factory=list)
    _vectors: list[Floats] = field(default_factory=list)
    _broken: dict[int, str] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def add(self, names: list[str], vectors: Floats, broken: Mapping[int, str]) -> None:
        """Add a batch: names of its items, vectors of those that have one, position -> reason of the others."""
        if self.blocks is None:
            return
        self._broken |= {len(self._names) + position: reason for position, reason in broken.items()}
        self._names += names
        self._vectors.append(vectors)
        n_bytes = sum(v.nbytes for v in self._vectors)
        if n_bytes > _BYTES or time.monotonic() - self._since > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered."""
        if self.blocks is None or not self._names:
            return
        some = [v for v in self._vectors if len(v)]
        block = Block(
            start=self.start,
            n_items=len(self._names),
            digest=digest_of(self._names),
            vectors=np.concatenate(some) if some else np.empty((0, 0), np.float32),
            broken=self._broken,
        )
        self.blocks.write(self.stage, block)
        self.start += block.n_items
        self._names, self._vectors, self._broken, self._since = [], [], {}, time.monotonic()


def digest_of(names: Iterable[str]) -> str:
    """Return a hex digest of ids or captions in their order."""
    digest = hashlib.sha256()
    for name in names:
        content = name.encode("utf-8", "surrogatepass")
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()
