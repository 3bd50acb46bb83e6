"""What the looks at a training say in words: healthy, or what broke and when (docs/watch.md).

No threshold is tuned. What is certain is said at once (a NaN, a scale beyond the published bound). What is a matter of
degree is measured against the run's own median of the `REFERENCE` looks before, and said when half is gone (or twice
there) for `PATIENCE` looks in a row; a rank is measured against the highest that this median has ever been, so that a
slow loss does not take along what it is measured by. Looks at a training that finds no pairs yet are no reference: what
learns nothing yet has nothing to lose. Whether a modality moves at all is a test against the sampling of its rows.
"""

import math
import statistics
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from sde_core.checks.brief import brief
from sde_core.training.monitoring.levels import FEWEST, REFERENCE, Levels
from sde_core.training.monitoring.look import Look, ModalityLook
from sde_core.vocabulary import MODALITIES, Modality

PATIENCE = 3
"""Looks in a row that must agree before a matter of degree is said."""
MOST_SCALE = 100.0
"""CLIP's clamp of 1 / temperature (Radford et al. 2021)."""
MOST_NORM = 256.0
"""A row's squares overflow float16 beyond it: 256² = 65,536."""
_STILL = 3.09  # of a standard normal, one in a thousand


@dataclass(frozen=True, slots=True)
class Alarm:
    """What began to be wrong.

    Attributes:
        step: of the first look of those that showed it.
        kind: "not a number", "copies", "collapsing", "one direction", "dead directions", "frozen", "exploding" or
            "modality split".
        modality: "image", "text", or "" for both together.
        sentence: what was seen, with its numbers.
    """

    step: int
    kind: str
    modality: str
    sentence: str

    __repr__ = brief

    def __str__(self) -> str:
        return f"step {self.step:,}: {self.sentence}"


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


def find_alarms(looks: Sequence[Look]) -> tuple[Alarm, ...]:
    """Return the alarms of a run in order; each state is told once, until it has ended.

    Args:
        looks: of one run, by step.
    """
    return _walked(looks)[0]


def verdict(looks: Sequence[Look]) -> str:
    """Return the state at the last look: the kinds of alarm that hold, worst first, or how it is without.

    Without: "healthy", "finds no pairs yet", or "too early to say".
    """
    return _in_words(_walked(looks)[1], looks)


def alarms_and_verdict(looks: Sequence[Look]) -> tuple[tuple[Alarm, ...], str]:
    """Return what `find_alarms` and `verdict` say, by one walk over the looks."""
    alarms, kinds = _walked(looks)
    return alarms, _in_words(kinds, looks)


def is_well(looks: Sequence[Look]) -> bool:
    """Return whether no alarm holds at the last look."""
    return not _walked(looks)[1]


def _in_words(kinds: Sequence[str], looks: Sequence[Look]) -> str:
    if kinds:
        return ", ".join(dict.fromkeys(kinds))
    if len(looks) <= FEWEST:
        return "too early to say"
    return "healthy" if sum(look.finds for look in looks) > FEWEST else "finds no pairs yet"


class AlarmWalk:
    """Looks walked once, one after the other: what began to be wrong at each, and what holds.

    A look is measured against those before it; while a state lasts, against those from before it began.

    Args:
        levels: what the run has held before the first look, if it is one that goes on.
    """

    def __init__(self, levels: Levels | None = None) -> None:
        self.levels = Levels() if levels is None else levels
        self._recent: deque[Look] = deque(maxlen=REFERENCE)
        self._finding: deque[Look] = deque(maxlen=REFERENCE)
        self._streaks = [_Streak() for _ in _RULES]

    def add(self, look: Look) -> tuple[Alarm, ...]:
        """Take the next look and return the alarms that it completes, worst first."""
        found, now = [], Past(tuple(self._recent), tuple(self._finding), self.levels)
        for (kind, modality, patience, finding), streak in zip(_RULES, self._streaks, strict=True):
            sentence = finding(streak.past if streak.past else now, look)
            if not sentence:
                streak.looks, streak.past = 0, None
                continue
            if streak.past is None:
                streak.step, streak.past = look.step, replace(now, levels=self.levels.copy())
            streak.looks += 1
            if streak.looks == patience:
                found.append(Alarm(streak.step, kind, modality.value if modality else "", sentence))
        self._recent.append(look)
        if look.finds:
            self._finding.append(look)
            self.levels.add(look)
        return tuple(found)

    @property
    def kinds(self) -> list[str]:
        """Kinds that hold at the last look, worst first."""
        return [
            kind
            for (kind, _, patience, _), streak in zip(_RULES, self._streaks, strict=True)
            if streak.looks >= patience
        ]


