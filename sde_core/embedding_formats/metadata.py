"""Metadata beside vectors as columns of one kind, small enough to keep in memory."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import Column
from sde_core.embedding_formats.sources import Reader
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped

MAX_CHARACTERS = 4_096
"""A column with a longer entry is left out: numpy gives every entry the room of the longest."""


def metadata_columns(
    readers: Mapping[str, Reader], rows: npt.NDArray[np.int64]
) -> tuple[dict[str, npt.NDArray[Any]], tuple[Skipped, ...]]:
    """Return the columns at the given rows, and those that cannot be used with their reasons."""
    columns: dict[str, npt.NDArray[Any]] = {}
    skipped: list[Skipped] = []
    for name, read in sorted(readers.items()):
        try:
            column = one_kind(read())
        except DataError as error:  # the vectors do not need it
            column = str(error)
        if isinstance(column, str):
            skipped.append(Skipped(f"column {name}", column))
        else:
            columns[name] = column[rows]
    return columns, tuple(skipped)


def one_kind(column: Column) -> npt.NDArray[Any] | str:
    """Return a column as an array of whole numbers, numbers, booleans or strings, or why it cannot be one.

    Missing entries become NaN or "".
    """
    entries: list[Any] = column.tolist() if isinstance(column, np.ndarray) else list(column)
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
