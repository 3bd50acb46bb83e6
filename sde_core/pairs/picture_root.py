"""Pictures of a table below a root that the user named, wherever the table lies and whatever machine wrote it."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sde_core.errors import DataError
from sde_core.pairs.folder_tree import FolderTree
from sde_core.pairs.tree import Tree, safe_name


class PictureRoot(FolderTree):
    r"""Files below a root; a name in a table leads there, also an absolute one of another place or machine.

    Of such a name the longest end that is a file below the root is taken: `E:\data\images\a.jpg` is
    `images/a.jpg` or `a.jpg`. How many folders were left out is kept, so that the rows of a table agree.

    Args:
        root: the folder.
        table: the files beside the table, where a relative name may lead as well.
    """

    def __init__(self, root: Path, table: Tree) -> None:
        super().__init__(root)
        self._beside = self._inside_root(table)
        self._left_out: int | None = None

    def inside(self, name: str) -> str:
        """Return ``name`` relative to the root.

        Raises:
            DataError: no end of it is a file there.
        """
        if not _is_absolute(name):
            relative = safe_name(name)
            beside = self._beside + relative
            either = (relative, beside) if self._beside else ()
            return next((n for there_is in self._looks for n in either if there_is(n)), relative)
        for there_is in self._looks:
            found = self._end_of(name, there_is)
            if found is not None:
                return found
        raise DataError(f"{name} is not below {self.label}, nor is any end of it")

    @property
    def _looks(self) -> tuple[Callable[[str], object], ...]:
        """How a file is looked for: as it is called, then in any case."""
        return self.has, self.spellings.alike

    def _end_of(self, name: str, there_is: Callable[[str], object]) -> str | None:
        """Return the longest end of an absolute name that is a file below the root."""
        with suppress(DataError):
            found = super().inside(name)
            if there_is(found):
                return found
        parts = [part for part in re.split(r"[\\/]+", name) if part and not part.endswith(":")]
        starts = range(len(parts)) if self._left_out is None else (self._left_out, *range(len(parts)))
        for start in starts:
            with suppress(DataError):
                relative = safe_name("/".join(parts[start:]))
                if there_is(relative):
                    self._left_out = start
                    return relative
        return None

    def _inside_root(self, table: Tree) -> str:
        """Return the folder of the table relative to the root, with a slash; "" where it lies elsewhere."""
        if not isinstance(table, FolderTree):
            return ""
        relative = os.path.relpath(os.path.realpath(table.root), self._real_root)
        return "" if relative.startswith("..") or relative == "." else relative + "/"


def _is_absolute(name: str) -> bool:
    return os.path.isabs(name) or name[1:3] in (":\\", ":/") or name.startswith("\\\\")
