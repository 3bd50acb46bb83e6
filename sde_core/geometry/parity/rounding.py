"""How many bits a rounding has left, read from what it changed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

# Of a uniform error the 95th percentile of its size is 1.9 medians, of a Gaussian one 2.9.
_UNIFORM = 2.3
_FEW_LEVELS = 16


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rounding.

    Attributes:
        bits: of a fixed-point code; of a floating one, its significant bits.
        floating: whether its steps grow with the size of an entry.
    """

    bits: int
    floating: bool

    @property
    def words(self) -> str:
        """What it is called."""
        known = {11: "float16", 8: "bfloat16", 4: "float8 e4m3", 3: "float8 e5m2"}
        if self.floating:
            return f"{known.get(self.bits, 'a float')} ({self.bits} significant bits)"
        return f"{self.bits} bit" + ("s" if self.bits > 1 else "")


def rounding_of(exact: Floats, rounded: Floats) -> Rounding | None:
    """Return the rounding that explains the difference of two matrices, or None where it is of another kind.

    A rounding to levels of equal distance leaves errors that are uniform between their ends: over the whole matrix,
    over each column or over each row, as its scale was chosen; a floating one leaves such errors within each power
    of two.

    Args:
        exact: (m, d) float64, what the rounding began with.
        rounded: (m, d) float64.
    """
    few = _few_levels(exact, rounded)
    if few is not None:
        return few
    error = np.abs(rounded - exact)
    moved = error > 1e-12 * np.abs(exact).max()
    if moved.mean() < 0.5:
        return None
    power = np.exp2(np.floor(np.log2(np.maximum(np.abs(rounded), 1e-300))))
    found = []
    for name, scale in (
        ("whole", np.median(error)),
        ("column", np.median(error, axis=0, keepdims=True)),
        ("row", np.median(error, axis=1, keepdims=True)),
        ("floating", power),
    ):
        sizes = (error / np.maximum(scale, 1e-300))[moved]
        found.append((float(np.quantile(sizes, 0.95) / np.median(sizes)), name, scale))
    shape, name, scale = min(found, key=lambda each: each[0])
    if shape > _UNIFORM:
        return None
    if name == "floating":
        step = 2 * float(np.quantile((error / power)[moved], 0.95)) / 0.95
        bits = round(-np.log2(step)) + 1
        return Rounding(bits, floating=True) if bits > 1 else None
    axis = {"whole": None, "column": 0, "row": 1}[name]
    ends = np.quantile(error, 0.95, axis=axis, keepdims=axis is not None)
    step = 2 * ends / 0.95  # a uniform error ends at half of the step
    levels = np.ptp(rounded, axis=axis, keepdims=axis is not None) / np.maximum(step, 1e-300) + 1
    return Rounding(max(1, int(np.ceil(np.log2(float(np.median(levels))) - 0.3))), floating=False)


def _few_levels(exact: Floats, rounded: Floats) -> Rounding | None:
    """Return the bits of a code of at most 16 levels, which its own values show."""
    counts = [_distinct(row) for row in rounded[:64]]
    n = int(np.median(counts))
    if n > _FEW_LEVELS or int(np.median([_distinct(row) for row in exact[:64]])) <= _FEW_LEVELS:
        return None
    if n < 2 or 3 * n > rounded.shape[1]:
        return None
    centred = exact - exact.mean(0)
    agree = max(
        float(np.median([np.corrcoef(a, b)[0, 1] for a, b in zip(x[:64], rounded[:64], strict=True)]))
        for x in (exact, centred)
    )
    return Rounding(int(np.ceil(np.log2(n))), floating=False) if agree > 0.5 else None


def _distinct(row: Floats) -> int:
    """Return how many different values a row holds, but for rounding."""
    values = np.sort(row)
    return 1 + int((np.diff(values) > 1e-5 * max(np.abs(values).max(), 1e-300)).sum())
