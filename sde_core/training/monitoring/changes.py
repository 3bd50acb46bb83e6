"""Which directions of a spectrum were born, turned or faded between two looks (docs/watch.md)."""

from dataclasses import dataclass

import numpy as np

from sde_core.training.monitoring.look import ModalityLook

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
