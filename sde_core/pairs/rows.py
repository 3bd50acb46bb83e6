"""Rows of a CSV, TSV or JSONL table, each with the place where it lies, so that any one can be read again."""

import csv
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import IO, Protocol

from sde_core.errors import DataError
from sde_core.pairs.columns import Columns, find_columns
from sde_core.pairs.limits import MAX_ROW_BYTES
from sde_core.pairs.member_names import IMAGE_SUFFIXES
from sde_core.pairs.tab_separated import MOST_LINES, opens_quote, quoted_cells, tab_cells

JSON_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", *JSON_SUFFIXES)
_SEPARATORS = "\t,;|"
_BOM = b"\xef\xbb\xbf"

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row lies: byte offset, and number of its first line."""

    offset: int
    line: int


class Rows:
    """The rows of a table in an open file, from any thread.

    Args:
        file: seekable, in UTF-8 with or without a byte order mark.
        name: of the table, whose suffix says how to read it.
        needs_both: whether a table of pictures alone, or of captions alone, is refused.

    Attributes:
        columns: which column is what.

    Raises:
        DataError: the table is empty, in another encoding, or lacks a column that is needed.
    """

    def __init__(self, file: IO[bytes], name: str, *, needs_both: bool = True) -> None:
        self.name = name
        self._file = file
        self._lock = Lock()
        start = Place(_start(file, name), 1)
        head = _json_lines if name.lower().endswith(JSON_SUFFIXES) else _delimited
        self._layout, self._first, self.columns = head(file, start, name, needs_both)

    def scan(self) -> Iterator[tuple[Place, Record | DataError]]:
        """Yield every row with its place, or the reason why it cannot be read; blank lines are passed over."""
        place = self._first
        while True:
            with self._lock:
                lines = _Lines(self._file, place)
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
                record = self._layout.read(_Lines(self._file, place))
            except StopIteration:
                record = None
        if record is None:
            raise DataError(f"{self.name} has changed while it was read: open it again")
        return record


class _Lines:
    """Decoded lines of one row from ``place`` on, which moves along; `csv.reader` draws from it."""

    def __init__(self, file: IO[bytes], place: Place) -> None:
        self._file = file
        self._begin = place
        self.place = place
        self.after_first = place
        self.ended = False
        file.seek(place.offset)

    def __iter__(self) -> "_Lines":
        return self

    def go_back(self, place: Place) -> None:
        """Read on from a place that was passed."""
        self.place, self.ended = place, False
        self._file.seek(place.offset)

    def __next__(self) -> str:
        room = MAX_ROW_BYTES - (self.place.offset - self._begin.offset)
        content = self._file.readline(room + 1)
        if not content:
            self.ended = True
            raise StopIteration
        too_long = len(content) > room
        end = self.place.offset + len(content)
        if too_long:
            while content and not content.endswith(b"\n"):
                content = self._file.readline(1 << 20)
                end += len(content)
        self.place = Place(end, self.place.line + 1)
        if self.after_first == self._begin:
            self.after_first = self.place
        if too_long:
            raise DataError(f"line {self._begin.line} has more than {MAX_ROW_BYTES:,} bytes")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"line {self.place.line - 1} is not UTF-8: {error.reason} at its byte {error.start}; "
                "save the table as UTF-8"
            ) from None


class _Layout(Protocol):
    def read(self, lines: _Lines) -> Record | None:
        """Return the next row, None for a blank line; StopIteration at the end."""


class _JsonLines:
    def read(self, lines: _Lines) -> Record | None:
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

    def read(self, lines: _Lines) -> Record | None:
        line = lines.place.line
        cells = _cells(lines, self.separator)
        if not cells:
            return None
        swallowed = _swallowed(cells, self.separator, self.names.index(self.image)) if self.image else ""
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


def _cells(lines: _Lines, separator: str) -> list[str]:
    """Return the cells of the next row; a quote that stays open costs its own line only."""
    if separator == "\t":
        return _tab_cells(lines)
    line = lines.place.line
    try:
        cells = next(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise DataError(f"line {line} cannot be read: {error}") from None
    if lines.ended:
        raise DataError(f'line {line} opens a quote (") that is never closed')
    return cells


def _tab_cells(lines: _Lines) -> list[str]:
    """Return the cells of the next line; of more lines only where the last cell is quoted and goes on there."""
    text = next(lines)
    line = text.rstrip("\r\n")
    if opens_quote(line) and quoted_cells(line) is None:
        after = lines.place
        for _ in range(MOST_LINES - 1):
            try:
                text += next(lines)
            except (StopIteration, DataError):
                break
            if '"' in text and (cells := quoted_cells(text.rstrip("\r\n"))) is not None:
                return cells
        lines.go_back(after)
    return tab_cells(line) if line.strip() else []


def _swallowed(cells: list[str], separator: str, image: int) -> str:
    """Return the picture of a row that lies inside a cell because of an open quote; "" where there is none.

    A caption may hold line breaks and separators; a line of it with a picture's name in the very column is a row.
    """
    for cell in cells:
        for line in cell.split("\n")[1:]:
            inner = line.split(separator)
            name = inner[image].strip().strip('"') if len(inner) > image else ""
            if separator in line and name.rpartition(".")[2].lower() in IMAGE_SUFFIXES and "." in name:
                return name
    return ""


_Head = tuple[_Layout, Place, Columns]  # how to read the rows, where the first lies, which column is what


def _delimited(file: IO[bytes], start: Place, name: str, needs_both: bool) -> _Head:
    """Return the head by the first separator that gives the columns which are needed."""
    problem: DataError | None = None
    start, separators = _before_names(file, start)
    for separator in separators:
        lines = _Lines(file, start)
        try:
            names = tuple(cell.strip() for cell in _cells(lines, separator))
            columns = find_columns(names, name, needs_both=needs_both)
            return _Delimited(separator, names, columns.image), lines.place, columns
        except StopIteration:
            raise DataError(f"{name} must have a first line that names the columns; it is empty") from None
        except DataError as error:
            problem = error if problem is None or separator == "," else problem
    without_names = _without_names(file, start) if needs_both else None
    if without_names is not None:
        return without_names
    raise DataError(str(problem))


def _before_names(file: IO[bytes], start: Place) -> tuple[Place, str]:
    """Return where the names stand, behind blank lines and Excel's `sep=;`, and what may separate cells."""
    separators = _SEPARATORS
    while True:
        lines = _Lines(file, start)
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
    """Return the head of a table whose first line is a row: of two cells one is a picture's name; else None."""
    for separator in _SEPARATORS:
        with suppress(DataError, StopIteration):
            cells = _cells(_Lines(file, start), separator)
            are_pictures = [cell.strip().rpartition(".")[2].lower() in IMAGE_SUFFIXES for cell in cells]
            if sorted(are_pictures) == [False, True]:
                names = ("filepath", "caption") if are_pictures[0] else ("caption", "filepath")
                return _Delimited(separator, names, "filepath"), start, find_columns(names, "")
    return None


def _json_lines(file: IO[bytes], start: Place, name: str, needs_both: bool) -> _Head:
    """Return the head by the keys of the first row that can be read."""
    place, problem = start, "it is empty"
    while True:
        lines = _Lines(file, place)
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


def _start(file: IO[bytes], name: str) -> int:
    file.seek(0)
    head = file.read(4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{name} must be UTF-8; it is UTF-16: save it as UTF-8")
    return len(_BOM) if head.startswith(_BOM) else 0
