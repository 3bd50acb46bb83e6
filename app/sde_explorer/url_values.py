"""What a value of the link may be, and how a selection of numbers becomes a short text. No streamlit here."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sde_core.checks.settings import Range

MOST_LETTERS = 2_000
"""Of a selection in a link: browsers and mail programs keep addresses of this size whole."""

MOST_NAME = 80
"""Letters of the name that a person gives a direction."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_RUN = re.compile(r"([0-9a-z]{1,7})(?:-([0-9a-z]{1,7}))?")


def wrong_number(text: str, limits: Range, *, whole: bool) -> str:
    """Return what is wrong with a number of the link; empty if nothing is."""
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = math.nan
    if limits.holds(value):
        return ""
    return f"must be {'a whole number' if whole else 'a number'} from {limits.low:g} to {limits.high:g}"


@dataclass(frozen=True, slots=True)
class Numbers:
    """A field that is a selection: ascending whole numbers, such as rows; other data empties it.

    Attributes:
        most: how many numbers there may be.
        highest: the largest number that there may be.
    """

    most: int = 100_000
    highest: int = 99_999_999

    def wrong(self, text: str) -> str:
        """Return what is wrong with a value of the link; empty if nothing is."""
        try:
            self.read(text)
        except ValueError:
            limits = f"at most {self.most:,} numbers up to {self.highest:,}"
            return f"must be a selection of {limits}, as this page writes it"
        return ""

    def read(self, text: str) -> tuple[int, ...]:
        """Return the numbers that a text of `numbers_as_text` stands for.

        Raises:
            ValueError: it is no such text, or holds too many or too large numbers.
        """
        found: list[int] = []
        reached = -1
        for run in text.split(".") if text else ():
            parts = _RUN.fullmatch(run)
            if parts is None:
                raise ValueError(f"not a run of numbers: {run!r}")
            first, more = reached + 1 + int(parts[1], 36), int(parts[2] or "0", 36)
            if len(found) + more >= self.most or first + more > self.highest:
                raise ValueError("too many or too large numbers")
            found += range(first, first + more + 1)
            reached = first + more
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Place:
    """A field that may hold a path of the server; an address says an id for it."""


def numbers_as_text(numbers: Iterable[int]) -> str:
    """Return whole numbers of at least 0 as a short text: runs, each by its distance from the one before, base 36.

    >>> numbers_as_text([0, 1, 2, 3, 10, 50_000])
    '0-3.6.12kl'
    >>> Numbers().read("0-3.6.12kl")
    (0, 1, 2, 3, 10, 50000)
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    ends = [-1, *(last for _, last in runs)]
    return ".".join(
        _run(first - end - 1, last - first) for (first, last), end in zip(runs, ends, strict=False)
    )


def _run(gap: int, more: int) -> str:
    return _base36(gap) if not more else f"{_base36(gap)}-{_base36(more)}"


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits


def named_directions(names: Sequence[str], side: str) -> dict[int, str]:
    """Return the names that a person gave to directions of one modality, by number.

    Args:
        names: "image 4 yellow against blue", as a link holds them; what is not of this form is passed over.
        side: "image" or "text".
    """
    found = {}
    for name in names:
        whose, _, rest = name.partition(" ")
        number, _, words = rest.partition(" ")
        if whose == side and number.isdecimal() and words.strip():
            found[int(number)] = words.strip()[:MOST_NAME]
    return found


def with_name(names: Sequence[str], side: str, number: int, name: str) -> tuple[str, ...]:
    """Return the names with that of one direction set, or taken away where ``name`` is empty."""
    start = f"{side} {number} "
    kept = [one for one in names if not one.startswith(start)]
    words = " ".join(name.split())[:MOST_NAME]
    return (*kept, f"{start}{words}") if words else tuple(kept)
