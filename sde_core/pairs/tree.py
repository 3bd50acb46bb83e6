"""Files below one root, a folder or an archive, read by safe relative names: nothing outside is ever read."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import unquote

from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.limits import MAX_PICTURE_BYTES, read_at_most
from sde_core.pairs.spellings import Spellings

_PLAIN = re.compile(r"[\w -]+(?:[./][\w -]+)*")


def safe_name(name: str) -> str:
    r"""Return ``name`` as a relative path with slashes that stays below its root.

    Raises:
        DataError: it is empty, absolute, or climbs out with "..".

    >>> safe_name("./images\\a.jpg")
    'images/a.jpg'
    """
    if _PLAIN.fullmatch(name):
        return name
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        raise DataError(f"{name!r} leads out of the set: name files relative to its folder, without ..")
    if not path.parts or "\0" in name:
        raise DataError(f"{name!r} is not the name of a file")
    return str(path)


def local_path(name: str) -> str:
    """Return the path that an address `file://` names; other names as they are.

    >>> local_path("file:///sets/a%20b.jpg"), local_path("images/a%20b.jpg")
    ('/sets/a b.jpg', 'images/a%20b.jpg')
    """
    if name[:5].lower() != "file:":
        return name
    path = unquote(name[5:])
    return re.sub(r"^//(?:localhost(?=/))?", "", path) if path.startswith("//") else path


class Tree(ABC):
    """Files of a set, by relative names with slashes.

    Attributes:
        label: what sentences call it.
    """

    label: str

    @cached_property
    def spellings(self) -> Spellings:
        """Looks files up in any case."""
        return Spellings(self.children, self.label)

    @abstractmethod
    def children(self, folder: str) -> Iterator[str]:
        """Yield the names in one folder inside the root, those of folders ending in a slash; none where there is none.

        Args:
            folder: "" or a name that ends in a slash.
        """

    @abstractmethod
    def top(self) -> Iterator[str]:
        """Yield the names right below the root in any order; those of folders end in a slash."""

    @abstractmethod
    def folders(self) -> Iterator[tuple[str, list[str]]]:
        """Yield every folder ("" or a name that ends in a slash) with the sorted names of the regular files in it."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Return the sorted names of the regular files in one folder; none where there is no such folder inside.

        Args:
            folder: "" or a name that ends in a slash.
        """

    @abstractmethod
    def refused(self) -> tuple[Skipped, ...]:
        """Return the entries that are not read: links out of the set, unsafe names; known after `folders`."""

    @abstractmethod
    def size(self, name: str) -> int:
        """Return the size of a file in bytes.

        Raises:
            DataError: it is missing, outside or not a regular file.
        """

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """Return a file open for reading, seekable; the caller closes it.

        Raises:
            DataError: as `size`, or unreadable.
        """

    @abstractmethod
    def inside(self, name: str) -> str:
        """Return ``name`` relative to the root, also where it is an absolute path below it.

        Raises:
            DataError: it leads out of the root.
        """

    @abstractmethod
    def stamp(self, name: str) -> str:
        """Return a text that changes when the file changes, as far as that shows without reading it."""

    @abstractmethod
    def ends(self, name: str) -> bytes:
        """Return what tells a large file from another: its first and last 64 KiB, or a checksum."""

    def has(self, name: str) -> bool:
        """Return whether there is a file of this name that may be read."""
        try:
            return self.size(name) >= 0
        except DataError:
            return False

    def meant(self, name: str) -> str:
        """Return ``name`` if there is such a file or none like it, else the only one that is called so in other case.

        Raises:
            DataError: several are.
        """
        return name if self.has(name) else self.spellings.only_one(safe_name(name)) or name

    def read(self, name: str, limit: int = MAX_PICTURE_BYTES) -> bytes:
        """Return the content of a file.

        Raises:
            DataError: as `open`, or it has more than ``limit`` bytes.
        """
        if self.size(name) > limit:
            raise DataError(f"{name} must have at most {limit:,} bytes; it has {self.size(name):,}")
        with self.open(name) as file:
            return read_at_most(file, limit, name)
