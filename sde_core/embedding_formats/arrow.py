"""Columns as Arrow has them: what can stay there, and as Python objects where it cannot."""

from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from sde_core.embedding_formats.base import Column
from sde_core.sets.strings import ArrowStrings

if TYPE_CHECKING:
    import pyarrow as pa


def is_arrow(column: Column) -> "TypeGuard[pa.ChunkedArray]":
    """Return whether a column is one of Arrow."""
    return hasattr(column, "combine_chunks")


def listed_entries(column: Column) -> list[Any]:
    """Return the entries of a column as Python objects."""
    if isinstance(column, np.ndarray):
        entries: list[Any] = column.tolist()
        return entries
    return column.to_pylist() if is_arrow(column) else list(column)


def strings_in(column: Column) -> ArrowStrings | None:
    """Return text or whole numbers of Arrow as strings, a missing one as ""; None where it is something else."""
    import pyarrow.compute as pc
    import pyarrow.types as pt

    if not is_arrow(column):
        return None
    kind = column.type.value_type if pt.is_dictionary(column.type) else column.type
    if not (pt.is_string(kind) or pt.is_large_string(kind) or pt.is_integer(kind)):
        return None
    plain = column.cast(kind) if pt.is_dictionary(column.type) else column
    return ArrowStrings(pc.fill_null(plain.cast("large_string"), ""))


def one_kind_in(column: "pa.ChunkedArray", longest: int) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Return a column as whole numbers, numbers, booleans or strings without nulls.

    Args:
        column: of Arrow.
        longest: most letters of an entry.

    Returns:
        A column of Arrow; the reason where an entry is longer; None where it is something else.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    kind = column.type.value_type if pt.is_dictionary(column.type) else column.type
    column = column.cast(kind) if pt.is_dictionary(column.type) else column
    if pt.is_string(kind) or pt.is_large_string(kind):
        words = pc.fill_null(column.cast("large_string"), "")
        letters = pc.max(pc.utf8_length(words)).as_py() or 0
        if letters > longest:
            return f"its longest entry has {letters:,} characters; {longest:,} are kept"
        return words
    if column.null_count == len(column):
        return None
    if pt.is_floating(kind) or (pt.is_integer(kind) and column.null_count):
        return pc.fill_null(column.cast(pa.float64(), safe=False), float("nan"))
    if pt.is_integer(kind) and (kind != pa.uint64() or pc.max(column).as_py() < 2**63):
        return column.cast(pa.int64())
    return column if pt.is_boolean(kind) and not column.null_count else None
