"""The same search for every method, on validation alone."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.evidence.methods import METHODS

SHARED: dict[str, tuple[Any, ...]] = {
    "rate": (5e-4, 1e-3, 2e-3, 4e-3),
    "decay": (0.01, 0.1, 1.0),
    "steps": (80, 160),
    "batch": (256,),
    "dropout": (0.0, 0.5),
    "temperature": (0.04, 0.08),
}
"""Knobs of every method."""
_ELSE: dict[str, dict[str, tuple[Any, ...]]] = {
    "pairs-500": {"batch": (128,)},
    "finetune": {"rate": (1e-4, 3e-4, 1e-3)},
}
FIRST_SEED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a search may do.

    Attributes:
        first: configurations to begin with, tried with the first seed.
        moves: one-knob changes of the best one so far, tried with the first seed; kept where they are better.
        best: configurations that are tried again.
        again: with how many more seeds.
    """

    first: int
    moves: int
    best: int = 2
    again: int = 1

    def longer(self, more: int) -> "Budget":
        """Return the budget with more moves."""
        return replace(self, moves=self.moves + more)


START = {"styles": Budget(first=8, moves=10), "": Budget(first=6, moves=8)}
"""Regime -> search of InfoNCE that every method starts from; "" stands for the others."""
OWN = Budget(first=4, moves=6)
"""Search of every method from there on; InfoNCE takes all of it as moves."""
SHORT = Budget(first=4, moves=0, best=1, again=0)
"""Search of the parts: their own knobs alone, at the shared knobs that InfoNCE's short search ended with."""

Knobs = dict[str, Any]
Score = Callable[[Knobs, int], float]
"""(knobs, seed) -> validation score."""


def spaces(method: str, regime: str) -> dict[str, tuple[Any, ...]]:
    """Return every knob of a method with the values that it may take."""
    return {**SHARED, **_ELSE.get(regime, {}), **METHODS[method].own}


def draws(method: str, regime: str, count: int, start: Knobs | None = None) -> list[Knobs]:
    """Return different configurations to begin with.

    Each knob's values come equally often (up to one), in an order drawn for the knob: draw i of a knob is the same for
    every method that has it.

    Args:
        method: whose knobs.
        regime: for the values.
        count: at most so many.
        start: values of the shared knobs, or None to draw those too.
    """
    columns = {
        name: _column(f"{regime}/{name}", values, count) for name, values in spaces(method, regime).items()
    }
    found: list[Knobs] = []
    for i in range(count):
        knobs = {name: column[i] for name, column in columns.items()} | (start or {})
        if knobs not in found:
            found.append(knobs)
    return found


def _column(name: str, values: Sequence[Any], count: int) -> list[Any]:
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(count)
    return [values[i % len(values)] for i in order]


def tuned(space: Mapping[str, Sequence[Any]], first: Sequence[Knobs], score: Score, budget: Budget) -> Knobs:
    """Return the configuration with the best validation score.

    Moves start from the best of the first ones; the best of all are tried with more seeds, and the best mean wins, the
    earlier one on a tie. What the first ones leave of the budget goes into moves.

    Args:
        space: every knob with its values.
        first: configurations to begin with, ``budget.first`` of them or fewer.
        score: of a configuration with a seed.
        budget: as many trainings as it says, whatever the method.
    """
    tried = [(score(knobs, FIRST_SEED), knobs) for knobs in first]
    for place in range(budget.first + budget.moves - len(first)):
        now = max(tried, key=lambda t: t[0])[1]
        moved = _moved(now, space, [knobs for _, knobs in tried], place)
        if moved is not None:
            tried.append((score(moved, FIRST_SEED), moved))
    order = sorted(range(len(tried)), key=lambda i: (-tried[i][0], i))[: budget.best]
    seeds = range(FIRST_SEED + 1, FIRST_SEED + 1 + budget.again)
    means = {i: np.mean([tried[i][0], *(score(tried[i][1], seed) for seed in seeds)]) for i in order}
    return dict(tried[max(order, key=lambda i: (means[i], -i))][1])


def searched(method: str, regime: str, score_of: Callable[[str], Score], budget: Budget = OWN) -> Knobs:
    """Return the configuration that a method ends with.

    Every method starts from the best configuration of a short search of InfoNCE and goes on with the same number of
    trainings, InfoNCE included.

    Args:
        method: that is searched.
        regime: where.
        score_of: method -> its validation score by knobs and seed.
        budget: of the method from the start on.
    """
    begin, plain = START.get(regime, START[""]), "infonce"
    first = draws(plain, regime, begin.first)
    if method == plain:
        longer = begin.longer(budget.first + budget.moves)
        return tuned(spaces(plain, regime), first, score_of(plain), longer)
    start = tuned(spaces(plain, regime), first, score_of(plain), replace(begin, best=1, again=0))
    own = draws(method, regime, budget.first, start)
    return tuned(spaces(method, regime), own, score_of(method), budget)


def _moved(
    now: Knobs, space: Mapping[str, Sequence[Any]], tried: Sequence[Knobs], place: int
) -> Knobs | None:
    """Return ``now`` with one knob changed to something not tried; knobs take turns, None if all was tried."""
    names = [name for name, values in space.items() if len(values) > 1]
    names = [names[i] for i in np.random.default_rng(len(names)).permutation(len(names))]
    for turn in range(len(names)):
        name = names[(place + turn) % len(names)]
        values = space[name]
        for i in np.random.default_rng(place).permutation(len(values)):
            moved = {**now, name: values[i]}
            if moved not in tried:
                return moved
    return None
