"""One pass over the rows: the sums that each column needs, in coordinates along the directions, by part of the rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.knowledge.columns import Column
from sde_core.knowledge.explained import Moments
from sde_core.spectra.spectrum import Spectrum

# Rows that become coordinates at a time.
_BLOCK_ROWS = 4_096
# Sums of one column, in numbers; what would take more gets fewer parts, and no interval below `FEWEST_PARTS`.
_MOST_SUMS = 1 << 23
FEWEST_PARTS = 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """Rows of vectors and, for each column, which value each has and with what weight.

    Attributes:
        vectors: (m, n) array.
        entry_row: (L,) row of each entry, ascending; an entry is one value of one row.
        entry_item: (L,) position of the entry's value in the columns.
        entry_weight: (L,) weight; those of a row add up to 1.
        twins: (m,) number of the group of near twins that each row belongs to, from 0.
        part: (m,) number of the part that each row belongs to; near twins share one.
        n_parts: number of parts.
    """

    vectors: npt.NDArray[np.floating]
    entry_row: npt.NDArray[np.int64]
    entry_item: npt.NDArray[np.int64]
    entry_weight: npt.NDArray[np.float64]
    twins: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    n_parts: int


def parts_of(column: Column, rows: Rows, rank: int) -> int:
    """Return into how many parts the sums of a column are kept: all, fewer if they are large, or 1."""
    p = column.numbers.shape[1]
    size = _n_groups(column) * max(1, rank) + p * (p + 1 + rank)
    n_parts = min(rows.n_parts, _MOST_SUMS // size)
    return n_parts if n_parts >= FEWEST_PARTS else 1


def accumulated(
    rows: Rows,
    columns: Sequence[Column],
    spectrum: Spectrum,
    progress: Callable[[int, int], None] | None = None,
) -> list[Moments]:
    """Return the sums of every column, first axis its parts; memory O(parts x values x r + block).

    The coordinates are computed in the precision of the vectors, at least float32, and summed in float64.
    """
    sums = [_Sums(column, rows, spectrum.rank) for column in columns]
    dtype = torch.float64 if rows.vectors.dtype == np.float64 else torch.float32
    basis = spectrum.basis.to(dtype)
    for start in range(0, len(rows.vectors), _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, len(rows.vectors))
        block = torch.from_numpy(np.array(rows.vectors[start:stop])).to(dtype)
        if spectrum.mean is not None:
            block = block - spectrum.mean.to(dtype)
        along = (block @ basis).double()
        entries = slice(*np.searchsorted(rows.entry_row, [start, stop]))
        for one in sums:
            one.add(along, start, entries)
        if progress is not None:
            progress(stop, len(rows.vectors))
    return [one.moments() for one in sums]


def _n_groups(column: Column) -> int:
    return max(1, len(column.values)) if column.has_groups else 1


class _Sums:
    """The running sums of one column."""

    def __init__(self, column: Column, rows: Rows, rank: int) -> None:
        self._column, self._rows, self._rank = column, rows, rank
        self._n_parts = parts_of(column, rows, rank)
        self._k, self._p = _n_groups(column), column.numbers.shape[1]
        self._known = column.known
        self._weight = torch.zeros(self._n_parts * self._k, dtype=torch.float64)
        self._sums = torch.zeros(self._n_parts * self._k, rank, dtype=torch.float64)
        self._squares = torch.zeros(self._n_parts, rank, dtype=torch.float64)
        self._design = torch.zeros(self._n_parts, self._p, self._p + 1, dtype=torch.float64)
        self._products = torch.zeros(self._n_parts, self._p, rank, dtype=torch.float64)

    def add(self, along: Float[Tensor, "b r"], start: int, entries: slice) -> None:
        rows, column = self._rows, self._column
        item = rows.entry_item[entries]
        kept = self._known[item]
        item = item[kept]
        row = rows.entry_row[entries][kept]
        weight = torch.from_numpy(rows.entry_weight[entries][kept])
        part = torch.from_numpy(rows.part[row] % self._n_parts)
        values = along[torch.from_numpy(row - start)]
        weighted = values * weight[:, None]
        place = part * self._k
        if column.has_groups:
            place = place + torch.from_numpy(column.codes[item])
        self._weight.index_add_(0, place, weight)
        self._sums.index_add_(0, place, weighted)
        self._squares.index_add_(0, part, weighted * values)
        if self._p:
            number = torch.from_numpy(column.numbers[item])
            full = torch.cat([number, torch.ones(len(number), 1, dtype=torch.float64)], dim=1)
            heavy = number * weight[:, None]
            # A product a part: the outer products of the rows would not fit.
            for one in np.unique(part.numpy()).tolist():
                mine = part == one
                self._design[one] += heavy[mine].T @ full[mine]
                self._products[one] += heavy[mine].T @ values[mine]

    def moments(self) -> Moments:
        shape = (self._n_parts, self._k)
        return Moments(
            weight=self._weight.reshape(shape),
            sums=self._sums.reshape(*shape, self._rank),
            squares=self._squares,
            design=self._design,
            products=self._products,
        )
