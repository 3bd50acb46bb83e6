"""One pass over the rows: the sums that each column needs, in coordinates along the directions, by part of the rows."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.knowledge.columns import Column
from sde_core.knowledge.explained import Moments
from sde_core.spectra.spectrum import Spectrum

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Rows that become coordinates at a time.
_BLOCK_ROWS = 4_096
# Sums of one column, in numbers; what would take more gets fewer parts, and no interval below `FEWEST_PARTS`.
_MOST_SUMS = 1 << 22
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
    mean = None if spectrum.mean is None else spectrum.mean.to(dtype)
    # A column's sums are its own: threads change nothing of the numbers.
    with ThreadPoolExecutor(max(1, min(torch.get_num_threads(), len(sums)))) as threads:
        for start in range(0, len(rows.vectors), _BLOCK_ROWS):
            stop = min(start + _BLOCK_ROWS, len(rows.vectors))
            block = torch.from_numpy(np.array(rows.vectors[start:stop])).to(dtype)
            if mean is not None:
                block -= mean
            along = (block @ basis).double().numpy()
            here = _Block(along, rows, start, slice(*np.searchsorted(rows.entry_row, [start, stop])))
            here.sum_squares({one.n_parts for one in sums if one.is_whole})
            list(threads.map(lambda one, here=here: one.add(here), sums))
            if progress is not None:
                progress(stop, len(rows.vectors))
    return [one.moments() for one in sums]


class _Block:
    """Some rows, their coefficients, and their squares by part, which all columns without gaps share."""

    def __init__(self, along: Floats, rows: Rows, start: int, entries: slice) -> None:
        self.along = along
        self.row = rows.entry_row[entries] - start
        self.item = rows.entry_item[entries]
        self.weight = rows.entry_weight[entries]
        self.part = rows.part[rows.entry_row[entries]]
        self._squared: Floats | None = None
        self._whole: dict[int, tuple[Ints, Floats]] = {}

    def add(self, target: Floats, place: Ints, row: Ints, weight: Floats, values: Floats) -> None:
        """Add to ``target[place[i]]`` the row ``values[row[i]]`` times ``weight[i]``, for every i."""
        from scipy.sparse import csr_array

        touched, compact = np.unique(place, return_inverse=True)
        sparse = csr_array((weight, (compact, row)), shape=(len(touched), len(values)))
        target[touched] += sparse @ values

    def sum_squares(self, parts: Iterable[int]) -> None:
        """Add up the squares of all entries, for each number of parts that a column without gaps has."""
        plain = len(self.row) == len(self.along) and bool((self.weight == 1).all())  # each row once
        for n_parts in parts:
            if n_parts == 1 and plain:
                self._whole[1] = np.zeros(1, np.int64), np.einsum("ij,ij->j", self.along, self.along)[None]
                continue
            part = self.part % n_parts
            sums = np.zeros((n_parts, self.along.shape[1]))
            self.add(sums, part, self.row, self.weight, self._squares())
            touched = np.unique(part)
            self._whole[n_parts] = touched, sums[touched]

    def add_squares(self, target: Floats, n_parts: int, kept: npt.NDArray[np.bool_]) -> None:
        """Add the squares of the kept entries to their parts."""
        if kept.all() and n_parts in self._whole:
            touched, found = self._whole[n_parts]
            target[touched] += found
            return
        part = self.part[kept] % n_parts
        self.add(target, part, self.row[kept], self.weight[kept], self._squares())

    def _squares(self) -> Floats:
        if self._squared is None:
            self._squared = np.square(self.along)
        return self._squared


def _n_groups(column: Column) -> int:
    return max(1, len(column.values)) if column.has_groups else 1


class _Sums:
    """The running sums of one column."""

    def __init__(self, column: Column, rows: Rows, rank: int) -> None:
        self._column, self._rank = column, rank
        self.n_parts = parts_of(column, rows, rank)
        self.is_whole = bool(column.known.all())
        self._k, self._p = _n_groups(column), column.numbers.shape[1]
        self._known = column.known
        groups = self.n_parts * self._k
        self._weight = np.zeros(groups)
        self._sums = np.zeros((groups, rank))
        self._squares = np.zeros((self.n_parts, rank))
        self._design = np.zeros((self.n_parts * self._p, self._p + 1))
        self._products = np.zeros((self.n_parts * self._p, rank))

    def add(self, block: _Block) -> None:
        column = self._column
        kept = self._known[block.item]
        item, row, weight = block.item[kept], block.row[kept], block.weight[kept]
        part = block.part[kept] % self.n_parts
        place = part * self._k + (column.codes[item] if column.has_groups else 0)
        self._weight += np.bincount(place, weight, minlength=len(self._weight))
        block.add(self._sums, place, row, weight, block.along)
        block.add_squares(self._squares, self.n_parts, kept)
        if self._p:
            self._add_numbers(block, column.numbers[item], row, weight, part)

    def _add_numbers(self, block: _Block, number: Floats, row: Ints, weight: Floats, part: Ints) -> None:
        full = np.concatenate([number, np.ones((len(number), 1))], axis=1)
        entry, which = np.nonzero(number)
        heavy, place = number[entry, which] * weight[entry], part[entry] * self._p + which
        block.add(self._design, place, entry, heavy, full)
        block.add(self._products, place, row[entry], heavy, block.along)

    def moments(self) -> Moments:
        def by_part(sums: Floats, *shape: int) -> Tensor:
            return torch.from_numpy(sums).reshape(self.n_parts, *shape)

        return Moments(
            weight=by_part(self._weight, self._k),
            sums=by_part(self._sums, self._k, self._rank),
            squares=by_part(self._squares, self._rank),
            design=by_part(self._design, self._p, self._p + 1),
            products=by_part(self._products, self._p, self._rank),
        )
