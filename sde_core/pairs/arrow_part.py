"""One Arrow table on disk as readers of pairs see it: groups of rows, and single images."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sde_core.errors import DataError

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

    @property
    def problem(self) -> str:
        """Why what follows the last group is lost; "" if nothing is."""
        return ""

    @abstractmethod
    def blocks(self, group: int, columns: list[str]) -> "Iterator[pa.Table]":
        """Yield the named columns of one group, some rows at a time."""

    @abstractmethod
    def picture(self, column: str, group: int, row: int) -> object:
        """Return one cell of an image column; ``row`` counts within the group."""

    @abstractmethod
    def without_picture(self, column: str, group: int) -> frozenset[int]:
        """Return the rows of a group whose cell is null, as far as that is known without reading all images."""


def null_rows(cells: "pa.Array") -> list[int]:
    """Return where a column of images holds nothing: null, or a struct without bytes and path."""
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = pc.is_null(cells)
    if pa.types.is_struct(cells.type):
        inner = [
            pc.is_null(pc.struct_field(cells, f.name)) for f in cells.type if f.name in ("bytes", "path")
        ]
        for each in inner[1:]:
            inner[0] = pc.and_(inner[0], each)
        empty = pc.or_(empty, inner[0])
    found: list[int] = pc.indices_nonzero(empty).to_pylist()
    return found


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


@contextmanager
def readable(label: str, kind: str) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged file into one sentence.

    Raises:
        DataError: instead.
    """
    import pyarrow as pa

    try:
        yield
    except DataError:
        raise
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        MemoryError,
    ) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"{label} must be a whole {kind} file; {lines[0][:200].rstrip('. ')}") from None
