"""Where the samples of a WebDataset shard lie: keys, and the offsets of their members."""

import tarfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import SEEK_SET
from typing import IO, cast

from sde_core.errors import DataError
from sde_core.files.recognised import recognised
from sde_core.pairs.base import Skipped
from sde_core.pairs.fields import clean_id
from sde_core.pairs.limits import MAX_MEMBERS
from sde_core.pairs.member_names import PARTS, MemberName, member_name, plain_suffix, samples_of_dotted
from sde_core.pairs.open_shards import OpenShards
from sde_core.pairs.tree import safe_name

_MOST_SUFFIXES = 20  # that are listed
_NO_RANK = 255
_Dotted = tuple[MemberName, str, tuple[int, int]]
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
        left: suffixes of images that were left for another one of their sample -> an example.
        left_texts: the same of files of captions.
        is_damaged: whether it is cut off or broken, so that members may be missing.
    """

    shard: str
    keys: list[str] = field(default_factory=list)
    problems: list[Skipped] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    left_texts: dict[str, str] = field(default_factory=dict)
    is_damaged: bool = False
    _spans: "array[int]" = field(default_factory=lambda: array("q"))

    def span(self, row: int, part: str) -> tuple[int, int] | None:
        """Return offset and size of one of `PARTS` of a sample, None where it has none."""
        at = 2 * (row * len(PARTS) + PARTS.index(part))
        offset, size = self._spans[at], self._spans[at + 1]
        return None if size < 0 else (offset, size)

    def new_row(self, key: str) -> int:
        """Add a sample without parts, and return its row."""
        self.keys.append(key)
        self._spans.extend([0, -1] * len(PARTS))
        return len(self.keys) - 1

    def sort(self) -> None:
        """Put the samples into the order in which their images, or else their other parts, lie."""
        width = 2 * len(PARTS)
        blocks = [self._spans[at : at + width] for at in range(0, len(self._spans), width)]
        order = sorted(
            range(len(blocks)),
            key=lambda row: next((at for at, size in _spans_in(blocks[row]) if size >= 0), 0),
        )
        self.keys = [self.keys[row] for row in order]
        self._spans = array("q", (number for row in order for number in blocks[row]))

    def put(self, row: int, part: str, span: tuple[int, int]) -> None:
        """Say where a part of a sample lies."""
        at = 2 * (row * len(PARTS) + PARTS.index(part))
        self._spans[at], self._spans[at + 1] = span


def _spans_in(block: "array[int]") -> Iterator[tuple[int, int]]:
    return zip(block[::2], block[1::2], strict=True)


@dataclass(slots=True)
class _Builder:
    """Members as they come, until it is known which is which part of its sample.

    Attributes:
        index: what is built.
        rows: key -> row.
        dotted: key -> members whose suffix has dots, with their names and places.
    """

    index: TarIndex
    rows: dict[str, int] = field(default_factory=dict)
    dotted: dict[str, list[_Dotted]] = field(default_factory=dict)
    _has_own: bool = False
    _ranks: "array[int]" = field(
        default_factory=lambda: array("B")
    )  # of each plain part; 255 where there is none

    def add(self, name: str, span: tuple[int, int]) -> None:
        """Note a member."""
        member = member_name(name)
        if member is None:
            return
        row = self._row(clean_id(member.key))
        if member.middle:
            self.dotted.setdefault(member.key, []).append((member, name, span))
            return
        at = row * len(PARTS) + PARTS.index(member.part)
        before = self._ranks[at]
        if member.rank > before:
            self._leave(member.part, name)
            return
        if member.rank == before:
            self._say_twice(name)
        elif before < _NO_RANK:
            self._leave(member.part, f"{member.key}.{plain_suffix(member.part, before)}")
        self._ranks[at] = member.rank
        self.index.put(row, member.part, span)

    def finish(self) -> None:
        """Sort out the members with dots: samples of their own, or parts that no plain suffix gives."""
        for key, members in self.dotted.items():
            first = self.rows[key]
            plain = [part for part in PARTS if self.index.span(first, part) is not None]
            own = samples_of_dotted(plain, (member for member, *_ in members))
            rows = {middle: self._own_row(key, name) for middle, name in own.items()}
            best: dict[tuple[int, str], _Dotted] = {}
            for each in sorted(members, key=lambda m: (m[0].rank, m[1])):
                member, name, _ = each
                slot = rows.get(member.middle, first), member.part
                if slot in best and best[slot][1] == name:
                    self._say_twice(name)
                elif slot in best or self.index.span(*slot) is not None:
                    self._leave(member.part, name)
                    continue
                best[slot] = each
            for (row, part), (_, _, span) in best.items():
                self.index.put(row, part, span)
        if self._has_own:
            self.index.sort()

    def _row(self, key: str) -> int:
        if key not in self.rows:
            self.rows[key] = self.index.new_row(key)
            self._ranks.extend([_NO_RANK] * len(PARTS))
        return self.rows[key]

    def _own_row(self, key: str, name: str) -> int:
        """Return the row of a sample with a dot in its name; the first of them takes that of the key."""
        self._has_own = True
        if name not in self.rows and self.index.keys[self.rows[key]] == key:
            self.rows[name] = self.rows[key]
            self.index.keys[self.rows[key]] = name
        return self._row(name)

    def _say_twice(self, name: str) -> None:
        where = f"{name} ({self.index.shard})"
        self.index.problems.append(Skipped(where, "it comes twice in the shard; the later one is read"))

    def _leave(self, part: str, name: str) -> None:
        """Note the suffix of an image, or of captions, not read because another one of its sample is."""
        suffix = name.rpartition("/")[2].partition(".")[2].lower()
        left = {"image": self.index.left, "txt": self.index.left_texts, "json": self.index.left_texts}.get(
            part
        )
        if left is not None and len(left) < _MOST_SUFFIXES:
            left.setdefault(suffix, name)


def index_tar(shards: OpenShards, shard: str) -> TarIndex:
    """Return the index of a shard, up to where it is damaged.

    Raises:
        DataError: not one member can be read.
    """
    index = TarIndex(shard)
    builder = _Builder(index)
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
                _note(builder, member, window.length)
    except _DAMAGED as error:
        if n_members == 0:
            if what := recognised(shards.read(shard, 0, min(256, window.length)) if window.length else b""):
                raise DataError(f"{shard} is {what}") from None
            raise DataError(f"{shard} must be a tar file; cannot read it: {error}") from None
        index.is_damaged = True
        index.problems.append(Skipped(shard, f"damaged after {len(index.keys)} samples: {error}"))
    builder.finish()
    if shard in shards.problems:
        index.is_damaged = True
        index.problems.append(shards.problems[shard])
    return index


def _note(builder: _Builder, member: tarfile.TarInfo, length: int) -> None:
    if member.isdir():
        return
    index = builder.index
    try:
        if not member.isreg() or member.issparse():
            raise DataError("is a link or a special file inside the archive; it is not followed")
        if member.offset_data + member.size > length:
            index.is_damaged = True
            raise DataError(f"is cut off: {index.shard} ends before it")
        builder.add(safe_name(member.name), (member.offset_data, member.size))
    except DataError as error:
        name = member.name.encode("utf-8", "backslashreplace").decode()[:200]
        index.problems.append(Skipped(f"{name} ({index.shard})", str(error)))


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
