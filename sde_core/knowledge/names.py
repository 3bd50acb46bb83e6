"""Names for directions: the values, words and numbers that each knows best, with the end that they lie at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from sde_core.checks.brief import brief
from sde_core.errors import DataError
from sde_core.knowledge.bands import RATE
from sde_core.knowledge.explained import false_discoveries
from sde_core.knowledge.result import BandKnowledge, ColumnKnowledge

NOTHING = "nothing we know of"
OF_THE_MAKERS = ("split", "license", "source")
"""Columns that divide a set for its makers and say nothing of the images: they name no direction."""

# Shares of a direction's variance below which a number or a word is not worth its place in a name.
_LEAST_NUMBER, _LEAST_WORD = 0.05, 0.02
_MOST_NUMBERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionName:
    """What a direction is named after; the signs are those of its coefficients.

    Attributes:
        number: of the direction, from 1.
        plus: values and words at its upper end, the best known first.
        minus: those at its lower end.
        numbers: numbers that go with it, each with the share of its variance, negative if they fall along it.
        own: what a person calls it; "" if nobody named it.
    """

    number: int
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    own: str = ""

    __repr__ = brief

    def __str__(self) -> str:
        """Return the name in one line.

        >>> str(DirectionName(number=4, plus=("flags",), minus=("faces",), numbers=(("yellow-blue", -0.15),)))
        '+ flags, − faces; yellow-blue −0.15'
        """
        if self.own:
            return self.own
        ends = ", ".join((*(f"+ {word}" for word in self.plus), *(f"− {word}" for word in self.minus)))
        numbers = ", ".join(f"{name} {share:.2f}".replace("-0.", "−0.") for name, share in self.numbers)
        return "; ".join(part for part in (ends, numbers) if part) or NOTHING


def direction_names(*known: BandKnowledge, rate: float = RATE) -> tuple[DirectionName, ...]:
    """Return a name for every direction, from what is known of it; `NOTHING` where no test stays.

    The tests of all columns and directions of all that is given are corrected together: at most a share ``rate`` of
    the names' parts is false. A name holds the two ends of the category that is known best, one word of the captions
    an end (2 % of the variance at least) and two numbers (5 %); a value is an end only if its mean lies more than two
    standard errors from that of all.

    Args:
        known: one or more, of the same directions, such as of metadata and of what `set_columns` makes.
        rate: accepted share of false discoveries.

    Raises:
        DataError: nothing is given, or the directions are others.
    """
    if not known:
        raise DataError("known must be given at least once; got nothing")
    rank = len(known[0].labels)
    if any(len(one.labels) != rank or one.side != known[0].side for one in known):
        raise DataError("known must be of the same directions; they differ in side or number")
    columns = [column for one in known for column in one.columns if not column.reason and len(column.effect)]
    columns = [column for column in columns if column.name not in OF_THE_MAKERS]
    if not columns:
        return tuple(DirectionName(number=j + 1) for j in range(rank))
    kept = false_discoveries(torch.stack([column.p_value for column in columns]), rate).numpy()
    # Numbers of Python and numpy: a tensor's are asked for one at a time, and who serves many waits for each.
    said = [_Said(column, column.known.tolist(), column.effect.numpy(), _word(column)) for column in columns]
    return tuple(
        _name(j, sorted((said[i] for i in np.flatnonzero(kept[:, j])), key=lambda one: -one.known[j]))
        for j in range(rank)
    )


def renamed(names: Sequence[DirectionName], own: dict[int, str]) -> tuple[DirectionName, ...]:
    """Return the names with those that a person gave, by number of the direction."""
    return tuple(replace(name, own=own.get(name.number, name.own)) for name in names)


class _Said(NamedTuple):
    """A column, with its shares and effects as numbers, and what it is about where it is a word."""

    column: ColumnKnowledge
    known: list[float]
    effect: npt.NDArray[Any]
    word: tuple[str, int] | None


def _name(j: int, columns: Sequence[_Said]) -> DirectionName:
    """Return the name of direction j from the columns that it knows, best first."""
    ends: dict[bool, list[str]] = {True: [], False: []}
    numbers: list[tuple[str, float]] = []
    has_category = False
    for column, known, effect, word in columns:
        share = known[j]
        if column.kind == "number":
            if share >= _LEAST_NUMBER and len(numbers) < _MOST_NUMBERS:
                numbers.append((column.name, share if effect[0, j] > 0 else -share))
        elif column.kind == "hue":
            if share >= _LEAST_NUMBER and len(numbers) < _MOST_NUMBERS:
                numbers.append((column.name, share))
        elif word is not None:
            name, row = word
            up = bool(effect[row, j] > 0)
            is_told = any(name.strip("“”") in told.lower() for told in ends[up])
            if share >= _LEAST_WORD and len(ends[up]) < 2 and not is_told and effect[row, j]:
                ends[up].append(name)
        elif not has_category:
            has_category = True
            for up, row in ((True, int(effect[:, j].argmax())), (False, int(effect[:, j].argmin()))):
                if effect[row, j] * (1 if up else -1) > 0:
                    ends[up].insert(0, column.values[row])
    return DirectionName(
        number=j + 1, plus=tuple(ends[True][:2]), minus=tuple(ends[False][:2]), numbers=tuple(numbers)
    )


def _word(column: ColumnKnowledge) -> tuple[str, int] | None:
    """Return what a column of two values is about and the row of the value that has it; None if it has two sides."""
    values = column.values
    if len(values) != 2:
        return None
    for row in (0, 1):
        if values[1 - row] == f"no {values[row]}":
            return column.name, row
        if (values[1 - row].lower(), values[row].lower()) == ("false", "true"):
            return column.name, row
    return None
