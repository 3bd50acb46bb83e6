"""Files that a name means although it differs from theirs in case or in its form of Unicode."""

import unicodedata
from collections.abc import Callable, Iterable

from sde_core.errors import DataError

_MOST_HELD = 2_000_000  # names of files; beyond it folders are listed anew
_MOST_NOTED = 100_000


class Spellings:
    """Looks names up whatever their case; each folder is listed once, and only after a name was not found as it is.

    Args:
        listed: gives the names in a folder ("" or a name that ends in a slash); those of folders end in a slash.
        label: what sentences call the files.
    """

    def __init__(self, listed: Callable[[str], Iterable[str]], label: str) -> None:
        self._listed, self._label = listed, label
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._n_held = 0
        self._noted: dict[str, str] = {}

    def alike(self, name: str) -> list[str]:
        """Return the files whose names differ from ``name`` in case or in the form of Unicode alone, or not at all.

        Args:
            name: relative, with slashes.
        """
        *folders, last = name.split("/")
        places = [""]
        for folder in folders:
            places = [place + child for place in places for child in self._named(place, folder + "/")]
        return sorted(place + child for place in places for child in self._named(place, last))

    def only_one(self, name: str) -> str | None:
        """Return the only file that is alike, and note it for `remarks`; None where there is none.

        Raises:
            DataError: several are.
        """
        found = self.alike(name)
        if len(found) > 1:
            told = " and ".join(found[:4]) + (" and others" if len(found) > 4 else "")
            raise DataError(
                f"there is no file {name} in {self._label}, and {told} differ from it in case alone: "
                "name the one that is meant exactly"
            )
        if not found:
            return None
        if len(self._noted) < _MOST_NOTED:
            self._noted[name] = found[0]
        return found[0]

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence on the names that were spelled otherwise than their files, as far as they were looked up."""
        if not self._noted:
            return ()
        n, (name, file) = len(self._noted), next(iter(self._noted.items()))
        many = f"{n:,} names differ" if n > 1 else "One name differs"
        least = "At least " if n == _MOST_NOTED else ""
        return (
            f"{least}{many} from those of files in case or Unicode form alone, such as {name}: {file} is read.",
        )

    def _named(self, folder: str, name: str) -> list[str]:
        if folder not in self._folders:
            found: dict[str, list[str]] = {}
            for child in self._listed(folder):
                found.setdefault(_folded(child), []).append(child)
                self._n_held += 1
            if self._n_held > _MOST_HELD:
                self._folders.clear()
                self._n_held = 0
            self._folders[folder] = found
        return self._folders[folder].get(_folded(name), [])


def _folded(name: str) -> str:
    """Return what is equal of names that differ in case or in the form of Unicode alone (Unicode's D145)."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
