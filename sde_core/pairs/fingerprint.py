"""Digests of pairs: of their content, equal in every format, and of files, quick and good as a cache key."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import IO, Protocol

from sde_core.errors import DataError


class _Pair(Protocol):
    """What counts of a pair."""

    @property
    def id(self) -> str: ...
    @property
    def captions(self) -> tuple[str, ...]: ...
    @property
    def metadata(self) -> Mapping[str, str | int | float | bool]: ...
    def read_image(self) -> bytes: ...


class _Files(Protocol):
    """What counts of a tree of files."""

    def size(self, name: str) -> int: ...
    def ends(self, name: str) -> bytes: ...


def content_digest(pairs: Iterable[_Pair]) -> str:
    """Return a hex digest of ids, captions, metadata and images, whatever order or format they come in.

    Metadata count by their text, so that 3 in JSON equals "3" in a CSV column. An image that cannot be read
    counts as none. Reads everything once and keeps nothing.
    """
    total = 0
    for pair in pairs:
        total += int.from_bytes(_pair_digest(pair), "big")  # a sum: the order of the pairs does not count
    return f"{total % 2**256:064x}"


def file_digest(file: IO[bytes]) -> str:
    """Return the SHA-256 of an open file from its start, in hex."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def ends_digest(tree: _Files, names: Iterable[str]) -> str:
    """Return a hex digest of every file's name, size, first and last 64 KiB; of its checksum in an archive.

    Raises:
        DataError: a file is missing or must not be read.
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}:{tree.size(name)}:".encode("utf-8", "surrogateescape"))
        digest.update(tree.ends(name))
    return digest.hexdigest()


def _pair_digest(pair: _Pair) -> bytes:
    try:
        picture = hashlib.sha256(pair.read_image()).hexdigest()
    except DataError:
        picture = None
    metadata = sorted((key, _text(value)) for key, value in pair.metadata.items())
    content = json.dumps([pair.id, list(pair.captions), metadata, picture], ensure_ascii=True)
    return hashlib.sha256(content.encode("ascii")).digest()


def _text(value: str | int | float | bool) -> str:
    """Return one text for equal values: whole floats as integers, truth values in lower case.

    >>> _text(3), _text(3.0), _text("3"), _text(0.5), _text(True)
    ('3', '3', '3', '0.5', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
