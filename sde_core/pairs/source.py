"""What a reader is handed: the user's words, the path they may be, and the files that lie there."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from sde_core.errors import DataError
from sde_core.pairs.base import Pairs
from sde_core.pairs.folder_tree import FolderTree
from sde_core.pairs.picture_root import PictureRoot
from sde_core.pairs.tree import Tree

_REPOSITORY = r"(models|datasets|spaces)--.+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place to read pairs from.

    Attributes:
        uri: what the user wrote; `open_pairs` opens the same set from it.
        path: the same as a path; it may be a pattern, or nothing that exists.
        tree: the files, where ``path`` is a folder or an archive of files; None otherwise.
        reach: folder into which links may lead, and in which images of a table may lie; None is the set's own.
    """

    uri: str
    path: Path
    tree: Tree | None
    reach: Path | None = None

    @classmethod
    def of(cls, uri: str, image_root: Path | None = None) -> "Source":
        """Return the source that ``uri`` names.

        Raises:
            DataError: ``image_root`` is no folder.
        """
        path = _snapshot(Path(uri).expanduser())
        if image_root is not None and not image_root.is_dir():
            raise DataError(f"image_root must be a folder; there is none at {image_root}")
        tree = FolderTree(path, reach=image_root or hub_repository(path)) if path.is_dir() else None
        return cls(uri=uri, path=path, tree=tree, reach=image_root)

    def folder(self, path: Path) -> FolderTree:
        """Return the files of a folder beside or above ``path``, with links as far as they are followed."""
        return FolderTree(path, reach=self.reach or hub_repository(path))

    def pictures(self, tree: Tree) -> Tree:
        """Return where names of images lead: to the root that was named, else to the files of the set."""
        return tree if self.reach is None else PictureRoot(self.reach, tree)


def _snapshot(path: Path) -> Path:
    """Return the snapshot of a repository in the hub's cache that `refs/main` names, or its only one; else the path.

    Where nothing but folders lies in it, its folder `data/` is taken, as the hub keeps tables.
    """
    if not (re.fullmatch(_REPOSITORY, path.name) and (path / "snapshots").is_dir()):
        return path
    snapshots = sorted(p for p in (path / "snapshots").iterdir() if p.is_dir())
    main = path / "refs" / "main"
    named = main.read_text("ascii", "replace").strip() if main.is_file() else ""
    chosen = next((p for p in snapshots if p.name == named or len(snapshots) == 1), None)
    if chosen is None:
        raise DataError(f"{path} has {len(snapshots)} snapshots: open one of them by its path")
    files = [p for p in chosen.iterdir() if p.is_file() and p.suffix != ".md" and p.name[:1] != "."]
    return chosen / "data" if not files and (chosen / "data").is_dir() else chosen


def hub_repository(path: Path) -> Path | None:
    """Return the folder of a repository in the hub's cache that a snapshot lies in; its links lead to `blobs/` there.

    >>> hub_repository(Path("hub/datasets--me--cats/snapshots/0a1b/data"))
    PosixPath('hub/datasets--me--cats')
    """
    for folder in (path, *path.parents):
        is_repository = re.fullmatch(_REPOSITORY, folder.parent.name)
        if folder.name == "snapshots" and is_repository:
            return folder.parent
    return None


class Reader(Protocol):
    """What the module of a format must have."""

    LOOKS_FOR: str
    """What it recognises, as a phrase for people: "WebDataset shards (*.tar, *.tar.gz)"."""

    def detects(self, source: Source) -> bool:
        """Return whether the format is there, from names and first bytes alone; never raises."""

    def open_source(self, source: Source) -> Pairs:
        """Return the pairs of ``source``, which the user may have named although `detects` denies it.

        Raises:
            DataError: it cannot be read as this format.
        """


@runtime_checkable
class ReaderOfParts(Protocol):
    """What the module of a format has whose files can each be read by itself."""

    def parts(self, source: Source) -> list[str]:
        """Return the names of the files, in reading order."""

    def open_part(self, source: Source, name: str) -> Pairs:
        """Return the pairs of one of them.

        Raises:
            DataError: it cannot be read.
        """
