"""Ids, captions and metadata beside the vectors: parquet, CSV, TSV, JSON lines, a line each, npy, or a list."""

import csv
import io
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import Column, Table, table_of
from sde_core.embedding_formats.npy import mapped_npy
from sde_core.embedding_formats.parquet_size import unfolded_columns
from sde_core.embedding_formats.roles import is_known_name
from sde_core.errors import DataError
from sde_core.files.mapped import check_regular
from sde_core.pairs.arrow_columns import cells
from sde_core.pairs.columns import distinct_names
from sde_core.pairs.plain_table import plain_text, table_suffix
from sde_core.pairs.tab_separated import tab_cells

if TYPE_CHECKING:
    import pyarrow as pa

TableLike: TypeAlias = str | Path | Sequence[str] | npt.NDArray[Any]
"""A file of a table, or the one column itself."""

TABLE_SUFFIXES = (".parquet", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".npy")

_MOST_LETTERS = 1 << 24


def open_table(given: TableLike, column: str, what: str) -> Table:
    """Return a table from a file, or the given entries as a table of one column.

    Args:
        given: file (parquet, csv, tsv, jsonl; txt with an entry a line; json or npy with a list), or a sequence.
        column: what the one column is called where the source has no names.
        what: the caller's parameter, for sentences.

    Raises:
        DataError: no such file, or none of these.
    """
    if not isinstance(given, str | Path):
        return table_of({column: given if isinstance(given, np.ndarray) else list(given)}, what)
    path = Path(given).expanduser()
    if not path.is_file():
        raise DataError(f"{what} must be a file or a list; there is no file {path}")
    if path.suffix.lower() in (".parquet", ".pq"):
        return parquet_table([path])
    if path.suffix.lower() == ".npy":
        return table_of({column: mapped_npy(path, str(path))}, str(path))
    text, suffix = _text(path), table_suffix(path.name)
    if suffix in (".csv", ".tsv"):
        try:
            return _delimited(text, "\t" if suffix == ".tsv" else ",", path, column)
        except csv.Error as error:
            raise DataError(
                f"{path} cannot be read as CSV: {error}; double the quotes inside cells"
            ) from None
    return table_of(_parsed(text, path, column), str(path))


def _text(path: Path) -> str:
    """Return the text of a file, unpacked, by its mark or as UTF-8."""
    try:
        with path.open("rb") as file:
            content = plain_text(file, str(path)).read()
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} must be UTF-8; {error.reason} at byte {error.start}: save it as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(f"{path} must be readable; {error.strerror}") from None


def _parsed(text: str, path: Path, column: str) -> dict[str, Column]:
    suffix = table_suffix(path.name)
    try:
        if suffix in (".jsonl", ".ndjson"):
            return _records([json.loads(line) for line in text.split("\n") if line.strip()], path, column)
        if suffix == ".json":
            return _records(json.loads(text), path, column)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as {suffix[1:].upper()}: {error}") from None
    if suffix == ".txt":
        return {column: text.removesuffix("\n").split("\n")}
    raise DataError(f"{path} must end with one of {', '.join(TABLE_SUFFIXES)}; got {path.suffix!r}")


def _delimited(text: str, delimiter: str, path: Path, column: str) -> Table:
    text = _below_comments(text)
    rows = _tab_rows(text) if delimiter == "\t" else _comma_rows(text)
    if not rows:
        raise DataError(f"{path} must have a line with the names of its columns; it is empty")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise DataError(f"{path} must have {len(rows[0])} fields in row {number}; got {len(row)}")
    without = [column] if len(rows[0]) == 1 else [f"column {i + 1}" for i in range(len(rows[0]))]
    headless = table_of(_columns(without, rows), str(path))
    return replace(table_of(_columns(rows[0], rows[1:]), str(path)), headless=headless)


def _columns(names: list[str], rows: list[list[str]]) -> dict[str, Column]:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: _numbers(list(column)) for name, column in zip(distinct_names(names), columns, strict=True)}


def _below_comments(text: str) -> str:
    """Return a table without what stands above its names: comments, and Excel's `sep=;`.

    A line that begins with a hash may be a caption: comments are those above a line with a name that is known.
    """
    above, rest = [], text
    while rest.startswith(("#", "%", "//", "sep=")):
        line, _, rest = rest.partition("\n")
        above.append(line)
    names = rest.partition("\n")[0].strip()
    return rest if above and _known(re.split(r"[,;|\t]", names)) else text


def _comma_rows(text: str) -> list[list[str]]:
    """Return the rows of CSV, by the first separator that parts the names where one of them is known, else commas."""
    head = text.partition("\n")[0].strip()
    separator = next((s for s in ",;|\t" if s in head and _known(head.split(s))), ",")
    return _tab_rows(text) if separator == "\t" else _quoted_rows(text, separator)


def _known(names: Sequence[str]) -> bool:
    return any(is_known_name(name.strip().strip('"')) for name in names)


