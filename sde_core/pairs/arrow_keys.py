"""The key columns of tables, kept as Arrow text: where a key stands, and which come more than once."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.pairs.arrow_columns import ArrowColumns, cells
from sde_core.pairs.arrow_part import ArrowPart, Place, places
from sde_core.pairs.fields import listed_captions

if TYPE_CHECKING:
    import pyarrow as pa


class KeyIndex:
    """Ids, or paths where there are no ids, of all rows; a million take tens of megabytes.

    Args:
        parts: each table with the roles of its columns.
    """

    def __init__(self, parts: list[tuple[ArrowPart, ArrowColumns]]) -> None:
        self._parts = parts

    def places(self, key: str) -> Iterator[Place]:
        """Yield the rows with this key, in order."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.scalar(key, pa.large_string())
        for part, group, first, keys in self._keys:
            if keys.index(wanted).as_py() >= 0:  # the quick answer for most groups
                for row in pc.indices_nonzero(pc.equal(keys, wanted)).to_pylist():
                    yield Place(part, group, row, first + row)

    @cached_property
    def n_repeats(self) -> int:
        """Number of rows whose key was there before."""
        return sum(count - 1 for count in self.repeated.values())

    @cached_property
    def captions_of_repeated(self) -> dict[tuple[str, ...], list[str]]:
        """Captions of all rows of each image that several rows show, by the cells of its identity."""
        import pyarrow as pa

        found: dict[tuple[str, ...], list[str]] = {}
        repeated = pa.array(self.repeated, pa.large_string())
        for part, columns in self._parts:
            for group, _ in places(part) if columns.merges and len(repeated) else ():
                try:
                    self._gather(part, group, columns, repeated, found)
                except DataError:
                    continue  # iterating says so
        return found

    def _gather(
        self,
        part: ArrowPart,
        group: int,
        columns: ArrowColumns,
        wanted: "pa.Array",
        found: dict[tuple[str, ...], list[str]],
    ) -> None:
        import pyarrow.compute as pc

        for block in part.blocks(group, [*columns.identity, *columns.captions]):
            rows = block.filter(pc.is_in(_as_text(block[columns.key]), value_set=wanted))
            identities = zip(*(cells(rows[name]) for name in columns.identity), strict=True)
            for identity, *captions in zip(
                identities, *(cells(rows[name]) for name in columns.captions), strict=True
            ):
                texts = found.setdefault(tuple(map(str, identity)), [])
                texts += [text for cell in captions for text in listed_captions(cell)]

    @cached_property
    def _keys(self) -> "list[tuple[ArrowPart, int, int, pa.ChunkedArray]]":
        """(table, group, number of its first row, keys) of every group that has keys and can be read."""
        import pyarrow as pa

        found = []
        for part, columns in self._parts:
            for group, first in places(part) if columns.key else ():
                chunks: list[pa.Array] = []
                with suppress(DataError):  # iterating says so; what came before is kept
                    for block in part.blocks(group, [columns.key]):
                        chunks += _as_text(block[columns.key]).chunks
                found.append((part, group, first, pa.chunked_array(chunks, pa.large_string())))
        return found

    @cached_property
    def repeated(self) -> dict[str, int]:
        """Keys that several rows have, with their number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        chunks = [chunk for *_, keys in self._keys for chunk in keys.chunks]
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
