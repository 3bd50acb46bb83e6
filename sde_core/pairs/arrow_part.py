"""One Arrow table on disk as readers of pairs see it: groups of rows, and single pictures."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class ArrowPart(ABC):
    """One table, read in groups of rows that stand or fall alone; every read may raise DataError.

    Attributes:
        label: what people call it, such as the file's name.
    """

    label: str

    @property
    @abstractmethod
    def schema(self) -> "pa.Schema":
        """Names and types of the columns."""

    @property
    @abstractmethod
    def group_rows(self) -> tuple[int, ...]:
        """Number of rows in each group."""

    @abstractmethod
    def blocks(self, group: int, columns: list[str]) -> "Iterator[pa.Table]":
        """Yield the named columns of one group, some rows at a time."""

    @abstractmethod
    def picture(self, column: str, group: int, row: int) -> object:
        """Return one cell of an image column; ``row`` counts within the group."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands.

    Attributes:
        part: its table.
        group: its group.
        row: counted within the group.
        number: counted within the table.
    """

    part: ArrowPart
    group: int
    row: int
    number: int


def places(part: ArrowPart) -> Iterator[tuple[int, int]]:
    """Yield each group with the number of its first row."""
    first = 0
    for group, size in enumerate(part.group_rows):
        yield group, first
        first += size


def place_of(part: ArrowPart, number: int) -> Place | None:
    """Return where the row of this number stands; None beyond the end."""
    for group, first in places(part):
        if number < first + part.group_rows[group]:
            return Place(part, group, number - first, number)
    return None
