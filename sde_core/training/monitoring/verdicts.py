"""What the looks at a training say in words: healthy, or what broke and when (docs/watch.md)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sde_core.checks.brief import brief
from sde_core.training.monitoring.levels import FEWEST, REFERENCE, Levels
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.past import Past
from sde_core.training.monitoring.rules import ORDER, RULES


@dataclass(frozen=True, slots=True)
class Alarm:
    """A problem that appeared in a training.

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


def find_alarms(looks: Sequence[Look]) -> tuple[Alarm, ...]:
    """Return the alarms of a run in order; a state that lasts raises one alarm.

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
        self._streaks = [_Streak() for _ in RULES]

    def add(self, look: Look) -> tuple[Alarm, ...]:
        """Take the next look and return the alarms that it completes, worst first."""
        found, now = [], Past(tuple(self._recent), tuple(self._finding), self.levels)
        for (kind, modality, patience, finding), streak in zip(RULES, self._streaks, strict=True):
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
            for (kind, _, patience, _), streak in zip(RULES, self._streaks, strict=True)
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
    return tuple(sorted(found, key=lambda alarm: (alarm.step, ORDER[alarm.kind, alarm.modality]))), walk.kinds
