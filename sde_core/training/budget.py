"""How a time becomes a number of steps and of looks: arithmetic on measured times."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LOOKS = 21
"""Looks in a training that leaves them to us, the one before the first step among them."""
_FEWEST_LOOKS = 2
_SHARE_OF_LOOKS = 1 / 3
_MOST_TRIALS = 33
_HICCUP = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Length of a training.

    Attributes:
        total_steps: optimiser steps, at least 1.
        evaluate_every: steps between two looks, at least 1.
    """

    total_steps: int
    evaluate_every: int


def schedule_of(total_steps: int, evaluate_every: int | None) -> Schedule:
    """Return the schedule of so many steps; None looks every 20th of them."""
    return Schedule(
        total_steps=total_steps, evaluate_every=evaluate_every or max(1, math.ceil(total_steps / (LOOKS - 1)))
    )


def schedule_in(seconds: float, *, step: float, look: float, evaluate_every: int | None) -> Schedule:
    """Return what fits into ``seconds``.

    Looks take a third of the time at most and become rarer for it; only the first and the last one are
    always taken, and one step is. Where ``evaluate_every`` is given, it stays as it is.

    Args:
        seconds: of the training, above 0.
        step: seconds of one step, above 0.
        look: seconds of one look, at least 0.
        evaluate_every: steps between two looks, or None to choose here.
    """
    if evaluate_every is not None:
        steps = (seconds - look) / (step + look / evaluate_every)
        return Schedule(total_steps=max(1, int(steps)), evaluate_every=evaluate_every)
    affordable = seconds * _SHARE_OF_LOOKS / look if look > 0 else math.inf
    looks = max(_FEWEST_LOOKS, int(min(affordable, LOOKS)))
    steps = max(1, int((seconds - looks * look) / step))
    return Schedule(total_steps=steps, evaluate_every=math.ceil(steps / (looks - 1)))


def common_schedule(schedules: Sequence[Schedule]) -> Schedule:
    """Return one schedule for all: the fewest steps, looked at as often as the slowest can afford."""
    return Schedule(
        total_steps=min(s.total_steps for s in schedules),
        evaluate_every=max(s.evaluate_every for s in schedules),
    )


def typical_seconds(times: Sequence[float]) -> float:
    """Return the mean of ``times`` (k >= 1) without the first, which warms up, and without hiccups.

    A mean, because some losses do more at some steps than at others; a hiccup is longer than five medians.
    """
    warm = list(times[1:]) or list(times)
    limit = _HICCUP * statistics.median(warm)
    return statistics.fmean(t for t in warm if t <= limit)


def measured(work: Callable[[], float], *, within: float, fewest: int = 1) -> list[float]:
    """Return the seconds of repeated ``work``.

    Args:
        work: does it once and returns the seconds.
        within: seconds after which no other one begins.
        fewest: repetitions whatever they take.
    """
    times = [work()]
    while len(times) < fewest or (sum(times) < within and len(times) < _MOST_TRIALS):
        times.append(work())
    return times