def _tab_rows(text: str) -> list[list[str]]:
    """Return the rows of TSV, where a quote is a letter; where cells hold line breaks, of a CSV writer's TSV."""
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text.strip() else []
    rows = [tab_cells(line) for line in lines if line.strip() or "\t" in line]
    if any(len(row) != len(rows[0]) for row in rows):
        with suppress(csv.Error):
            quoted = _quoted_rows(text, "\t")
            if not any("\n" in cell and "\t" in cell for row in quoted for cell in row):
                return quoted
    return rows


def _quoted_rows(text: str, delimiter: str) -> list[list[str]]:
    # A caption may be longer than the 131,072 of the standard library, whose limit is one for the whole process.
    before = csv.field_size_limit(_MOST_LETTERS)
    try:
        return [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row
        ]
    finally:
        csv.field_size_limit(before)


def _numbers(words: list[str]) -> list[Any]:
    """Return words as numbers if all are written as Python writes them: "7" and "0.5", not "007"."""
    for kind in (int, float):
        try:
            numbers = [kind(word) for word in words]
        except ValueError:
            continue
        if all(str(number) == word for number, word in zip(numbers, words, strict=True)):
            return numbers
    return words


def is_number(word: str) -> bool:
    """Return whether a word is written as a number.

    >>> is_number("7"), is_number("views")
    (True, False)
    """
    return not isinstance(_numbers([word])[0], str)


def _records(records: object, path: Path, column: str) -> dict[str, Column]:
    if not isinstance(records, list):
        raise DataError(f"{path} must hold a list; got {type(records).__name__}")
    if not all(isinstance(record, dict) for record in records):
        return {column: records}
    names = list(dict.fromkeys(name for record in records for name in record))
    return {name: [record.get(name) for record in records] for name in names}


def parquet_table(paths: list[Path], names: Sequence[str] | None = None) -> Table:
    """Return the columns of scalars of parquet files, one after the other; each is read when asked for.

    Args:
        paths: at least one.
        names: columns to offer; None offers every column of numbers and strings.

    Raises:
        DataError: not parquet, damaged, or the files have no common columns.
    """
    schemas = [parquet_schema(path) for path in paths]
    found = [n for n in schemas[0][0].names if all(n in s.names for s, _ in schemas)]
    scalar = [n for n in found if is_scalar(schemas[0][0].field(n).type)]
    n_rows = sum(rows for _, rows in schemas)

    offered = tuple(n for n in (names or scalar) if n in scalar)
    place = str(paths[0]) if len(paths) == 1 else str(paths[0].parent)
    return Table(place=place, n_rows=n_rows, names=offered, read=_Parts(paths, offered).read)


class _Parts:
    """Columns of parquet files, read together when the first is asked for; if that fails, one by one."""

    def __init__(self, paths: list[Path], names: tuple[str, ...]) -> None:
        self._paths, self._names = paths, names

    def read(self, name: str) -> Column:
        """Return a column as Arrow has it; where its text is not UTF-8, a list with the `DataError` that says so."""
        import pyarrow as pa

        tables = self._together
        if tables is None:
            tables = [self._table(path, (name,)) for path in self._paths]
        parts = [table.column(name) for table in tables]
        if all(part.type == parts[0].type for part in parts) and are_valid(parts):
            return pa.chunked_array([c for part in parts for c in part.chunks], parts[0].type)
        return [entry for part in parts for entry in cells(part)]

    @cached_property
    def _together(self) -> "list[pa.Table] | None":
        try:
            return [self._table(path, self._names) for path in self._paths]
        except DataError:
            return None

    @staticmethod
    def _table(path: Path, names: tuple[str, ...]) -> "pa.Table":
        try:
            return unfolded_columns(path, names)
        except DataError:  # which is a ValueError
            raise
        except (ValueError, OSError, KeyError, MemoryError) as error:
            line = (str(error).splitlines() or [""])[0]
            raise DataError(f"{path}, column {', '.join(names)} is damaged: {line}") from None


def are_valid(parts: "list[pa.ChunkedArray]") -> bool:
    """Return whether Arrow columns hold what they say: text is UTF-8."""
    import pyarrow as pa

    try:
        for part in parts:
            part.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def parquet_schema(path: Path) -> "tuple[pa.Schema, int]":
    """Return schema and number of rows from the end of the file.

    Raises:
        DataError: not parquet, or cut off.
    """
    import pyarrow.parquet as pq

    check_regular(path)
    try:
        file = pq.ParquetFile(path)
        return file.schema_arrow, file.metadata.num_rows
    except (ValueError, OSError, MemoryError) as error:
        line = (str(error).splitlines() or [""])[0]
        raise DataError(f"{path} must be a parquet file; it is damaged or cut off: {line}") from None


def is_scalar(kind: "pa.DataType") -> bool:
    """Return whether entries are numbers, booleans, strings or times; images and lists are not."""
    import pyarrow.types as pt

    tests = (pt.is_integer, pt.is_floating, pt.is_boolean, pt.is_string, pt.is_large_string, pt.is_temporal)
    kind = kind.value_type if pt.is_dictionary(kind) else kind
    return any(test(kind) for test in tests)
