"""The files of a zip archive, read in place: nothing is extracted to a path, and a bomb is refused."""

import io
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO

from sde_core.errors import DataError
from sde_core.files.recognised import recognised
from sde_core.pairs.base import Skipped
from sde_core.pairs.limits import MIB, allowed_unpacked
from sde_core.pairs.member_names import is_hidden
from sde_core.pairs.tree import Tree, safe_name

MAX_DIRECTORY_BYTES = 32 * MIB
"""The archive's list of files, which lies in memory: some 300,000 names."""

_MOST_EMPTY = 10_000

_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError, OverflowError,
    NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db")


class ZipTree(Tree):
    """The files of a zip archive; a single folder that holds everything is passed over.

    Args:
        path: of the archive.
        label: what sentences call it; its path if empty.

    Raises:
        DataError: it is no zip archive, is damaged, or would unpack to far more than its size.
    """

    def __init__(self, path: Path, label: str = "") -> None:
        self.label = label or str(path)
        self._refused: dict[str, Skipped] = {}
        try:
            with path.open("rb") as file:
                _check_directory(file, self.label)
            self._archive = zipfile.ZipFile(path)
        except DataError:
            raise
        except _DAMAGED as error:
            raise DataError(f"{self.label} must be a whole zip archive; {error}") from None
        _check_sizes(self._archive.infolist(), path.stat().st_size, self.label)
        members = self._members()
        tops = {name.partition("/")[0] if "/" in name else "" for name in members}
        cut = len(tops.pop()) + 1 if len(tops) == 1 and "" not in tops else 0
        self._files = {name[cut:]: info for name, info in members.items()}

    def top(self) -> Iterator[str]:
        """Yield the names right below the root; those of folders end in a slash."""
        yield from dict.fromkeys(name[: name.index("/") + 1] if "/" in name else name for name in self._files)

    def children(self, folder: str) -> Iterator[str]:
        """Yield the names in one folder, hidden ones left out; those of folders end in a slash."""
        yield from self._children.get(folder, ())

    def folders(self) -> Iterator[tuple[str, list[str]]]:
        """Yield every folder that holds files, with their sorted names."""
        found: dict[str, list[str]] = {}
        for name in self._files:
            if is_hidden(name):
                continue
            folder, slash, base = name.rpartition("/")
            found.setdefault(folder + slash, []).append(base)
        for folder in sorted(found):
            yield folder, sorted(found[folder])

    def names(self, folder: str) -> list[str]:
        """Return the sorted names of the files in one folder; none where there is no such folder."""
        inside = (
            name[len(folder) :] for name in self._files if name.startswith(folder) and not is_hidden(name)
        )
        return sorted(name for name in inside if "/" not in name)

    def refused(self) -> tuple[Skipped, ...]:
        """Return the entries that are not read: links, unsafe names, encrypted ones."""
        return tuple(self._refused.values())

    def size(self, name: str) -> int:
        """Return the declared size of a file in bytes.

        Raises:
            DataError: it is not there.
        """
        return self._info(name).file_size

    def open(self, name: str) -> IO[bytes]:
        """Return a file, unpacked into memory or, above 1 MiB, into a file without a name.

        Raises:
            DataError: it is not there, or damaged: also if it unpacks to more than it declares.
        """
        info = self._info(name)
        unpacked = _buffer(info.file_size)
        try:
            with self._archive.open(info) as member:
                while block := member.read(
                    MIB
                ):  # never gives more than the declared size, then checks the sum
                    unpacked.write(block)
        except _DAMAGED as error:
            unpacked.close()
            raise DataError(f"{name} is damaged inside {self.label}: {error}") from None
        if unpacked.tell() != info.file_size:
            unpacked.close()
            raise DataError(f"{name} is damaged inside {self.label}: it is shorter than declared")
        unpacked.seek(0)
        return unpacked

    def stamp(self, name: str) -> str:
        """Return the declared size and checksum."""
        info = self._info(name)
        return f"{info.file_size}:{info.CRC}"

    def ends(self, name: str) -> bytes:
        """Return the declared checksum."""
        return self.stamp(name).encode()

    def inside(self, name: str) -> str:
        """Return ``name`` as a name in the archive.

        Raises:
            DataError: it leads out.
        """
        return safe_name(name)

    @cached_property
    def _children(self) -> dict[str, dict[str, None]]:
        found: dict[str, dict[str, None]] = {}
        for name in self._files:
            if is_hidden(name):
                continue
            start = 0
            while (end := name.find("/", start)) >= 0:
                found.setdefault(name[:start], {})[name[start : end + 1]] = None
                start = end + 1
            found.setdefault(name[:start], {})[name[start:]] = None
        return found

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._files.get(safe_name(name))
        if info is None:
            raise DataError(f"there is no file {name} in {self.label}")
        return info

    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """Return the files that may be read by their safe names; note the others."""
        found: dict[str, zipfile.ZipInfo] = {}
        for info in self._archive.infolist():
            if (
                not info.filename
                or info.is_dir()
                or info.filename.startswith(_JUNK[0])
                or info.filename.endswith(_JUNK[1:])
            ):
                continue
            try:
                name = safe_name(info.filename)
                _check_member(info)
                if name in found:
                    raise DataError("it comes twice in the archive; the first one is read")
            except DataError as error:
                item = info.filename[:200]
                self._refused[item] = Skipped(item, str(error))
                continue
            found[name] = info
        return found


def _buffer(size: int) -> IO[bytes]:
    return io.BytesIO() if size <= MIB else tempfile.TemporaryFile(prefix="sde-zip-")


def _check_member(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise DataError("it is a link or a special file inside the archive; it is not followed")
    if info.flag_bits & 0x1:
        raise DataError("it is encrypted: make the archive without a password")
    if info.compress_type not in _READABLE:
        raise DataError(f"it is compressed by method {info.compress_type}: make the archive with deflate")


def _check_sizes(infos: list[zipfile.ZipInfo], size: int, label: str) -> None:
    """Refuse what declares far more than its size, or files that overlap in the archive."""
    empty = sum(not info.file_size and not info.filename.endswith("/") for info in infos)
    if empty > _MOST_EMPTY:
        raise DataError(f"{label} has {empty:,} empty files, and may have {_MOST_EMPTY:,}: refused as a bomb")
    packed = sum(info.compress_size for info in infos)
    if packed > size:
        raise DataError(f"{label} has files that overlap ({packed:,} bytes in {size:,}): refused as a bomb")
    declared = sum(info.file_size for info in infos)
    if declared > allowed_unpacked(size):
        raise DataError(
            f"{label} declares {declared:,} bytes unpacked from {size:,}, more than a hundredfold: refused as a bomb"
        )


def _check_directory(file: IO[bytes], label: str) -> None:
    """Refuse a list of files that is too long, before `zipfile` reads it into memory."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - (1 << 16) - 98))  # the longest comment, and the two records before it
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        file.seek(0)
        if what := recognised(file.read(256)):
            raise DataError(f"{label} is {what}")
        raise DataError(f"{label} must be a whole zip archive; its end is missing: copy it again")
    (length,) = struct.unpack_from("<I", tail, end + 12)
    if (
        end >= 76
        and tail[end - 20 : end - 16] == b"PK\x06\x07"
        and tail[end - 76 : end - 72] == b"PK\x06\x06"
    ):
        (length,) = struct.unpack_from("<Q", tail, end - 76 + 40)
    if length > MAX_DIRECTORY_BYTES:
        raise DataError(
            f"{label} must list its files in at most {MAX_DIRECTORY_BYTES:,} bytes; it has {length:,}"
        )
