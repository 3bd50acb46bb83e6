"""What is kept of the pairs whose image could be encoded: ids, captions, links, metadata."""

from array import array
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.metadata import one_kind
from sde_core.pairs.base import Pair, Skipped
from sde_core.retrieval.links import Ints


class Collected:
    """Grows by one pair at a time, in order; images are not kept.

    Attributes:
        ids: of the pairs.
        skipped: pairs that could not be used, and metadata that cannot be kept.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.skipped: list[Skipped] = []
        self._captions: dict[str, int] = {}
        self._links = array("q")
        self._columns: dict[str, list[Any]] | None = None

    def add_captions(self, pair: Pair) -> None:
        """Keep the new captions of a pair without image, each with the metadata of the pair."""
        for caption in pair.captions:
            if caption not in self._captions:
                self._captions[caption] = len(self._captions)
                self._describe(pair)

    def add(self, pair: Pair) -> None:
        """Keep a pair; each distinct caption once."""
        for caption in pair.captions:
            text = self._captions.setdefault(caption, len(self._captions))
            self._links.extend((text, len(self.ids)))
        self.ids.append(pair.id)
        self._describe(pair)

    def _describe(self, pair: Pair) -> None:
        if self._columns is None:
            self._columns = {key: [] for key in pair.metadata}
        for key in [key for key in self._columns if not _fits(self._columns[key], pair.metadata.get(key))]:
            del self._columns[key]
        for key, column in self._columns.items():
            column.append(pair.metadata[key])

    @property
    def captions(self) -> tuple[str, ...]:
        """Distinct captions in order of appearance."""
        return tuple(self._captions)

    @property
    def links(self) -> Ints:
        """(n_links, 2) of (text row, image row)."""
        return np.array(self._links, dtype=np.int64).reshape(-1, 2)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return metadata that every pair has, in one kind, as columns; `skipped` names the others."""
        found: dict[str, npt.NDArray[Any]] = {}
        for key, entries in sorted((self._columns or {}).items()):
            column = one_kind(entries)
            if isinstance(column, str):
                self.skipped.append(Skipped(f"column {key}", column))
            else:
                found[key] = column
        return found


def _fits(column: list[Any], entry: object) -> bool:
    """Return whether an entry is there and of the column's kind."""
    return entry is not None and (not column or type(column[0]) is type(entry))
