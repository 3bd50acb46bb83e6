"""The key columns of tables, kept as Arrow text: where a key stands, and which come more than once."""

from functools import cached_property
from typing import TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.pairs.arrow_columns import Columns, cells
from sde_core.pairs.arrow_part import ArrowPart, Place, places
from sde_core.pairs.fields import listed_captions

if TYPE_CHECKING:
    import pyarrow as pa


class KeyIndex:
    """Ids, or paths where there are no ids, of all rows; a million take tens of megabytes.

    Args:
        parts: each table with the roles of its columns.
    """

    def __init__(self, parts: list[tuple[ArrowPart, Columns]]) -> None:
        self._parts = parts

    def find(self, key: str) -> Place | None:
        """Return the first row with this key."""
        import pyarrow as pa

        wanted = pa.scalar(key, pa.large_string())
        for part, group, first, keys in self._columns:
            row = keys.index(wanted).as_py()
            if row >= 0:
                return Place(part, group, row, first + row)
        return None

    @cached_property
    def n_repeats(self) -> int:
        """Number of rows whose key was there before."""
        return sum(count - 1 for count in self._repeated.values())

    @cached_property
    def captions_of_repeated(self) -> dict[str, list[str]]:
        """Captions of all rows of each path that several rows name, where rows have no ids."""
        import pyarrow as pa

        found: dict[str, list[str]] = {}
        repeated = pa.array(self._repeated, pa.large_string())
        for part, columns in self._parts:
            if columns.id or not columns.is_path or not len(repeated):
                continue
            for group, _ in places(part):
                try:
                    self._gather(part, group, columns, repeated, found)
                except DataError:
                    continue  # iterating says so
        return found

    def _gather(
        self, part: ArrowPart, group: int, columns: Columns, wanted: "pa.Array", found: dict[str, list[str]]
    ) -> None:
        import pyarrow.compute as pc

        for block in part.blocks(group, [columns.key, columns.captions]):
            keys = _as_text(block[columns.key])
            rows = block.filter(pc.is_in(keys, value_set=wanted))
            for key, cell in zip(cells(rows[columns.key]), cells(rows[columns.captions]), strict=True):
                if isinstance(key, str) and not isinstance(cell, DataError):
                    found.setdefault(key, []).extend(listed_captions(cell))

    @cached_property
    def _columns(self) -> "list[tuple[ArrowPart, int, int, pa.ChunkedArray]]":
        """(table, group, number of its first row, keys) of every group that has keys and can be read."""
        import pyarrow as pa

        found = []
        for part, columns in self._parts:
            for group, first in places(part) if columns.key else ():
                try:
                    blocks = [_as_text(block[columns.key]) for block in part.blocks(group, [columns.key])]
                except DataError:
                    continue  # iterating says so
                chunks = [chunk for block in blocks for chunk in block.chunks]
                found.append((part, group, first, pa.chunked_array(chunks, pa.large_string())))
        return found

    @cached_property
    def _repeated(self) -> dict[str, int]:
        """Keys that several rows have, with their number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        chunks = [chunk for *_, keys in self._columns for chunk in keys.chunks]
        counts = pc.value_counts(pa.chunked_array(chunks, pa.large_string()))
        many = counts.filter(pc.greater(counts.field("counts"), 1))
        pairs = zip(cells(many.field("values")), many.field("counts").to_pylist(), strict=True)
        return {key: count for key, count in pairs if isinstance(key, str)}


def _as_text(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa

    try:
        return column.cast(pa.large_string())
    except pa.ArrowException as error:
        raise DataError(f"its ids cannot be read as text: {error}") from None
