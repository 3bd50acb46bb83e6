"""Rows of a CSV, TSV or JSONL table, each with the place where it lies, so that any one can be read again."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import IO, Protocol

from sde_core.errors import DataError
from sde_core.pairs.columns import Columns, distinct_names, find_columns
from sde_core.pairs.member_names import IMAGE_SUFFIXES
from sde_core.pairs.plain_table import plain_table
from sde_core.pairs.row_cells import Lines, Place, cells_of, swallowed_row

JSON_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", *JSON_SUFFIXES)
_SEPARATORS = "\t,;|"
_COMMENTS = ("#", "%", "//")
_MOST_ABOVE = 50  # lines above the one with the names
_BOM = b"\xef\xbb\xbf"

Record = dict[str, object]


class Rows:
    """The rows of a table in an open file, from any thread.

    Args:
        file: seekable, compressed or not; in UTF-8, or with a byte order mark that says in what.
        name: of the table, whose suffix says how to read it.
        needs_both: whether a table of images alone, or of captions alone, is refused.

    Attributes:
        columns: which column is what.
        is_json: whether the rows are JSON, with numbers and lists.

    Raises:
        DataError: the table is empty, in another encoding, or lacks a column that is needed.
    """

    def __init__(self, file: IO[bytes], name: str, *, needs_both: bool = True) -> None:
        self.name = name
        self._file, suffix = plain_table(file, name)
        self._lock = Lock()
        self.is_json = suffix in JSON_SUFFIXES
        start = Place(_start(self._file), 1)
        head = _json_lines if self.is_json else _delimited
        self._layout, self._first, self.columns = head(self._file, start, name, needs_both)

    def scan(self) -> Iterator[tuple[Place, Record | DataError]]:
        """Yield every row with its place, or the reason why it cannot be read; blank lines are passed over."""
        place = self._first
        while True:
            with self._lock:
                lines = Lines(self._file, place)
                try:
                    found: Record | DataError | None = self._layout.read(lines)
                except StopIteration:
                    return
                except DataError as error:
                    found = error
            if found is not None:
                yield place, found
            place = lines.after_first if isinstance(found, DataError) else lines.place

    def at(self, place: Place) -> Record:
        """Return the row at ``place``, which `scan` gave.

        Raises:
            DataError: the file has changed.
        """
        with self._lock:
            try:
                record = self._layout.read(Lines(self._file, place))
            except StopIteration:
                record = None
        if record is None:
            raise DataError(f"{self.name} has changed while it was read: open it again")
        return record


class _Layout(Protocol):
    def read(self, lines: Lines) -> Record | None:
        """Return the next row, None for a blank line; StopIteration at the end."""


class _JsonLines:
    def read(self, lines: Lines) -> Record | None:
        text = next(lines)
        if not text.strip():
            return None
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"line {lines.place.line - 1} is not JSON: {error}") from None
        if not isinstance(record, dict):
            raise DataError(f"line {lines.place.line - 1} must be a JSON object; got {type(record).__name__}")
        return record


@dataclass(frozen=True, slots=True)
class _Delimited:
    separator: str
    names: tuple[str, ...]
    image: str

    def read(self, lines: Lines) -> Record | None:
        line = lines.place.line
        cells = cells_of(lines, self.separator)
        if not cells:
            return None
        swallowed = swallowed_row(cells, self.separator, self.names.index(self.image)) if self.image else ""
        if swallowed:
            raise DataError(
                f'line {line} opens a quote (") that swallows the rows after it, such as that of {swallowed}: double '
                "the quotes inside cells, or save the table as TSV, where a quote is a letter"
            )
        if len(cells) > len(self.names) and any(cells[len(self.names) :]):
            raise DataError(
                f"the row has {len(cells)} cells where the first line names {len(self.names)} columns: "
                "quote what holds the separator"
            )
        return dict(zip(self.names, cells, strict=False))


_Head = tuple[_Layout, Place, Columns]  # how to read the rows, where the first lies, which column is what


def _delimited(file: IO[bytes], start: Place, name: str, needs_both: bool) -> _Head:
    """Return the head by the first line that names the columns which are needed; above it may stand comments.

    Raises:
        DataError: no line does, or one below lines that are no comments.
    """
    start, separators = _before_names(file, start)
    found = _named(file, start, name, separators, needs_both)
    first, problem = start, found
    without_names = _without_names(file, start) if needs_both and isinstance(found, DataError) else None
    if without_names is not None:
        return without_names
    are_comments = True
    while isinstance(found, DataError) and start.line < _MOST_ABOVE:
        lines = Lines(file, start)
        try:
            are_comments &= next(lines).lstrip().startswith(_COMMENTS)
            start, _ = _before_names(file, lines.place)
            found = _named(file, start, name, separators, needs_both)
        except (StopIteration, DataError):
            break
    if not isinstance(found, DataError) and are_comments:
        return found
    if isinstance(problem, DataError):
        above = "" if isinstance(found, DataError) else f"; line {start.line} does: delete the lines above it"
        raise DataError(f"{problem}{above}" if above else str(problem))
    raise DataError(f"{name}, line {first.line} names no columns")


def _named(file: IO[bytes], start: Place, name: str, separators: str, needs_both: bool) -> _Head | DataError:
    """Return the head that a line of names gives by the first separator that fits, or why it gives none."""
    problem = DataError(f"{name} must have a first line that names the columns; it is empty")
    for separator in separators:
        lines = Lines(file, start)
        try:
            cells = [cell.strip() for cell in cells_of(lines, separator)]
            names = distinct_names([cell.lstrip("#").strip() for cell in cells[:1]] + cells[1:])
            columns = find_columns(names, name, needs_both=needs_both)
            return _Delimited(separator, names, columns.image), lines.place, columns
        except StopIteration:
            return problem
        except DataError as error:
            problem = error if separator in (separators[0], ",") else problem
    return problem


def _before_names(file: IO[bytes], start: Place) -> tuple[Place, str]:
    """Return where the names stand, behind blank lines and Excel's `sep=;`, and what may separate cells."""
    separators = _SEPARATORS
    while True:
        lines = Lines(file, start)
        try:
            line = next(lines).strip("\r\n")
        except (StopIteration, DataError):
            return start, separators
        if line.lower().startswith("sep=") and line[4:] in tuple(_SEPARATORS):
            separators = line[4:]
        elif line.strip():
            return start, separators
        start = lines.place


