"""Lines of tab-separated values, whose writers disagree on quotes: for some they quote, for most they are letters."""

import csv
import io
from collections.abc import Sequence
from typing import Literal

MOST_LINES = 20
"""Lines that one row may take where its last cell is quoted and holds line breaks."""

_STYLES: tuple[Literal[0, 1], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)


def tab_cells(line: str) -> list[str]:
    r"""Return the cells of a line without its end: a quote is a letter, unless a CSV writer quoted the whole line.

    That is so if writing the unquoted cells again gives the very line; of one cell alone that would say nothing.

    >>> tab_cells('5" disk\tx'), tab_cells('"so" he said'), tab_cells('a.jpg\t"5"" disk"')
    (['5" disk', 'x'], ['"so" he said'], ['a.jpg', '5" disk'])
    """
    raw = line.split("\t")
    if '"' not in line:
        return raw
    return quoted_cells(line) or raw


def quoted_cells(text: str) -> list[str] | None:
    """Return the cells of a row that a CSV writer wrote with tabs, or None if none would have written it so."""
    try:
        (cells,) = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    except (csv.Error, ValueError):
        return None
    if any("\n" in cell and "\t" in cell for cell in cells):
        return None  # rather the rows that lie between two cells with a quote each
    styles = _STYLES if len(cells) > 1 else _STYLES[:1]
    return cells if any(_written(cells, style) == text for style in styles) else None


def opens_quote(line: str) -> bool:
    """Return whether the last cell of a line starts with a quote and may go on in the next line."""
    return line.rpartition("\t")[2].startswith('"')


def _written(cells: Sequence[str], style: Literal[0, 1]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t", quoting=style, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n")
