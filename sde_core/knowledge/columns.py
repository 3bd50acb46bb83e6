"""Columns of a set as what can be explained: categories, numbers, hues; and why a column says nothing.

The rules, written down once:

- text and truth values are categories; so are whole numbers with at most one value for every twenty rows;
- other numbers are numbers; dates, also as ISO text, are numbers of seconds;
- "", None, NaN and NaT are gaps: their rows are left out of that column, and counted;
- a column of one value, of fewer than `FEWEST` known rows, or with more than one value for every five rows, says
  nothing; the reason is kept beside its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.errors import ConfigError, DataError

Kind = Literal["category", "number", "hue"]
FEWEST = 8
"""Known rows below which a column says nothing."""

_ROWS_A_CATEGORY = 20
_ROWS_A_VALUE = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Column:
    """One column, ready to be explained.

    Attributes:
        name: of the column.
        kind: "category", "number", or "hue" (a circle of 360 degrees).
        codes: (m,) int64 number of each row's value, -1 for a gap; of categories.
        values: names of the categories, in the order of their codes; empty otherwise.
        numbers: (m, p) float64, NaN for a gap; one column of numbers, or cosine and sine of a hue.
        reason: why it says nothing; "" if it may.
        is_modelled: whether ``numbers`` stand for the column, of whatever kind, and what is taken off first.
    """

    name: str
    kind: Kind
    codes: npt.NDArray[np.int64]
    values: tuple[str, ...]
    numbers: npt.NDArray[np.float64]
    reason: str = ""
    is_modelled: bool = False

    __repr__ = brief

    @property
    def has_groups(self) -> bool:
        """Whether its model is the means of its categories."""
        return self.kind == "category" and not self.is_modelled

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(m,) whether the row has a value."""
        known = self.codes >= 0 if self.has_groups else ~np.isnan(self.numbers).any(axis=1)
        return np.asarray(known, dtype=np.bool_)

    @property
    def n_gaps(self) -> int:
        """Rows without a value."""
        return int((~self.known).sum())

    @classmethod
    def of(cls, name: str, values: npt.ArrayLike, kind: Kind | None = None) -> "Column":
        """Return a column of ``values``, (m,) of one kind; ``kind`` None decides by the rules above.

        Raises:
            DataError: not one value a row.
            ConfigError: the kind is unknown, or the values are no numbers though the kind asks for them.

        >>> Column.of("style", ["a", "b", "", "a"]).codes
        array([ 0,  1, -1,  0])
        """
        array = np.asarray(values)
        if array.ndim != 1:
            raise DataError(f"column {name} must hold one value a row; got shape {array.shape}")
        if kind not in (None, "category", "number", "hue"):
            raise ConfigError(f"kind of column {name} must be category, number or hue; got {kind!r}")
        if kind != "category":
            numbers = _as_numbers(array)
            if numbers is None and kind is not None:
                raise ConfigError(f"column {name} must hold numbers to be read as a {kind}")
            if numbers is not None and (kind is not None or _is_measured(numbers, array)):
                return _of_numbers(name, numbers, kind or "number")
        return _of_categories(name, array)


def column_kinds(metadata: Mapping[str, npt.ArrayLike]) -> dict[str, str]:
    """Return of each column how it is read, or why it says nothing."""
    columns = (Column.of(name, values) for name, values in metadata.items())
    return {column.name: column.reason or column.kind for column in columns}


def standardised(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (m, p) numbers less their mean, by their deviation; a gap stays one, and what does not vary is 0."""
    if not numbers.size:
        return numbers
    spread = np.maximum(np.nanstd(numbers, axis=0), 1e-300)
    found: npt.NDArray[np.float64] = (numbers - np.nanmean(numbers, axis=0)) / spread
    return found


def _as_numbers(array: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Return numbers, dates as seconds; None for text that is no date, and for truth values."""
    if array.dtype.kind == "M":
        seconds = array.astype("datetime64[s]")
        return np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64))
    if array.dtype.kind in "iuf":
        return array.astype(np.float64)
    if array.dtype.kind in "US" and len(array) and "-" in str(array[0]):
        try:
            return _as_numbers(np.where(array == "", "NaT", array).astype("datetime64[s]"))
        except ValueError:
            return None
    return None


def _is_measured(numbers: npt.NDArray[np.float64], array: npt.NDArray[Any]) -> bool:
    if array.dtype.kind == "f" and not _whole(numbers):
        return True
    known = numbers[~np.isnan(numbers)]
    return len(np.unique(known)) > max(2, len(known) // _ROWS_A_CATEGORY)


def _whole(numbers: npt.NDArray[np.float64]) -> bool:
    known = numbers[np.isfinite(numbers)]
    return bool((known == np.round(known)).all())


def _of_numbers(name: str, numbers: npt.NDArray[np.float64], kind: Kind) -> Column:
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    known = numbers[~np.isnan(numbers)]
    reason = _too_few(len(known))
    if not reason and known.min() == known.max():
        reason = "it has one value only"
    angle = np.deg2rad(numbers)
    return Column(
        name=name,
        kind=kind,
        codes=np.full(len(numbers), -1, dtype=np.int64),
        values=(),
        numbers=np.stack([np.cos(angle), np.sin(angle)], axis=1) if kind == "hue" else numbers[:, None],
        reason=reason,
    )


def _of_categories(name: str, array: npt.NDArray[Any]) -> Column:
    # Text has no other gap than "", and needs no look at each value.
    told = array if array.dtype.kind == "U" else ["" if _is_gap(v) else str(v) for v in array.tolist()]
    text = np.array(told, dtype=str)
    values, codes = np.unique(text, return_inverse=True)
    if len(values) and values[0] == "":
        values, codes = values[1:], codes - 1
    n_known = int((codes >= 0).sum())
    reason = _too_few(n_known)
    if not reason and len(values) == 1:
        reason = "it has one value only"
    if not reason and len(values) > n_known / _ROWS_A_VALUE:
        reason = (
            f"it has {len(values):,} values for {n_known:,} rows, more than one for every {_ROWS_A_VALUE}"
        )
    return Column(
        name=name,
        kind="category",
        codes=codes.astype(np.int64),
        values=tuple(values.tolist()),
        numbers=np.empty((len(array), 0)),
        reason=reason,
    )


def _is_gap(value: object) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _too_few(n_known: int) -> str:
    return f"it is known of {n_known:,} rows only" if n_known < FEWEST else ""
