"""The median place of the first right items, for queries drawn any number of times."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sde_core.retrieval.places import FirstPlaces

# Sums of shares differ by at least a part in a million of this where they differ at all.
_TOLERANCE = 1e-9
# Places looked at in one step of the search.
_FAN = 16
# Share of the groups up to which they are taken out.
_FEW = 1 / 4
# Entries of share sums that are kept: 32 MiB.
_KEPT_ENTRIES = 1 << 22


class MedianPlaces:
    """Medians over queries and over the orders of their ties, for drawn groups of queries.

    The median lies half way between the first k whose R@k is at least one half and the first whose R@k is above it:
    without ties that is the usual median of the ranks.

    Source: docs/method.md, equation (6.16).
    """

    def __init__(self, places: FirstPlaces, member: Int[Tensor, " q"], n_groups: int) -> None:
        """Take the places (q,) and the group of each query, from 0 to ``n_groups`` - 1."""
        self._places, self._member, self._n_groups = places, member, n_groups
        self._size = torch.bincount(member, minlength=n_groups).double()
        self._last = int((places.above + places.tied_wrong).max()) + 1
        self._kept: dict[int, Tensor] = {}
        self._window = self._likely()

    def of(self, times: Float[Tensor, "b g"]) -> Float[Tensor, " b"]:
        """Return (b,) medians, group g taken ``times`` [b, g] times."""
        below, above = self._window
        ends = times @ torch.stack([self._size, self._sums(below), self._sums(above)], dim=1)
        half = ends[:, 0] / 2
        low, reached = self._first(times, half * (1 - _TOLERANCE), ends[:, 1:])
        high = low.clone()
        level = (reached <= half * (1 + _TOLERANCE)).nonzero()[:, 0]  # exactly half lies at or before it
        if len(level):
            target = half[level] * (1 + 2 * _TOLERANCE)
            high[level], _ = self._first(times[level], target, ends[level, 1:])
        return (low + high) / 2

    def _first(self, times: Tensor, target: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
        """Return (b,) the first k whose sum of shares reaches the target, and the sum there.

        ``ends`` (b, 2) are the sums at both ends of the likely window.
        """
        found, reached = torch.zeros(2, len(times), dtype=torch.float64)
        below, above = self._window
        zero = torch.zeros(len(times), dtype=torch.float64)
        is_late, is_early = ends[:, 1] < target, ends[:, 0] >= target
        parts = [
            (~(is_late | is_early), below, above, ends[:, 0]),
            (is_early, 0, below, zero),
            (is_late, above, self._last, ends[:, 1]),
        ]
        waiting = [(times, mask.nonzero()[:, 0], low, high, base) for mask, low, high, base in parts]
        while waiting:
            some, rows, low, high, base = waiting.pop()
            if len(rows) == 0:
                continue
            grid = _grid(low, high)
            steps = torch.stack([self._sums(k) for k in grid], dim=1) - self._sums(low)[:, None]
            moved = steps[:, -1].nonzero()[:, 0]
            if len(rows) < len(some):
                gained = some[rows[:, None], moved] @ steps[moved]
            elif len(moved) < _FEW * len(steps):
                gained = some.index_select(1, moved) @ steps[moved]
            else:  # a copy of most columns takes longer than their zeros
                gained = some @ steps
            sums = base[rows, None] + gained
            at = (sums >= target[rows, None]).int().argmax(dim=1)
            at[sums[:, -1] < target[rows]] = len(grid) - 1  # but for rounding, the last one reaches it
            for i in torch.unique(at).tolist():
                here, start = at == i, low if i == 0 else grid[i - 1]
                if grid[i] - start == 1:
                    found[rows[here]], reached[rows[here]] = float(grid[i]), sums[here, i]
                else:
                    known = base if i == 0 else base.index_copy(0, rows[here], sums[here, i - 1])
                    waiting.append((times, rows[here], start, grid[i], known))
        return found, reached

    def _sums(self, k: int) -> Tensor:
        """Return (g,) the shares within k, added up over each group."""
        if k not in self._kept:
            if len(self._kept) * self._n_groups > _KEPT_ENTRIES:
                self._kept.clear()
            shares = self._places.share_within(k)
            self._kept[k] = torch.bincount(self._member, shares, minlength=self._n_groups)
        return self._kept[k]

    def _likely(self) -> tuple[int, int]:
        """Return places between which nearly all medians lie: six standard deviations of R@k to each side."""
        total = float(self._size.sum())
        middle = self._at_share(total / 2)
        spread = 6 * float((self._sums(middle) - self._size / 2).norm())
        return self._at_share(total / 2 - spread) - 1, self._at_share(total / 2 + spread)

    def _at_share(self, target: float) -> int:
        low, high = 0, self._last
        while high - low > 1:
            middle = (low + high) // 2
            if float(self._places.share_within(middle).sum()) >= target:
                high = middle
            else:
                low = middle
        return high


def _grid(low: int, high: int) -> list[int]:
    """Return whole numbers above ``low``, up to ``high``, evenly spread."""
    steps = min(_FAN, high - low)
    return [low + (high - low) * (i + 1) // steps for i in range(steps)]
