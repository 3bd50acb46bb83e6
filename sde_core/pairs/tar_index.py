"""Where the samples of a WebDataset shard lie: keys, and the offsets of their members."""

import tarfile
from array import array
from dataclasses import dataclass, field
from io import SEEK_SET
from typing import IO, cast

from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.fields import clean_id
from sde_core.pairs.limits import MAX_MEMBERS
from sde_core.pairs.open_shards import OpenShards
from sde_core.pairs.tree import safe_name

IMAGE_SUFFIXES = frozenset({"webp", "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "avif"})
PARTS = ("image", "txt", "json", "cls")
"""What a sample can have; other members are left where they are."""

# What tarfile raises on damaged headers; it promises TarError only.
_DAMAGED = (
    tarfile.TarError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    LookupError,
    RecursionError,
    MemoryError,
)


@dataclass(slots=True)
class TarIndex:
    """The samples of one shard in order: about 130 bytes each.

    Attributes:
        shard: its name.
        keys: of the samples; each once.
        problems: members that are not read, with the reason, and damage.
    """

    shard: str
    keys: list[str] = field(default_factory=list)
    problems: list[Skipped] = field(default_factory=list)
    _spans: "array[int]" = field(default_factory=lambda: array("q"))

    def span(self, row: int, part: str) -> tuple[int, int] | None:
        """Return offset and size of one of `PARTS` of a sample, None where it has none."""
        at = 2 * (row * len(PARTS) + PARTS.index(part))
        offset, size = self._spans[at], self._spans[at + 1]
        return None if size < 0 else (offset, size)

    def add(self, rows: dict[str, int], name: str, offset: int, size: int) -> None:
        """Note a member; ``rows`` holds the row of each key."""
        key, part = _key_and_part(name)
        if not part:
            return
        if key not in rows:
            rows[clean_id(key)] = len(self.keys)
            self.keys.append(key)
            self._spans.extend([0, -1] * len(PARTS))
        at = 2 * (rows[key] * len(PARTS) + PARTS.index(part))
        if self._spans[at + 1] >= 0:
            self.problems.append(
                Skipped(f"{name} ({self.shard})", "it comes twice in the shard; the later one is read")
            )
        self._spans[at], self._spans[at + 1] = offset, size


def index_tar(shards: OpenShards, shard: str) -> TarIndex:
    """Return the index of a shard, up to where it is damaged.

    Raises:
        DataError: not one member can be read.
    """
    index = TarIndex(shard)
    rows: dict[str, int] = {}
    window = _Window(shards, shard)
    n_members = 0
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", window), mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
                n_members += 1
                if n_members > MAX_MEMBERS:
                    index.problems.append(Skipped(shard, f"only its first {MAX_MEMBERS:,} members are read"))
                    break
                _note(index, rows, member, window.length)
    except _DAMAGED as error:
        if n_members == 0:
            raise DataError(f"{shard} must be a tar file; cannot read it: {error}") from None
        index.problems.append(Skipped(shard, f"damaged after {len(index.keys)} samples: {error}"))
    if shard in shards.problems:
        index.problems.append(shards.problems[shard])
    return index


def _note(index: TarIndex, rows: dict[str, int], member: tarfile.TarInfo, length: int) -> None:
    if member.isdir():
        return
    try:
        if not member.isreg() or member.issparse():
            raise DataError("is a link or a special file inside the archive; it is not followed")
        if member.offset_data + member.size > length:
            raise DataError(f"is cut off: {index.shard} ends before it")
        index.add(rows, safe_name(member.name), member.offset_data, member.size)
    except DataError as error:
        name = member.name.encode("utf-8", "backslashreplace").decode()[:200]
        index.problems.append(Skipped(f"{name} ({index.shard})", str(error)))


def _key_and_part(name: str) -> tuple[str, str]:
    folder, slash, base = name.rpartition("/")
    stem, _, suffix = base.partition(".")
    suffix = suffix.lower()
    part = "image" if suffix.rpartition(".")[2] in IMAGE_SUFFIXES else suffix
    return f"{folder}{slash}{stem}", part if part in PARTS else ""


class _Window:
    """A shard as the file that `tarfile` wants; never asks for more bytes than there are."""

    def __init__(self, shards: OpenShards, shard: str) -> None:
        self.length = shards.size(shard)
        self._shards, self._shard, self._at = shards, shard, 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        if whence != SEEK_SET or offset < 0:
            raise ValueError(f"seek to {offset}")
        self._at = offset
        return offset

    def read(self, size: int) -> bytes:
        size = max(0, min(size, self.length - self._at))
        content = self._shards.read(self._shard, self._at, size) if size else b""
        self._at += size
        return content