@dataclass(slots=True)
class _Streak:
    """Looks in a row that show a state, the step of the first, and what was there before it."""

    looks: int = 0
    step: int = 0
    past: Past | None = None


def _walked(looks: Sequence[Look]) -> tuple[tuple[Alarm, ...], list[str]]:
    """Return the alarms, and the kinds that hold at the last look."""
    walk = AlarmWalk()
    found = [alarm for look in looks for alarm in walk.add(look)]
    return tuple(
        sorted(found, key=lambda alarm: (alarm.step, _ORDER[alarm.kind, alarm.modality]))
    ), walk.kinds


def _median(values: Sequence[float]) -> float:
    """Return the median of the finite ones, NaN of fewer than `FEWEST`."""
    there = [value for value in values if math.isfinite(value)]
    return statistics.median(there) if len(there) >= FEWEST else math.nan


def _before(looks: Sequence[Look], modality: Modality, name: str) -> float:
    sides = [look.side(modality) for look in looks]
    return _median([float(getattr(side, name)) for side in sides if side is not None])


def _not_a_number(modality: Modality) -> "Callable[[Past, Look], Finding]":
    def finding(past: Past, look: Look) -> Finding:
        side = look.side(modality)
        if side is None:
            return f"{modality.value} features hold no row that is finite and not zero"
        return f"{side.not_finite:,} {modality.value} rows hold NaN or infinity" if side.not_finite else None

    return finding


def _copies(modality: Modality) -> "Callable[[Past, Look], Finding]":
    def finding(past: Past, look: Look) -> Finding:
        side = look.side(modality)
        before = _before(past.looks, modality, "copies")
        if side is None or not (side.copies >= 0.5 > before):
            return None
        return f"{100 * side.copies:.0f} of 100 {modality.value} rows of a batch equal another one"

    return finding


def _collapsing(modality: Modality) -> "Callable[[Past, Look], Finding]":
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), past.levels.highest("effective_rank", modality, look)
        if side is None or not side.effective_rank < before.value / 2:
            return None
        fell = f"{modality.value} effective rank fell to {side.effective_rank:.1f}"
        return f"{fell}, less than half of the {before.value:.1f} up to step {before.step:,}"

    return finding


def _one_direction(modality: Modality) -> "Callable[[Past, Look], Finding]":
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), _before(past.finding, modality, "top_share")
        if side is None or not (side.top_share > 0.5 and before <= 0.5):
            return None
        now = f"one direction holds {100 * side.top_share:.0f} % of the {modality.value} energy"
        return f"{now}, {100 * before:.0f} % before"

    return finding


def _dead(modality: Modality) -> "Callable[[Past, Look], Finding]":
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), past.levels.highest("directions", modality, look).value
        if side is None or not len(side.values) < before / 2:
            return None
        return f"{before - len(side.values):.0f} of {before:.0f} {modality.value} directions hold nothing any more"

    return finding


def _split(past: Past, look: Look) -> Finding:
    before = _median([each.gap_share for each in past.finding])
    if not (look.gap_share > 0.5 and before <= 0.5):
        return None
    return f"{100 * look.gap_share:.0f} % of the joint energy tells only image from text, {100 * before:.0f} % before"


