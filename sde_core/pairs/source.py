"""What a reader is handed: the user's words, the path they may be, and the files that lie there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sde_core.pairs.base import Pairs
from sde_core.pairs.tree import FolderTree, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place to read pairs from.

    Attributes:
        uri: what the user wrote; `open_pairs` opens the same set from it.
        path: the same as a path; it may be a pattern, or nothing that exists.
        tree: the files, where ``path`` is a folder or an archive of files; None otherwise.
    """

    uri: str
    path: Path
    tree: Tree | None

    @classmethod
    def of(cls, uri: str) -> "Source":
        """Return the source that ``uri`` names."""
        path = Path(uri).expanduser()
        return cls(uri=uri, path=path, tree=FolderTree(path) if path.is_dir() else None)


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
