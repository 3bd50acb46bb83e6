"""Brace expansion as shells and webdataset write it: `{000..010}`, `{a,b}`."""

import re
from collections.abc import Iterator
from itertools import islice

from sde_core.errors import DataError

MAX_NAMES = 100_000
"""Shards in one set: a range above it is a slip of the keyboard."""

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(\d+))?")


def expand_braces(pattern: str) -> list[str]:
    """Return the names that ``pattern`` stands for, in order; one without braces stands for itself.

    Zeros in front fix the width. A brace without comma or range stays as it is.

    Raises:
        DataError: it stands for more than `MAX_NAMES` names.

    >>> expand_braces("{train,val}-{08..10}.tar")[:4]
    ['train-08.tar', 'train-09.tar', 'train-10.tar', 'val-08.tar']
    """
    names = list(islice(_expanded(pattern), MAX_NAMES + 1))
    if len(names) > MAX_NAMES:
        raise DataError(
            f"the pattern must stand for at most {MAX_NAMES:,} shards; got {pattern!r}, which has more"
        )
    return names


def _expanded(pattern: str) -> Iterator[str]:
    """Yield the names; innermost braces first, each with what lies left and right of it."""
    for match in re.finditer(r"\{([^{}]*)\}", pattern):
        choices = _choices(match[1])
        if choices is not None:
            for choice in choices:
                yield from _expanded(pattern[: match.start()] + choice + pattern[match.end() :])
            return
    yield pattern


def _choices(inside: str) -> Iterator[str] | None:
    if (numbers := _RANGE.fullmatch(inside)) is not None:
        return _numbers(numbers[1], numbers[2], int(numbers[3] or 1) or 1)
    return iter(inside.split(",")) if "," in inside else None


def _numbers(first: str, last: str, step: int) -> Iterator[str]:
    padded = any(re.match(r"-?0\d", end) for end in (first, last))
    width = max(len(first), len(last)) if padded else 0
    begin, end = int(first), int(last)
    way = step if end >= begin else -step
    return (f"{n:0{width}d}" for n in range(begin, end + (1 if way > 0 else -1), way))
