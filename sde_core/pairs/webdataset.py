"""WebDataset shards: tar files whose members share a key, `KEY.webp`, `KEY.txt`, `KEY.json`.

Captions stand one a line in `KEY.txt` (as CLIP_benchmark writes them), or under "caption" or
"captions" in `KEY.json`. Shards may be gzip-compressed. Nothing is ever extracted to a path.
"""

import hashlib
import json
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from threading import Lock
from typing import IO

from sde_core.errors import DataError
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.pairs.fields import caption_text, clean_captions, clean_id, listed_captions, scalars
from sde_core.pairs.source import Source

IMAGE_SUFFIXES = frozenset({"webp", "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "avif"})
SHARD_SUFFIXES = (".tar", ".tar.gz", ".tgz")
LOOKS_FOR = "WebDataset shards (*.tar, *.tar.gz)"


@dataclass(frozen=True, slots=True)
class _Span:
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Sample:
    key: str
    shard: "_Shard"
    members: dict[str, _Span]  # suffix in lower case -> where its bytes lie


class _Shard:
    """One tar file with its index of samples; read by offset from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: Skipped | None = None
        self._lock = Lock()

    @cached_property
    def samples(self) -> list[_Sample]:
        with self._lock:
            return self._index()

    def read(self, span: _Span) -> bytes:
        with self._lock:
            self._file.seek(span.offset)
            content = self._file.read(span.size)
        if len(content) < span.size:
            raise DataError(f"{self.path} must hold {span.size} bytes here; the file is cut off")
        return content

    def _index(self) -> list[_Sample]:
        found: dict[str, _Sample] = {}
        self._file.seek(0)
        try:
            with tarfile.open(fileobj=self._file, mode="r:") as archive:
                for member in archive:
                    key, suffix = _key_and_suffix(member.name)
                    if member.isfile() and suffix:
                        sample = found.setdefault(key, _Sample(key, self, {}))
                        sample.members[suffix] = _Span(member.offset_data, member.size)
        except (tarfile.TarError, EOFError) as error:
            if not found:
                raise DataError(f"{self.path} must be a tar file; cannot read it: {error}") from None
            self.problem = Skipped(self.path.name, f"damaged after {len(found)} samples: {error}")
        return list(found.values())

    @cached_property
    def _file(self) -> IO[bytes]:
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise DataError(f"{self.path} must be readable; {error.strerror}") from None
        if raw.read(2) != b"\x1f\x8b":
            raw.seek(0)
            return raw
        raw.seek(0)
        with raw:
            return self._unzipped(raw)

    def _unzipped(self, raw: IO[bytes]) -> IO[bytes]:
        # A compressed shard cannot be read by offset: unpack it once into a file that has no name.
        unpacked = tempfile.TemporaryFile(prefix="sde-shard-")  # noqa: SIM115
        try:
            with GzipFile(fileobj=raw) as stream:
                while block := stream.read1(1 << 16):  # gives what is whole before a cut
                    unpacked.write(block)
        except (EOFError, BadGzipFile, zlib.error) as error:
            self.problem = Skipped(self.path.name, f"damaged gzip stream: {error}")
        return unpacked


class WebDatasetPairs(Pairs):
    """Pairs in one or more WebDataset shards.

    Args:
        shards: tar files, in reading order; at least one.
        uri: what the user called the set.

    Raises:
        DataError: a shard is missing.
    """

    def __init__(self, shards: list[Path], uri: str) -> None:
        for path in shards:
            if not path.is_file():
                raise DataError(f"{path} must be an existing shard; there is no such file")
        self._uri = uri
        self._shards = [_Shard(path) for path in shards]
        self._skipped: dict[str, Skipped] = {}

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of every shard's name, size, first and last 64 KiB."""
        digest = hashlib.sha256()
        for shard in self._shards:
            size = shard.path.stat().st_size
            digest.update(f"{shard.path.name}:{size}:".encode())
            with shard.path.open("rb") as file:
                digest.update(file.read(1 << 16))
                file.seek(max(0, size - (1 << 16)))
                digest.update(file.read())
        return digest.hexdigest()

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        damaged = tuple(shard.problem for shard in self._shards if shard.problem)
        return damaged + tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield usable pairs shard by shard; a broken one is added to `skipped`."""
        seen: set[str] = set()
        for shard in self._shards:
            for sample in shard.samples:
                if sample.key in seen:
                    self._skip(f"{sample.key} ({shard.path.name})", "its id was there before")
                    continue
                seen.add(sample.key)
                try:
                    yield _pair(sample)
                except DataError as error:
                    self._skip(sample.key, str(error))

    def __len__(self) -> int:
        """Number of distinct ids in the shards' indices, whether usable or not."""
        return len(self._by_id)

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none, or it is broken.
        """
        if pair_id not in self._by_id:
            raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")
        return _pair(self._by_id[pair_id])

    @cached_property
    def _by_id(self) -> dict[str, _Sample]:
        samples: dict[str, _Sample] = {}
        for shard in self._shards:
            for sample in shard.samples:
                samples.setdefault(sample.key, sample)
        return samples

    def _skip(self, item: str, reason: str) -> None:
        self._skipped[item] = Skipped(item, reason)


def detects(source: Source) -> bool:
    """Return whether ``source`` is a shard, a folder with shards, or a pattern of shards that are there."""
    if source.tree is not None:
        return any(name.endswith(SHARD_SUFFIXES) for name in source.tree.top())
    return source.path.name.endswith(SHARD_SUFFIXES) and bool(_shards(source))


def open_source(source: Source) -> WebDatasetPairs:
    """Return the pairs of one shard, of all shards in a folder, or of a pattern such as `test-*.tar`.

    Raises:
        DataError: nothing there is a shard.
    """
    shards = _shards(source)
    if not shards:
        raise DataError(
            f"{source.uri} must name WebDataset shards ({', '.join(SHARD_SUFFIXES)}); there are none"
        )
    return WebDatasetPairs(shards, source.uri)


def _shards(source: Source) -> list[Path]:
    path = source.path
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.name.endswith(SHARD_SUFFIXES))
    if "*" in path.name or "?" in path.name:
        return sorted(path.parent.glob(path.name))
    return [path] if path.is_file() else []


def _key_and_suffix(name: str) -> tuple[str, str]:
    folder, slash, base = name.rpartition("/")
    stem, _, suffix = base.partition(".")
    return f"{folder}{slash}{stem}", suffix.lower()


def _pair(sample: _Sample) -> Pair:
    suffix = next((s for s in sample.members if s.rpartition(".")[2] in IMAGE_SUFFIXES), None)
    if suffix is None:
        raise DataError("no picture")
    span = sample.members[suffix]
    if span.size == 0:
        raise DataError("the picture is empty")
    record = _record(sample)
    captions = _captions(sample, record)
    return Pair(
        id=clean_id(sample.key),
        captions=captions,
        read_image=lambda: sample.shard.read(span),
        metadata=scalars(record),
    )


def _record(sample: _Sample) -> dict[str, object]:
    if "json" not in sample.members:
        return {}
    try:
        record = json.loads(sample.shard.read(sample.members["json"]))
    except (ValueError, RecursionError) as error:
        raise DataError(f"its JSON cannot be read: {error}") from None
    return record if isinstance(record, dict) else {}


def _captions(sample: _Sample, record: dict[str, object]) -> tuple[str, ...]:
    if "txt" in sample.members:
        return clean_captions(caption_text(sample.shard.read(sample.members["txt"])).splitlines())
    return clean_captions(listed_captions(record.get("captions", record.get("caption"))))
