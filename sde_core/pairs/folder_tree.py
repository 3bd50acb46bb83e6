"""Files below a folder on disk; a link is followed only where it stays inside."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.member_names import is_hidden
from sde_core.pairs.tree import Tree, safe_name


class FolderTree(Tree):
    """Files below a folder on disk; links are followed to files inside it only, or inside what contains it.

    Args:
        root: the folder.
        label: what sentences call it; the folder's path if empty.
        reach: folder into which links may lead; the root itself if None.
    """

    def __init__(self, root: Path, label: str = "", reach: Path | None = None) -> None:
        self.root = root
        self.label = label or str(root)
        self._real_root = os.path.realpath(root)
        self._reach = self._real_root if reach is None else os.path.realpath(reach)
        self._inside: dict[str, bool] = {}
        self._refused: dict[str, Skipped] = {}

    def top(self) -> Iterator[str]:
        """Yield the names right below the root in any order; those of folders end in a slash."""
        with _scan(self.root) as entries:
            for entry in entries:
                yield entry.name + "/" * _is_folder(entry)

    def folders(self) -> Iterator[tuple[str, list[str]]]:
        """Yield every folder with the sorted names of the regular files in it; one folder's names are held.

        What systems and editors keep for themselves (`._a.jpg`, `.cache/`, `a.jpg~`) is passed over.
        """
        waiting, known = [""], {self._real_root}
        while waiting:
            folder = waiting.pop()
            files, inner = [], []
            with _scan(self.root / folder) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False) or self._may_enter(entry, known):
                        inner.append(f"{folder}{entry.name}/")
                    elif entry.is_file(follow_symlinks=False) or self._may_follow(folder, entry):
                        files.append(entry.name)
            yield folder, sorted(files)
            waiting += sorted(inner, reverse=True)

    def names(self, folder: str) -> list[str]:
        """Return the sorted names of the regular files in one folder; none where it is not inside the root."""
        try:
            path = self.root / (safe_name(folder) if folder else "")
            if not self._folder_is_inside(str(path)):
                return []
            with _scan(path) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if not is_hidden(entry.name)
                    and (entry.is_file(follow_symlinks=False) or self._may_follow(folder, entry))
                    and not _is_folder(entry)
                )
        except (DataError, OSError, ValueError):
            return []

    def children(self, folder: str) -> Iterator[str]:
        """Yield the names in one folder, hidden ones left out; those of folders end in a slash."""
        path = os.path.join(self.root, folder)
        try:
            if not self._folder_is_inside(path):
                return
            with _scan(Path(path)) as entries:
                for entry in entries:
                    if not is_hidden(entry.name):
                        yield entry.name + "/" * _is_folder(entry)
        except (DataError, OSError, ValueError):
            return

    def refused(self) -> tuple[Skipped, ...]:
        """Return the entries that are not read; known after `folders`."""
        return tuple(self._refused.values())

    def size(self, name: str) -> int:
        """Return the size of a file in bytes.

        Raises:
            DataError: it is missing, outside or not a regular file.
        """
        return self._located(name)[1].st_size

    def open(self, name: str) -> IO[bytes]:
        """Return a file open for reading.

        Raises:
            DataError: as `size`, or unreadable.
        """
        try:
            return open(self._located(name)[0], "rb")
        except OSError as error:
            raise DataError(f"{name} must be readable; {error.strerror}") from None

    def stamp(self, name: str) -> str:
        """Return the file's size: its time of change would make a copy of the folder another set."""
        return str(self.size(name))

    def ends(self, name: str) -> bytes:
        """Return the first and last 64 KiB of a file."""
        with self.open(name) as file:
            head = file.read(1 << 16)
            file.seek(max(0, self.size(name) - (1 << 16)))
            return head + file.read()

    def inside(self, name: str) -> str:
        """Return ``name`` relative to the root, also where it is an absolute path below it.

        Raises:
            DataError: it leads out of the root.
        """
        if os.path.isabs(name):
            for root in (os.path.abspath(self.root), self._real_root):
                if name.startswith(root + os.sep):
                    return safe_name(name[len(root) + 1 :])
            raise DataError(
                f"{name} lies outside {self.label}: put the pictures below it, or name their folder as image_root"
            )
        if name[1:3] in (":\\", ":/"):
            raise DataError(f"{name} is of another machine: name the folder of the pictures as image_root")
        return safe_name(name)

    def _located(self, name: str) -> tuple[str, os.stat_result]:
        """Return path and status of a regular file inside the root."""
        path = os.path.join(self.root, safe_name(name))
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                status = os.stat(path)
                inside = self._is_inside(os.path.realpath(path))
            else:
                inside = self._folder_is_inside(os.path.dirname(path))
        except FileNotFoundError:
            other = _other_form(path)
            if other is not None:
                return self._located(os.path.relpath(other, self.root))
            raise DataError(f"there is no file {name} in {self.label}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{name} cannot be read: {reason}") from None
        if not inside:
            raise DataError(
                f"{name} is a link out of {self.label}; it is not followed: copy the file instead"
            )
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{name} is not a regular file")
        return path, status

    def _folder_is_inside(self, folder: str) -> bool:
        if folder not in self._inside:
            if len(self._inside) > 10_000:
                self._inside.clear()
            self._inside[folder] = self._is_inside(os.path.realpath(folder))
        return self._inside[folder]

    def _is_inside(self, real: str) -> bool:
        return any(
            real == root or real.startswith(root.rstrip(os.sep) + os.sep)
            for root in (self._real_root, self._reach)
        )

    def _may_enter(self, entry: "os.DirEntry[str]", known: set[str]) -> bool:
        """Return whether an entry is a link to a folder that the user opened links into, and not one seen before."""
        if self._reach == self._real_root or not entry.is_symlink() or not _is_folder(entry):
            return False
        real = os.path.realpath(entry.path)
        if real in known or not self._is_inside(real):
            return False
        known.add(real)
        return True

    def _may_follow(self, folder: str, entry: "os.DirEntry[str]") -> bool:
        """Return whether an entry that is no plain file or folder can be read; note it otherwise."""
        name = f"{folder}{entry.name}"
        try:
            self._located(name)
        except DataError as error:
            reason = "is a link to a folder; it is not followed" if _is_folder(entry) else str(error)
            self._refused[name] = Skipped(name, reason)
            return False
        return True


def _other_form(path: str) -> str | None:
    """Return the path with its letters composed or decomposed, whichever is there; None where neither is."""
    if path.isascii():
        return None
    forms = (unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))
    return next((form for form in forms if form != path and os.path.lexists(form)), None)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Return whether an entry is a folder or leads to one; a link that leads to itself does not."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _scan(folder: Path) -> "os._ScandirIterator[str]":
    try:
        return os.scandir(folder)
    except OSError as error:
        raise DataError(f"{folder} must be a readable folder; {error.strerror}") from None
