"""What a look is measured against: those before it, and what the run once held (docs/watch.md)."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sde_core.training.monitoring.levels import FEWEST, Levels
from sde_core.training.monitoring.look import Look
from sde_core.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class Past:
    """What a look is measured against.

    Attributes:
        looks: before it.
        finding: the last of those whose pairs found each other more often than by chance.
        levels: that the run has had.
    """

    looks: tuple[Look, ...] = ()
    finding: tuple[Look, ...] = ()
    levels: Levels = field(default_factory=Levels)


Finding = str | None
"""A sentence, or None where all is well."""
Rule = Callable[[Past, Look], Finding]
"""What is said of a look, given those before it."""


def median(values: Sequence[float]) -> float:
    """Return the median of the finite ones, NaN of fewer than `FEWEST`."""
    there = [value for value in values if math.isfinite(value)]
    return statistics.median(there) if len(there) >= FEWEST else math.nan


def median_before(looks: Sequence[Look], modality: Modality, name: str) -> float:
    """Return the median of a number of one side, NaN where fewer than `FEWEST` looks have it."""
    sides = [look.side(modality) for look in looks]
    return median([float(getattr(side, name)) for side in sides if side is not None])
