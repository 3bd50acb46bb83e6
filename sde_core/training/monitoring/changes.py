"""Which directions of a spectrum were born, turned or faded between two looks (docs/watch.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sde_core.training.monitoring.look import Look, ModalityLook
from sde_core.vocabulary import MODALITIES

HALF = 0.5
"""A direction is still there while more than half of its square lies where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionChanges:
    """What became of the first directions, by their numbers from 0.

    Attributes:
        born: of the later look, which lie mostly outside of what the earlier one kept.
        turned: of the later look, which lie inside, mixed of several.
        faded: of the earlier look, which lie mostly outside of what the later one keeps.
    """

    born: tuple[int, ...]
    turned: tuple[int, ...]
    faded: tuple[int, ...]

    def __str__(self) -> str:
        parts = [
            f"{word} {', '.join(str(i + 1) for i in numbers)}"
            for word, numbers in (("born", self.born), ("turned", self.turned), ("faded", self.faded))
            if numbers
        ]
        return "; ".join(parts) or "the same directions"


@dataclass(frozen=True, slots=True)
class DirectionEvent:
    """What became of a modality's first directions from one look to the next.

    Attributes:
        step: of the later look.
        modality: "image" or "text".
        changes: some that are not empty.
    """

    step: int
    modality: str
    changes: DirectionChanges

    def __str__(self) -> str:
        return f"step {self.step:,}, {self.modality}: {self.changes}"


def direction_events(looks: Sequence[Look], *, first: int = 8) -> tuple[DirectionEvent, ...]:
    """Return where directions were born, turned or faded, look by look.

    Args:
        looks: of one run, by step.
        first: directions of each look.
    """
    found = []
    for before, after in pairwise(looks):
        for modality in MODALITIES:
            sides = before.side(modality), after.side(modality)
            if sides[0] is not None and sides[1] is not None:
                changes = direction_changes(sides[0], sides[1], first=first)
                if changes.born or changes.turned or changes.faded:
                    found.append(DirectionEvent(after.step, modality.value, changes))
    return tuple(found)


def direction_changes(before: ModalityLook, after: ModalityLook, *, first: int = 8) -> DirectionChanges:
    """Return what became of the ``first`` directions of each look, beside all that the other one kept.

    The squared cosine of a direction with a subspace is the share of its square inside; of two directions, of one in
    the other. Directions of nearly equal singular values turn within their span, and are told as turned, not as born.
    Equal widths only: of others every direction is born, and every old one faded.
    """
    a, b = before.directions, after.directions
    if len(a) != len(b):
        numbers = tuple(range(min(first, b.shape[1]))), tuple(range(min(first, a.shape[1])))
        return DirectionChanges(born=numbers[0], turned=(), faded=numbers[1])
    squares = np.square(a.T.astype(np.float64) @ b)  # (k before, k after)
    inside, alone = squares.sum(axis=0), squares.max(axis=0, initial=0.0)
    kept = squares.sum(axis=1)
    born = tuple(int(i) for i in np.flatnonzero(inside[:first] <= HALF))
    turned = tuple(int(i) for i in np.flatnonzero((inside[:first] > HALF) & (alone[:first] <= HALF)))
    faded = tuple(int(i) for i in np.flatnonzero(kept[:first] <= HALF))
    return DirectionChanges(born=born, turned=turned, faded=faded)


def shares_inside(earlier: ModalityLook, later: ModalityLook, *, first: int = 8) -> npt.NDArray[np.float64]:
    """Return (k,) how much of the square of each of the later look's ``first`` directions the earlier one kept.

    In [0, 1] but for rounding; NaN where the widths differ. Two subspaces of k directions each, drawn at random in d
    dimensions, share k / d.
    """
    a, b = earlier.directions, later.directions[:, :first]
    if len(a) != len(b):
        return np.full(b.shape[1], np.nan)
    return np.square(a.T.astype(np.float64) @ b).sum(axis=0)  # type: ignore[no-any-return]
