"""Cells of a delimited row, and the lines that they stand in, from any place of a file."""

import csv
from dataclasses import dataclass
from typing import IO

from sde_core.errors import DataError
from sde_core.pairs.limits import MAX_ROW_BYTES
from sde_core.pairs.member_names import IMAGE_SUFFIXES
from sde_core.pairs.tab_separated import MOST_LINES, opens_quote, quoted_cells, tab_cells


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row lies: byte offset, and number of its first line."""

    offset: int
    line: int


class Lines:
    """Decoded lines of one row from ``place`` on, which moves along; `csv.reader` draws from it."""

    def __init__(self, file: IO[bytes], place: Place) -> None:
        self._file = file
        self._begin = place
        self.place = place
        self.after_first = place
        self.ended = False
        file.seek(place.offset)

    def __iter__(self) -> "Lines":
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


def cells_of(lines: Lines, separator: str) -> list[str]:
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


def _tab_cells(lines: Lines) -> list[str]:
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


def swallowed_row(cells: list[str], separator: str, image: int) -> str:
    """Return the image of a row that lies inside a cell because of an open quote; "" where there is none.

    A caption may hold line breaks and separators; a line of it with an image's name in the very column is a row.
    """
    for cell in cells:
        for line in cell.split("\n")[1:]:
            inner = line.split(separator)
            name = inner[image].strip().strip('"') if len(inner) > image else ""
            if separator in line and name.rpartition(".")[2].lower() in IMAGE_SUFFIXES and "." in name:
                return name
    return ""
