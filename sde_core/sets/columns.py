"""Metadata of a large set: columns that stay in Arrow, each an array of numpy where it is asked for."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_core.sets.strings import are_all, as_array, as_arrow_rows, as_one_chunk, joined_utf8

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT_BYTES = 16 << 20
"""Arrays up to this size are kept once they are made."""
_AT_A_TIME = 16_384


class ArrowColumns(Mapping[str, npt.NDArray[Any]]):
    """Columns by name; each is whole numbers, numbers, booleans or strings without nulls."""

    def __init__(self, columns: "Mapping[str, pa.Array | pa.ChunkedArray]") -> None:
        self._columns = {name: _one_chunk(column) for name, column in columns.items()}
        self._made: dict[str, npt.NDArray[Any]] = {}

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name in self._made:
            return self._made[name]
        made = _as_numpy(self._columns[name])
        if made.nbytes <= _KEPT_BYTES:
            self._made[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def arrow(self, name: str) -> Any:  # noqa: ANN401  (pyarrow has no types)
        """Return a column as Arrow has it."""
        return self._columns[name]

    def take(self, rows: npt.NDArray[Any]) -> "ArrowColumns":
        """Return all columns at some rows; the columns as they are where those are all rows in order."""
        if self._columns and are_all(rows, len(next(iter(self._columns.values())))):
            return self
        chosen = as_arrow_rows(rows)
        return ArrowColumns({name: column.take(chosen) for name, column in self._columns.items()})


def columns_at(
    columns: Mapping[str, npt.NDArray[Any]], rows: npt.NDArray[Any]
) -> Mapping[str, npt.NDArray[Any]]:
    """Return every column at some rows."""
    if isinstance(columns, ArrowColumns):
        return columns.take(rows)
    return {name: column[rows] for name, column in columns.items()}


def as_arrow(columns: Mapping[str, npt.NDArray[Any]], name: str) -> Any:  # noqa: ANN401
    """Return a column as Arrow would write it."""
    import pyarrow as pa

    return columns.arrow(name) if isinstance(columns, ArrowColumns) else pa.array(columns[name].tolist())


def utf8_of(columns: Mapping[str, npt.NDArray[Any]], name: str) -> Iterator[bytes]:
    """Yield the entries of a column as Python writes them, in UTF-8 with a zero byte between two, some at a time."""
    if not isinstance(columns, ArrowColumns):
        yield from joined_utf8(list(map(str, columns[name].tolist())))
        return
    column = columns.arrow(name)
    for start in range(0, len(column), _AT_A_TIME):
        text = "\0".join(map(str, column[start : start + _AT_A_TIME].to_pylist()))
        yield ("\0" + text if start else text).encode("utf-8", "surrogatepass")


def _one_chunk(column: Any) -> Any:  # noqa: ANN401
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return as_one_chunk(column)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _as_numpy(column: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    import pyarrow as pa

    if not pa.types.is_large_string(column.type):
        return as_array(column)
    if not len(column):
        return np.array([], dtype=np.str_)
    coded = column.dictionary_encode()
    words = np.array(coded.dictionary.to_pylist(), dtype=np.str_)
    repeated: npt.NDArray[Any] = words[as_array(coded.indices)]
    return repeated
