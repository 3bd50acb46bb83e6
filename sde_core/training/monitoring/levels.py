"""What a run once held for good: the highest that its medians have been, which a slow change does not take along."""

import math
import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sde_core.training.monitoring.look import Look
from sde_core.vocabulary import MODALITIES, Modality

REFERENCE = 20
"""Looks before, whose median is what a look is measured against."""
FEWEST = 5
"""Of them, before anything is measured against them: their median bears two that are off."""

Key = tuple[str, Modality | None, int]
"""Which number, of which modality, at how many rows, in powers of two: fewer rows have fewer directions."""
_OF_ROWS = ("effective_rank", "directions")


@dataclass(frozen=True, slots=True)
class Level:
    """A median of looks, and the step of the last of them."""

    value: float = math.nan
    step: int = 0


class Levels:
    """The highest median of `REFERENCE` looks in a row that each number has had, and that of the last ones.

    The first looks of a training fall and rise before it has begun to learn: the highest counts whole rows of
    `REFERENCE` only, the last ones count from `FEWEST` on. Ranks count once pairs find each other.
    """

    def __init__(self) -> None:
        self._last: dict[Key, deque[float]] = {}
        self._rises: dict[Key, list[Level]] = {}
        self._step = 0

    def add(self, look: Look) -> None:
        """Take the next look."""
        self._step = look.step
        for key, value in _values(look):
            last = self._last.setdefault(key, deque(maxlen=REFERENCE))
            last.append(value)
            if len(last) == REFERENCE:
                median, rises = statistics.median(last), self._rises.setdefault(key, [])
                if not rises or median > rises[-1].value:
                    rises.append(Level(median, look.step))

    def highest(self, name: str, modality: Modality | None, look: Look) -> Level:
        """Return the higher of the highest level and that of the last looks; NaN where there were fewer than `FEWEST`.

        Args:
            name: "effective_rank", "directions", or what falls where the other grows: "temperature", 1 / logit scale,
                and "shortness", 1 / length of the rows.
            modality: whose; None for the temperature.
            look: the next one, of whose number of rows the levels are.
        """
        key = _key(name, modality, look)
        last, rises = self._last.get(key, ()), self._rises.get(key, [])
        now = Level(statistics.median(last), self._step) if len(last) >= FEWEST else Level()
        return rises[-1] if rises and not now.value > rises[-1].value else now

    def copy(self) -> "Levels":
        """Return the levels as they are now."""
        now = Levels()
        now._last = {key: deque(last, maxlen=REFERENCE) for key, last in self._last.items()}
        now._rises = {key: list(rises) for key, rises in self._rises.items()}
        now._step = self._step
        return now

    def before(self, step: int) -> "Levels":
        """Return the highest levels as they were before a step, for a trainer that went back; no last looks."""
        then = Levels()
        then._rises = {
            key: kept
            for key, rises in self._rises.items()
            if (kept := [level for level in rises if level.step < step])
        }
        return then


def _values(look: Look) -> Iterable[tuple[Key, float]]:
    if look.logit_scale > 0:
        yield _key("temperature", None, look), 1 / look.logit_scale
    for modality in MODALITIES:
        side = look.side(modality)
        if side is not None:
            found = {"shortness": 1 / side.norm if side.norm > 0 else math.nan}
            if look.finds:
                found |= {"effective_rank": side.effective_rank, "directions": float(len(side.values))}
            for name, value in found.items():
                if math.isfinite(value):
                    yield _key(name, modality, look), value


def _key(name: str, modality: Modality | None, look: Look) -> Key:
    return name, modality, round(math.log2(max(1, look.n_rows))) if name in _OF_ROWS else 0