def _scale(past: Past, look: Look) -> Finding:
    before = _median([each.logit_scale for each in past.looks])
    if math.isinf(look.logit_scale):
        return "the logit scale is infinite"
    if not (look.logit_scale > MOST_SCALE and look.logit_scale > 2 * before):
        return None
    return f"the logit scale is {look.logit_scale:.0f}, beyond CLIP's bound of 100 and twice the {before:.0f} before"


def _norm(modality: Modality) -> "Callable[[Past, Look], Finding]":
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), _before(past.looks, modality, "norm")
        if side is None or not (side.norm > MOST_NORM and side.norm > 2 * before):
            return None
        return f"{modality.value} rows are {side.norm:.0f} long, {before:.1f} before: beyond 256 float16 overflows"

    return finding


def _frozen(modality: Modality) -> "Callable[[Past, Look], Finding]":
    """A modality that moved and does not move any more, while the other one still does.

    The mean of n rows differs from that of n others by tr(S) (1/n + 1/n) in the square, if nothing moved, with a
    relative standard deviation of sqrt(2 / participation ratio): a look is still if it is within that.
    """
    other = Modality.TEXT if modality is Modality.IMAGE else Modality.IMAGE

    def finding(past: Past, look: Look) -> Finding:
        if not past.looks:
            return None
        last = past.looks[-1]
        if moved(last.side(modality), look.side(modality), last.n_rows, look.n_rows):
            return None
        steps = list(pairwise(past.looks))
        moves = [moved(a.side(modality), b.side(modality), a.n_rows, b.n_rows) for a, b in steps]
        if len(moves) < FEWEST or sum(moves) <= len(moves) / 2:
            return None
        if not moved(last.side(other), look.side(other), last.n_rows, look.n_rows):
            return None
        return f"{modality.value} features stopped moving while those of {other.value} go on"

    return finding


def moved(first: ModalityLook | None, second: ModalityLook | None, n_first: int, n_second: int) -> bool:
    """Return whether a modality moved by more than two samples of one distribution differ; False if unknown.

    Its mean row, or its first singular values: the logarithm of a sample's energy along a direction has the variance
    2 / n, if it is Gaussian, and the squares of k of them, so scaled, add up to k with a variance of 2 k.
    """
    if first is None or second is None or len(first.mean) != len(second.mean):
        return False
    apart = float(np.square(first.mean.astype(np.float64) - second.mean).sum())
    chance = first.spread / n_first + second.spread / n_second
    if apart > chance * (1 + _STILL * math.sqrt(2 / max(1.0, _participation(first)))):
        return True
    k = int(min(len(first.values), len(second.values), first.directions.shape[1], second.directions.shape[1]))
    logs = 2 * np.log(first.values[:k].astype(np.float64) / second.values[:k])
    apart = float(np.square(logs).sum()) / (2 / n_first + 2 / n_second)
    return apart > k + _STILL * math.sqrt(2 * k)


def _participation(side: ModalityLook) -> float:
    energies = np.square(side.values.astype(np.float64))
    total = float(np.square(energies).sum())
    return float(energies.sum()) ** 2 / total if total > 0 else 1.0


_RULES: tuple[tuple[str, Modality | None, int, "Callable[[Past, Look], Finding]"], ...] = (
    *(("not a number", m, 1, _not_a_number(m)) for m in MODALITIES),
    ("exploding", None, 1, _scale),
    *(("exploding", m, PATIENCE, _norm(m)) for m in MODALITIES),
    *(("collapsing", m, PATIENCE, _collapsing(m)) for m in MODALITIES),
    *(("one direction", m, PATIENCE, _one_direction(m)) for m in MODALITIES),
    *(("dead directions", m, PATIENCE, _dead(m)) for m in MODALITIES),
    *(("copies", m, PATIENCE, _copies(m)) for m in MODALITIES),
    *(("frozen", m, 2 * PATIENCE, _frozen(m)) for m in MODALITIES),
    ("modality split", None, PATIENCE, _split),
)
_ORDER = {(kind, modality.value if modality else ""): i for i, (kind, modality, _, _) in enumerate(_RULES)}
