"""Metadata beside vectors as columns of one kind."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.arrow import is_arrow, listed_entries, one_kind_in
from sde_core.embedding_formats.base import Column
from sde_core.embedding_formats.sources import Reader
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.sets.columns import ArrowColumns

MAX_CHARACTERS = 4_096
"""A column with a longer entry is left out: numpy gives every entry the room of the longest."""


def metadata_columns(
    readers: Mapping[str, Reader], rows: npt.NDArray[np.int64]
) -> tuple[ArrowColumns, tuple[Skipped, ...]]:
    """Return the columns at the given rows, and those that cannot be used with their reasons."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    skipped: list[Skipped] = []
    for name, read in sorted(readers.items()):
        try:
            column = _one_kind(read())
        except DataError as error:  # the vectors do not need it
            column = str(error)
        if isinstance(column, str):
            skipped.append(Skipped(f"column {name}", column))
        else:
            try:
                columns[name] = pa.array(column) if isinstance(column, np.ndarray) else column
            except UnicodeEncodeError:
                skipped.append(Skipped(f"column {name}", "its text holds half of a surrogate pair"))
            except UnicodeDecodeError:
                skipped.append(Skipped(f"column {name}", "its text holds numbers that are no characters"))
    found = ArrowColumns(columns)
    return found.take(rows), tuple(skipped)


def _one_kind(column: Column) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Return a column of Arrow or of numpy, or why it cannot be one."""
    kept = one_kind_in(column, MAX_CHARACTERS) if is_arrow(column) else None
    return one_kind(column) if kept is None else kept


def one_kind(column: Column) -> npt.NDArray[Any] | str:
    """Return a column as an array of whole numbers, numbers, booleans or strings, or why it cannot be one.

    Missing entries become NaN or "".
    """
    entries = listed_entries(column)
    broken = next((entry for entry in entries if isinstance(entry, DataError)), None)
    if broken is not None:
        return str(broken)
    if any(isinstance(entry, list | tuple | dict) for entry in entries):
        return "its entries are lists"
    kinds = {type(entry) for entry in entries if entry is not None}
    is_whole = None not in entries
    if kinds and kinds <= {int, float} and (float in kinds or not is_whole):
        return np.array([np.nan if e is None else e for e in entries], dtype=np.float64)
    if kinds in ({int}, {bool}) and is_whole:
        try:
            return np.array(entries, dtype=np.bool_ if kinds == {bool} else np.int64)
        except OverflowError:
            pass
    words = ["" if e is None else _word(e) for e in entries]
    longest = max(map(len, words), default=0)
    if longest > MAX_CHARACTERS:
        return f"its longest entry has {longest:,} characters; {MAX_CHARACTERS:,} are kept"
    return np.array(words, dtype=np.str_)


def _word(entry: object) -> str:
    return entry.decode("utf-8", "replace") if isinstance(entry, bytes) else str(entry)
