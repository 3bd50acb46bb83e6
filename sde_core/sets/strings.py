"""A million strings as one Arrow column: ids and captions of a large set are no Python objects until asked for."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard, overload

import numpy as np
import numpy.typing as npt

from sde_core.retrieval.links import Ints

if TYPE_CHECKING:
    import pyarrow as pa

Mask = npt.NDArray[np.bool_]

_AT_A_TIME = 16_384


class ArrowStrings(Sequence[str]):
    """Strings of an Arrow column, read as a sequence; equal to any sequence of the same strings.

    >>> import pyarrow as pa
    >>> words = ArrowStrings(pa.array(["a", "b", "a"]))
    >>> words[1], len(words), words == ("a", "b", "a"), words.index("b")
    ('b', 3, True, 1)
    """

    __slots__ = ("column",)

    def __init__(self, column: "pa.Array | pa.ChunkedArray") -> None:
        """Take an Arrow column of strings without nulls, of valid UTF-8."""
        self.column: Any = as_one_chunk(column)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> "ArrowStrings": ...
    def __getitem__(self, row: int | slice) -> "str | ArrowStrings":
        if isinstance(row, slice):
            start, stop, step = row.indices(len(self))
            if step == 1:
                return ArrowStrings(self.column[start : max(start, stop)])
            return self.take(np.arange(start, stop, step))
        word: str = self.column[int(row)].as_py()
        return word

    def __len__(self) -> int:
        return len(self.column)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _AT_A_TIME):
            yield from self.column[start : start + _AT_A_TIME].to_pylist()

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._place(word) >= 0

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:  # noqa: ANN401  (as Sequence has it)
        """Return the first row that holds a string.

        Raises:
            ValueError: none does.
        """
        first, last, _ = slice(start, stop).indices(len(self))
        found = self[first:last]._place(value) if isinstance(value, str) else -1
        if found < 0:
            raise ValueError(f"{value!r} is not among the strings")
        return first + found

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ArrowStrings):
            return bool(self.column.equals(other.column))
        if not isinstance(other, Sequence) or isinstance(other, str | bytes) or len(other) != len(self):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"ArrowStrings({shown}{', ...' if len(self) > 3 else ''}; {len(self):,} strings)"

    def __reduce__(self) -> tuple[Any, ...]:
        return (ArrowStrings, (self.column,))

    def take(self, rows: npt.ArrayLike) -> "ArrowStrings":
        """Return the strings of some rows, in their order; itself where those are all rows in order."""
        if are_all(rows, len(self)):
            return self
        return ArrowStrings(self.column.take(as_arrow_rows(rows)))

    def _place(self, word: str) -> int:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            return int(pc.index(self.column, pa.scalar(word, self.column.type)).as_py())
        except UnicodeEncodeError:  # half of a surrogate pair, which no column holds
            return -1


def as_one_chunk(column: "pa.Array | pa.ChunkedArray") -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Return a column of text as one array whose offsets have 64 bits: of any size, and quick to index."""
    import pyarrow as pa

    if column.type != pa.large_string():
        column = column.cast(pa.large_string())
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [_nothing()])


def are_all(rows: npt.ArrayLike, count: int) -> bool:
    """Return whether rows are all of ``count`` rows in their order."""
    given = np.asarray(rows)
    return len(given) == count and bool((given == np.arange(count)).all())


def row_numbers(rows: npt.ArrayLike) -> ArrowStrings:
    """Return row numbers as ids: of what has no ids.

    >>> tuple(row_numbers([0, 7]))
    ('0', '7')
    """
    return ArrowStrings(as_arrow_rows(rows).cast("large_string"))


def rows_of(words: Sequence[str], rows: npt.ArrayLike) -> Sequence[str]:
    """Return the strings of some rows: a tuple of a tuple, an Arrow column of one."""
    if isinstance(words, ArrowStrings):
        return words.take(rows)
    return tuple(words[int(row)] for row in np.asarray(rows))


def are_arrow(words: Sequence[str]) -> TypeGuard[ArrowStrings]:
    """Return whether strings are an Arrow column."""
    return isinstance(words, ArrowStrings)


def are_empty(words: Sequence[str]) -> Mask:
    """Return (m,) whether a string is empty."""
    if not isinstance(words, ArrowStrings):
        return np.array([not word for word in words], dtype=bool)
    import pyarrow.compute as pc

    return as_array(pc.equal(pc.binary_length(words.column), 0))


def codes_of(words: Sequence[str]) -> Ints:
    """Return (m,) whole numbers from 0 that are equal where strings are, in order of appearance.

    >>> codes_of(["b", "a", "b"]).tolist()
    [0, 1, 0]
    """
    if isinstance(words, ArrowStrings):
        return as_array(words.column.dictionary_encode().indices).astype(np.int64)
    known: dict[str, int] = {}
    return np.array([known.setdefault(word, len(known)) for word in words], dtype=np.int64)


def places_in(words: Sequence[str], known: Sequence[str]) -> Ints:
    """Return (m,) the first row of ``known`` that holds each string; -1 where none does."""
    if isinstance(words, ArrowStrings) and isinstance(known, ArrowStrings):
        import pyarrow.compute as pc

        return as_array(pc.fill_null(pc.index_in(words.column, known.column), -1)).astype(np.int64)
    first = {word: row for row, word in reversed(list(enumerate(known)))}
    return np.array([first.get(word, -1) for word in words], dtype=np.int64)


def ascend_from_zero(words: ArrowStrings) -> bool:
    """Return whether strings are whole numbers as Python writes them, each larger than the one before."""
    import pyarrow as pa

    try:
        numbers = words.column.cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    values = as_array(numbers)
    is_in_range = not len(values) or (values[0] >= 0 and values[-1] < 10**18)
    return bool(
        is_in_range and (np.diff(values) > 0).all() and numbers.cast(pa.large_string()).equals(words.column)
    )


def joined_utf8(words: Sequence[str]) -> Iterator[bytes]:
    """Yield the strings in UTF-8 with a zero byte between two of them, some at a time."""
    for start in range(0, len(words), _AT_A_TIME):
        text = "\0".join(words[start : start + _AT_A_TIME])
        yield ("\0" + text if start else text).encode("utf-8", "surrogatepass")


def as_arrow_rows(rows: npt.ArrayLike) -> Any:  # noqa: ANN401
    """Return (m,) row numbers as Arrow takes them. `pa.array` would import pandas, a sixth of what torch takes."""
    import pyarrow as pa

    given = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(given), [None, pa.py_buffer(given)])


def as_array(column: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    """Return (m,) numbers or booleans of an Arrow column without nulls. Its own `to_numpy` would import pandas."""
    import pyarrow as pa

    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_boolean(column.type):  # eight to a byte
        return np.from_dlpack(column.cast(pa.uint8())).astype(bool)
    return np.from_dlpack(column)


def _nothing() -> Any:  # noqa: ANN401
    import pyarrow as pa

    return pa.array([], pa.large_string())
