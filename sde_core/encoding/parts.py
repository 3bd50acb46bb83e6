"""A set of pairs encoded shard by shard: each becomes an embedding set of its own, all of them in order the whole."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sde_core.checks.brief import brief
from sde_core.encoders import Encoder, load_encoder
from sde_core.encoders.encoder import Precision
from sde_core.encoding.encode import encode_pairs
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.shards import PairShard
from sde_core.sets.concatenate import concatenate
from sde_core.sets.embeddings import EmbeddingSet

TRIES = 5
"""How often a shard is begun whose worker ended with it, as one out of memory does; then it is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderName:
    """What a worker loads its encoder by.

    Attributes:
        name: as `load_encoder` takes it.
        pretrained: likewise.
        device: likewise; "auto" is a GPU where the worker has one.
        precision: likewise.
        weights_sha256: that its weights must have.
    """

    name: str = "bundled"
    pretrained: str | None = None
    device: str = "auto"
    precision: Precision | Literal["auto"] = "auto"
    weights_sha256: str = ""

    __repr__ = brief

    def load(self) -> Encoder:
        """Return the encoder.

        Raises:
            EncoderError: it cannot be loaded here.
            DataError: its weights are others here than where the work was begun.
        """
        encoder = load_encoder(
            self.name, pretrained=self.pretrained, device=self.device, precision=self.precision
        )
        if self.weights_sha256 not in ("", encoder.weights_sha256):
            raise DataError(
                f"{self.name} must have the same weights on every worker, {self.weights_sha256[:12]}; one has "
                f"{encoder.weights_sha256[:12]}: put the same files there"
            )
        return encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How shards are encoded, and where their parts go.

    Attributes:
        encoder: what workers load.
        folder: of the parts.
        batch_size: images or captions at a time; "auto" is by the memory of the worker.
        workers: processes that decode images, of each worker; None chooses.
    """

    encoder: EncoderName
    folder: str
    batch_size: int | Literal["auto"] = "auto"
    workers: int | None = None

    __repr__ = brief

    def part(self, number: int, shard: PairShard) -> Path:
        """Return the folder of a shard's part: another one where the shard, or how it is encoded, is another.

        Raises:
            DataError: the shard cannot be read.
        """
        how = f"{self.encoder} {self.batch_size} {shard.state()}"
        return Path(self.folder) / f"{number:06d}-{hashlib.sha256(how.encode()).hexdigest()[:16]}"


def encode_part(encoder: Encoder, encoding: Encoding, number: int, shard: PairShard) -> str:
    """Encode a shard and write its part, unless it is there; return why it was skipped, or "".

    Args:
        encoder: of ``encoding``.
        encoding: how, and where to.
        number: of the shard.
        shard: to read.

    Raises:
        DataError: the part cannot be written.
    """
    try:
        folder = encoding.part(number, shard)
    except (DataError, OSError) as error:
        return str(error)
    if loaded(folder) is not None:
        return ""
    try:
        with _begun(folder) as times:
            if times > TRIES:
                return f"it ended its worker {TRIES} times; look at that machine's memory, and remove {folder}.tries"
            return _written(encoder, encoding, shard, folder)
    except OSError as error:
        raise DataError(
            f"the part of {shard} cannot be written to {encoding.folder}: {error.strerror or error}; make room and "
            "give the same command: it goes on with what is there"
        ) from None


def _written(encoder: Encoder, encoding: Encoding, shard: PairShard, folder: Path) -> str:
    try:
        made = encode_pairs(
            encoder, shard.open(), batch_size=encoding.batch_size, workers=encoding.workers, name=str(shard)
        )
    except (DataError, OSError) as error:
        return str(error)
    made.save(folder)
    return ""


@contextmanager
def _begun(folder: Path) -> Iterator[int]:
    """Yield how often a part was begun and its process ended with it, this time included."""
    marks = folder.with_name(f"{folder.name}.tries")
    marks.parent.mkdir(parents=True, exist_ok=True)
    with marks.open("ab") as file:
        file.write(b"x")
        times = file.tell()
    try:
        yield times
    finally:
        if times <= TRIES:
            marks.unlink(missing_ok=True)


def loaded(folder: Path) -> EmbeddingSet | None:
    """Return a part, or None where it is not there, or not whole."""
    try:
        return EmbeddingSet.load(folder)
    except DataError:
        return None


def joined(
    parts: Sequence[EmbeddingSet], skipped: Iterable[Skipped], *, uri: str, fingerprint: str
) -> EmbeddingSet:
    """Return the parts as one set, in their order; an id that came before is left out, and counted.

    Args:
        parts: of the shards that could be read.
        skipped: the others.
        uri: of the pairs.
        fingerprint: of the pairs.

    Raises:
        DataError: there is no part.
    """
    if not parts:
        first = next(iter(skipped), Skipped(uri, "it has no shards"))
        raise DataError(f"{uri} must hold at least one shard that can be used; {first.item}: {first.reason}")
    seen: set[str] = set()
    taken: list[EmbeddingSet] = []
    left = list(skipped)
    for part in parts:
        if part.modalities != parts[0].modalities:
            has, wanted = (" and ".join(each.modalities) for each in (part, parts[0]))
            left.append(Skipped(part.name, f"it has {has}, the first shard {wanted}"))
            continue
        is_new = np.array([i not in seen for i in part.image_ids], dtype=bool)
        seen.update(part.image_ids)
        left += [
            Skipped(f"{part.image_ids[row]} ({part.name})", "its id was there before")
            for row in np.flatnonzero(~is_new).tolist()
        ]
        if is_new.any() or not part.n_images:
            taken.append(part if is_new.all() else part.select(is_new))
    whole = concatenate(taken, name=uri)
    remarks = tuple(dict.fromkeys(remark for part in taken for remark in part.remarks))
    return replace(
        whole,
        provenance=replace(whole.provenance, pairs=uri, pairs_fingerprint=fingerprint),
        skipped=(*whole.skipped, *left),
        remarks=remarks,
    )
