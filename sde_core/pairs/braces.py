"""Brace expansion as shells and webdataset write it: `{000..010}`, `{a,b}`."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sde_core.errors import DataError

MAX_NAMES = 100_000
"""Shards in one set: a range above it is a slip of the keyboard."""

_MOST_BRACES = 64
_RANGE = re.compile(r"(-?\d{1,15})\.\.(-?\d{1,15})(?:\.\.(\d{1,15}))?")
_INNERMOST = re.compile(r"\{([^{}]*)\}")


def expand_braces(pattern: str) -> list[str]:
    """Return the names that ``pattern`` stands for, in order; one without braces stands for itself.

    Zeros in front fix the width. A brace without comma or range stays as it is.

    Raises:
        DataError: it stands for more than `MAX_NAMES` names.

    >>> expand_braces("{train,val}-{08..10}.tar")[:4]
    ['train-08.tar', 'train-09.tar', 'train-10.tar', 'val-08.tar']
    """
    is_long = _is_long(pattern)
    names = [] if is_long else list(islice(_expanded(pattern), MAX_NAMES + 1))
    if is_long or len(names) > MAX_NAMES:
        raise DataError(
            f"the pattern must stand for at most {MAX_NAMES:,} shards; got {pattern!r:.200}, which has more"
        )
    return names


def _is_long(pattern: str) -> bool:
    """Return whether a pattern stands for too many names, before the first is made: braces multiply each other."""
    count = 1
    for _ in range(_MOST_BRACES):
        found = _first_choice(pattern)
        if found is None:
            return count > MAX_NAMES
        left, choices, right = found
        count, pattern = count * len(choices), left + choices[0] + right
    return True


def _expanded(pattern: str) -> Iterator[str]:
    """Yield the names; innermost braces first, each with what lies left and right of it."""
    found = _first_choice(pattern)
    if found is None:
        yield pattern
        return
    left, choices, right = found
    for choice in choices:
        yield from _expanded(left + choice + right)


def _first_choice(pattern: str) -> tuple[str, Sequence[str], str] | None:
    """Return the first innermost braces that stand for something, with what lies left and right of them."""
    for match in _INNERMOST.finditer(pattern):
        choices = _choices(match[1])
        if choices is not None:
            return pattern[: match.start()], choices, pattern[match.end() :]
    return None


class _Numbers(Sequence[str]):
    """Numbers of a range, written when they are read.

    Args:
        numbers: the range.
        width: that zeros in front fill up.
    """

    def __init__(self, numbers: range, width: int) -> None:
        self._numbers, self._width = numbers, width

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401  (a sequence's)
        return f"{self._numbers[place]:0{self._width}d}"


def _choices(inside: str) -> Sequence[str] | None:
    if (numbers := _RANGE.fullmatch(inside)) is not None:
        return _numbers(numbers[1], numbers[2], int(numbers[3] or 1) or 1)
    return inside.split(",") if "," in inside else None


def _numbers(first: str, last: str, step: int) -> Sequence[str]:
    padded = any(re.match(r"-?0\d", end) for end in (first, last))
    width = max(len(first), len(last)) if padded else 0
    begin, end = int(first), int(last)
    way = step if end >= begin else -step
    return _Numbers(range(begin, end + (1 if way > 0 else -1), way), width)
