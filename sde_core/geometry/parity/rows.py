"""What every comparison of vectors of the same things measures row by row, and from where on it calls rows alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

FOUND_AGAIN = 0.999
"""Cosine from which on two rows are one vector: half precision and storage as float16 leave 0.9995."""

RELATED = 0.3
"""Cosine above which rows have something in common: between unrelated spaces of 64 numbers a mean over 8 rows exceeds
it with a chance of 1e-11, and a centred median over 30 rows stays below 0.1."""

LONG_ONES = 0.9
"""Chance that a changed caption is longer than an unchanged one, from which on it counts as truncated."""

_MOST = 0.75  # share of the rows that have to be found again elsewhere
_BLOCK = 65_536  # rows that are looked at together


def units(rows: Floats) -> Floats:
    """Return (m, d) float64 rows of unit length; rows of zeros stay."""
    wide = np.asarray(rows, dtype=np.float64)
    found: Floats = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-300)
    return found


def row_cosines(first: Floats, second: Floats) -> Floats:
    """Return (m,) the cosine of each row of ``first`` with the row of ``second`` at its place."""
    found: Floats = np.einsum("ij,ij->i", units(first), units(second))
    return found


def stand_elsewhere(asked: Floats, among: Floats, own: Sequence[int] | Ints) -> Ints | None:
    """Return where rows are found again, if most of them stand in other places than their own; else None.

    Args:
        asked: (k, d) rows that are looked for.
        among: (m, d) rows among which; read in blocks.
        own: (k,) the places where they should stand.

    Returns:
        (k,) places of those that moved, -1 for the others.
    """
    best, place = np.full(len(asked), -1.0), np.full(len(asked), -1)
    own = np.asarray(own, dtype=np.int64)
    looked_for = units(asked)
    for start in range(0, len(among), _BLOCK):
        scores = looked_for @ units(among[start : start + _BLOCK]).T
        top = scores.argmax(axis=1)
        value = scores[np.arange(len(asked)), top]
        better = value > best
        best[better], place[better] = value[better], top[better] + start
    at_home = row_cosines(asked, among[own]) if len(asked) else np.empty(0)
    moved = (best > FOUND_AGAIN) & (at_home < FOUND_AGAIN)
    if moved.sum() < 2 or moved.mean() < _MOST:
        return None
    return np.where(moved, place, -1)


def chance_longer(lengths: Ints, odd: Ints) -> float:
    """Return the chance that a row of ``odd`` is longer than one of the others; ties count half.

    Args:
        lengths: (m,) of all rows.
        odd: numbers of some of them.
    """
    others = np.delete(lengths, odd)
    if not len(others) or not len(odd):
        return 1.0
    apart = lengths[odd][:, None] - others[None]
    return float(((apart > 0) + 0.5 * (apart == 0)).mean())
