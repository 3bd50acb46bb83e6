"""The same search for every method, on validation alone."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    """How much a method may search.

    Attributes:
        draws: configurations tried with the first seed.
        best: of them, how many are tried again.
        again: with how many more seeds.
    """

    draws: int
    best: int
    again: int


FULL, SMALL = Budget(draws=8, best=2, again=1), Budget(draws=6, best=2, again=1)


def draws(method: str, regime: str, budget: Budget) -> list[dict[str, Any]]:
    """Return the configurations to try: draw i of a knob is the same for every method that has it.

    Each knob's values come equally often (up to one), in an order drawn for the knob.
    """
    spaces = {**SHARED, **_ELSE.get(regime, {}), **METHODS[method].own}
    columns = {name: _column(f"{regime}/{name}", values, budget.draws) for name, values in spaces.items()}
    return [{name: column[i] for name, column in columns.items()} for i in range(budget.draws)]


def _column(name: str, values: Sequence[Any], count: int) -> list[Any]:
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(count)
    return [values[i % len(values)] for i in order]


Score = Callable[[Mapping[str, Any], int], float | None]
"""(knobs, seed) -> validation score; None where time is up."""


def tuned(candidates: Sequence[Mapping[str, Any]], score: Score, budget: Budget) -> dict[str, Any] | None:
    """Return the configuration with the best mean validation score, or None where time is up.

    All are tried with one seed, the best of them with more; of these the best mean wins, the earlier draw on a tie.
    """
    first = [score(knobs, FIRST_SEED) for knobs in candidates]
    if any(value is None for value in first):
        return None
    order = sorted(range(len(candidates)), key=lambda i: (-float(first[i] or 0), i))[: budget.best]
    means = {}
    for i in order:
        values = [first[i], *_more(candidates[i], score, budget)]
        if any(value is None for value in values):
            return None
        means[i] = float(np.mean([float(value or 0) for value in values]))
    best = max(order, key=lambda i: (means[i], -i))
    return dict(candidates[best])


def _more(knobs: Mapping[str, Any], score: Score, budget: Budget) -> Iterator[float | None]:
    for seed in range(FIRST_SEED + 1, FIRST_SEED + 1 + budget.again):
        yield score(knobs, seed)
