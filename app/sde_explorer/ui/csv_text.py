"""Rows as CSV that no spreadsheet takes for formulas: the one writer of every table that the dashboard hands out."""

import csv
import io
import math
from collections.abc import Mapping, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of equal columns as CSV with a header; what is not finite is empty.

    Captions, metadata and the names of their columns come from whoever made the set: a text that a spreadsheet
    would run gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    if rows:
        writer.writerow([_cell(name) for name in rows[0]])
    for row in rows:
        writer.writerow([_cell(row[name]) for name in rows[0]])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
