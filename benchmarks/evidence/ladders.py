"""The search of the fifth part: it does not end on an edge, with as many trainings for every method."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.evidence.tuning import FIRST_SEED, Knobs, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The values of a knob, in order, and where the search begins.

    Attributes:
        values: ascending; the ends are limits of the setting, and a winner there is reported as one on a limit.
        start: the value to begin with.
    """

    values: tuple[Any, ...]
    start: Any

    @classmethod
    def doubling(cls, least: float, most: float, start: float) -> "Ladder":
        """Return values that double from ``least`` to ``most``."""
        values = [least]
        while values[-1] * 2 <= most * 1.001:
            values.append(values[-1] * 2)
        return cls(values=tuple(values), start=start)

    def beside(self, value: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """Return the values one step below and above, as far as there are any."""
        at = self.values.index(value)
        return tuple(self.values[i] for i in (at - 1, at + 1) if 0 <= i < len(self.values))

    def is_limit(self, value: Any) -> bool:  # noqa: ANN401
        """Return whether a value has only one neighbour."""
        return len(self.values) > 1 and value in (self.values[0], self.values[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search ended with.

    Attributes:
        knobs: of the winner.
        trainings: that were made.
        open: knobs of which a neighbour of the winner's value was not tried: its edge was not seen.
        limits: knobs whose winner is at an end of its ladder.
    """

    knobs: Knobs
    trainings: int
    open: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tried:
    """What was asked for so far, the best first where they tie."""

    score: Score
    is_allowed: Callable[[Knobs], bool]
    scores: dict[tuple[tuple[str, Any], ...], float] = field(default_factory=dict)

    def ask(self, knobs: Knobs) -> float:
        key = tuple(sorted(knobs.items()))
        if key not in self.scores:
            self.scores[key] = self.score(dict(knobs), FIRST_SEED)
        return self.scores[key]

    def has(self, knobs: Knobs) -> bool:
        return tuple(sorted(knobs.items())) in self.scores

    def is_fresh(self, knobs: Knobs) -> bool:
        return self.is_allowed(knobs) and not self.has(knobs)

    def ranked(self) -> list[Knobs]:
        order = sorted(self.scores.items(), key=lambda one: -one[1])
        return [dict(key) for key, _ in order]


def climbed(
    ladders: Mapping[str, Ladder],
    score: Score,
    *,
    trainings: int,
    starts: Sequence[Knobs] = (),
    best: int = 3,
    again: int = 1,
    is_allowed: Callable[[Knobs], bool] = lambda knobs: True,
    name: str = "",
) -> Found:
    """Return the configuration with the best validation score that a search of a given length finds.

    Knobs take turns, in an order drawn for the search: from the best configuration so far the values one step below
    and above are tried, and a step that helps is gone again until it does not. So a winner has both its neighbours
    beside it, or it is at a limit. When nothing is left to try, the rest of the trainings are draws of two to four
    knobs around the best one, each at most two steps away; where one is better, the turns begin again.

    Args:
        ladders: every knob.
        score: of a configuration with a seed, on validation.
        trainings: in all; exactly so many are made, unless there are fewer configurations.
        starts: configurations to begin with, missing knobs at their start; the one of the ladders is always tried.
        best: configurations that are trained again at the end.
        again: with how many more seeds.
        is_allowed: whether a configuration is within what the machine allows; others are never tried, and a winner
            beside one is at a limit.
        name: of the search; draws depend on it and on nothing else.
    """
    if trainings <= best * again:
        raise ValueError(
            f"trainings must be above {best * again}, the second look at the best; it is {trainings}"
        )
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    tried = _Tried(score, is_allowed)
    most = trainings - best * again
    for start in ({}, *starts):
        if len(tried.scores) < most:
            tried.ask({knob: start.get(knob, ladder.start) for knob, ladder in ladders.items()})
    while len(tried.scores) < most:
        step = _next_step(ladders, tried, draw) or _draw_around(ladders, tried, draw)
        if step is None:
            break
        tried.ask(step)
    return _judged(ladders, tried, best, again)


def _judged(ladders: Mapping[str, Ladder], tried: _Tried, best: int, again: int) -> Found:
    is_allowed = tried.is_allowed
    candidates = tried.ranked()[:best]
    seeds = range(FIRST_SEED + 1, FIRST_SEED + 1 + again)
    means = [np.mean([tried.ask(k), *(tried.score(dict(k), seed) for seed in seeds)]) for k in candidates]
    winner = candidates[int(np.argmax(means))]
    return Found(
        knobs=winner,
        trainings=len(tried.scores) + len(candidates) * again,
        open=tuple(
            knob
            for knob, ladder in ladders.items()
            if any(tried.is_fresh({**winner, knob: value}) for value in ladder.beside(winner[knob]))
        ),
        limits=tuple(
            knob
            for knob, ladder in ladders.items()
            if ladder.is_limit(winner[knob])
            or not all(is_allowed({**winner, knob: value}) for value in ladder.beside(winner[knob]))
        ),
    )


def _next_step(ladders: Mapping[str, Ladder], tried: _Tried, draw: np.random.Generator) -> Knobs | None:
    """Return a neighbour of the best configuration that was not tried; None if all were."""
    now = tried.ranked()[0]
    steps = [{**now, knob: value} for knob, ladder in ladders.items() for value in ladder.beside(now[knob])]
    fresh = [step for step in steps if tried.is_fresh(step)]
    if not fresh:
        return None
    # On along the way that helped last, if there is one: so a ladder is climbed before another knob is turned.
    onward = [step for step in fresh if _goes_on(step, now, ladders, tried)]
    chosen = onward or fresh
    return chosen[int(draw.integers(len(chosen)))]


def _goes_on(step: Knobs, now: Knobs, ladders: Mapping[str, Ladder], tried: _Tried) -> bool:
    knob = next(k for k in step if step[k] != now[k])
    values = ladders[knob].values
    back = 2 * values.index(now[knob]) - values.index(step[knob])
    return 0 <= back < len(values) and tried.has({**now, knob: values[back]})


def _draw_around(ladders: Mapping[str, Ladder], tried: _Tried, draw: np.random.Generator) -> Knobs | None:
    """Return a configuration near the best one that was not tried; None if a hundred draws were."""
    now = tried.ranked()[0]
    names = [knob for knob, ladder in ladders.items() if len(ladder.values) > 1]
    for _ in range(100):
        turned = draw.permutation(names)[: int(draw.integers(2, 5))]
        moved = dict(now)
        for knob in turned:
            values = ladders[knob].values
            at = values.index(now[knob]) + int(draw.integers(-2, 3))
            moved[knob] = values[min(max(at, 0), len(values) - 1)]
        if tried.is_fresh(moved):
            return moved
    return None