def _without_names(file: IO[bytes], start: Place) -> _Head | None:
    """Return the head of a table whose first line is a row: of two cells one is an image's name; else None."""
    for separator in _SEPARATORS:
        with suppress(DataError, StopIteration):
            cells = cells_of(Lines(file, start), separator)
            are_pictures = [cell.strip().rpartition(".")[2].lower() in IMAGE_SUFFIXES for cell in cells]
            if sorted(are_pictures) == [False, True]:
                names = ("filepath", "caption") if are_pictures[0] else ("caption", "filepath")
                return _Delimited(separator, names, "filepath"), start, find_columns(names, "")
    return None


def _json_lines(file: IO[bytes], start: Place, name: str, needs_both: bool) -> _Head:
    """Return the head by the keys of the first row that can be read."""
    place, problem = start, "it is empty"
    while True:
        lines = Lines(file, place)
        try:
            record = _JsonLines().read(lines)
        except StopIteration:
            raise DataError(f"{name} must have a JSON object a line; {problem}") from None
        except DataError as error:
            problem = str(error) if problem == "it is empty" else problem
            record = None
        if record:
            return _JsonLines(), start, find_columns(list(record), name, needs_both=needs_both)
        place = lines.place


def _start(file: IO[bytes]) -> int:
    file.seek(0)
    head = file.read(4)
    return len(_BOM) if head.startswith(_BOM) else 0
