"""One pass over the rows: the sums that each column needs, in coordinates along the directions, by part of the rows.

Coordinates are taken from the centre of the rows and about a thousand of them at most are added to a sum in the
precision of the vectors, at least float32; these sums are added up, and the centre is put back, in float64. So single
precision loses nothing that counts where there are many rows or they lie far from the origin.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.knowledge.columns import Column, standardised
from sde_core.knowledge.explained import Moments
from sde_core.spectra.spectrum import Spectrum

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Rows that become coordinates at a time; few products, as threads that meet often wait for each other.
_BLOCK_ROWS = 8_192
# Rows that are added to one sum in the precision of the vectors.
_SUMMED_ROWS = 1_024
# So few are faster to add to from rows that the processor still has at hand.
_FEW_SUMS = 256
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

    Numbers are standardised: what they explain does not depend on their unit.
    """
    dtype = torch.float64 if rows.vectors.dtype == np.float64 else torch.float32
    m, rank = len(rows.vectors), spectrum.rank
    centre = _centre(rows.vectors).to(dtype)
    mean = torch.zeros(len(centre)) if spectrum.mean is None else spectrum.mean.cpu()
    shift = (centre.double() - mean.double()) @ spectrum.basis.cpu().double()
    basis = spectrum.basis.cpu().to(dtype)
    shared: dict[int, Floats] = {}
    sums = [_Sums(column, rows, rank, shared) for column in columns]
    # Memory that is asked for anew in every block costs as much as what is written to it.
    near = torch.empty(min(m, _BLOCK_ROWS), len(centre), dtype=dtype)
    along, squared = (torch.empty(len(near), rank, dtype=dtype) for _ in range(2))
    for start in range(0, m, _BLOCK_ROWS):
        here = slice(0, min(m - start, _BLOCK_ROWS))
        np.subtract(
            rows.vectors[start : start + _BLOCK_ROWS],
            centre,
            out=near.numpy()[here],
            dtype=near.numpy().dtype,
        )
        torch.mm(near[here], basis, out=along[here])
        torch.square(along[here], out=squared[here])
        for one in _additions(sums, _entries(rows, start, start + here.stop)):
            one.add((squared if one.is_squared else along)[here].numpy())
        if progress is not None:
            progress(start + here.stop, m)
    return [one.moments(shift, one.with_values(sums)) for one in sums]


def _centre(vectors: npt.NDArray[np.floating]) -> Tensor:
    some = vectors[:: max(1, len(vectors) // _SUMMED_ROWS)][:_SUMMED_ROWS]
    return torch.from_numpy(np.asarray(some).mean(axis=0, dtype=np.float64))


def _n_groups(column: Column) -> int:
    return max(1, len(column.values)) if column.has_groups else 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Entries:
    """The entries of some rows: row within the block, position in the columns, weight, part."""

    row: Ints
    item: Ints
    weight: Floats
    part: Ints

    def kept(self, mask: npt.NDArray[np.bool_]) -> "_Entries":
        return _Entries(
            row=self.row[mask], item=self.item[mask], weight=self.weight[mask], part=self.part[mask]
        )


def _entries(rows: Rows, start: int, stop: int) -> _Entries:
    here = slice(*np.searchsorted(rows.entry_row, [start, stop]))
    return _Entries(
        row=rows.entry_row[here] - start,
        item=rows.entry_item[here],
        weight=rows.entry_weight[here],
        part=rows.part[rows.entry_row[here]],
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Addition:
    """For every i, adds row ``row[i]`` of the coefficients, or their squares, times ``weight[i]`` to ``place[i]``.

    Rows ascend.
    """

    target: Floats
    place: Ints
    row: Ints
    weight: Floats
    is_squared: bool = False

    def add(self, along: npt.NDArray[np.floating]) -> None:
        """Add; each sum takes at most `_SUMMED_ROWS` rows before it is added to the target."""
        counts = np.bincount(self.place, minlength=len(self.target))
        if len(self.target) > _FEW_SUMS and counts.max() <= _SUMMED_ROWS:
            self._add(along, slice(None), counts)
            return
        for at in range(0, len(self.place), _SUMMED_ROWS):
            some = slice(at, at + _SUMMED_ROWS)
            self._add(along, some, np.bincount(self.place[some], minlength=len(self.target)))

    def _add(self, along: npt.NDArray[np.floating], some: slice, counts: Ints) -> None:
        from scipy.sparse import csc_array  # one thread: torch's would wait for each other after every sum

        row = self.row[some]
        if not len(row):
            return
        along = along[row[0] : row[-1] + 1]
        there = counts > 0
        compact = (np.cumsum(there) - 1)[self.place[some]]
        # Rows ascend, so that they are in the order of the columns already.
        begins = np.searchsorted(row, np.arange(row[0], row[-1] + 2))
        weights = csc_array(
            (self.weight[some].astype(along.dtype), compact, begins), shape=(int(there.sum()), len(along))
        )
        if there.all():
            np.add(self.target, weights @ along, out=self.target)
        else:
            self.target[there] += weights @ along


def _additions(sums: "Sequence[_Sums]", entries: _Entries) -> Iterator[_Addition]:
    # Columns without gaps that are kept in as many parts share the sums of the squares, and those of all values.
    yield from {id(one.squares): one.addition_of_squares(entries) for one in sums}.values()
    for one in sums:
        yield from one.additions(entries, is_told=one.with_values(sums) is not None)


class _Sums:
    """The running sums of one column."""

    def __init__(self, column: Column, rows: Rows, rank: int, shared: dict[int, Floats]) -> None:
        self._column, self._rank = column, rank
        self._n_parts = parts_of(column, rows, rank)
        self._known = column.known
        self._k, self._p = _n_groups(column), column.numbers.shape[1]
        self._numbers = column.numbers if column.is_modelled else standardised(column.numbers)
        self._weight = np.zeros(self._n_parts * self._k)
        self._sums = np.zeros((self._n_parts * self._k, rank))
        self._design = np.zeros((self._n_parts * self._p, self._p + 1))
        self._products = np.zeros((self._n_parts * self._p, rank))
        empty = np.zeros((self._n_parts, rank))
        self.squares = shared.setdefault(self._n_parts, empty) if self._known.all() else empty

    def with_values(self, sums: "Sequence[_Sums]") -> "_Sums | None":
        """Return the sums of a column with values whose total is that of this one, which has none; None without."""
        if self._column.has_groups or not self._known.all():
            return None
        return next((s for s in sums if s._column.has_groups and s.squares is self.squares), None)

    def _kept(self, entries: _Entries) -> tuple[_Entries, Ints]:
        kept = entries if self._known.all() else entries.kept(self._known[entries.item])
        return kept, kept.part % self._n_parts

    def addition_of_squares(self, entries: _Entries) -> _Addition:
        """Return what adds the squares of the coefficients."""
        kept, part = self._kept(entries)
        return _Addition(target=self.squares, place=part, row=kept.row, weight=kept.weight, is_squared=True)

    def additions(self, entries: _Entries, *, is_told: bool) -> Iterator[_Addition]:
        """Yield what adds to the sums along the directions, unless others tell them; add up what has no direction."""
        kept, part = self._kept(entries)
        place = part * self._k + (self._column.codes[kept.item] if self._column.has_groups else 0)
        self._weight += np.bincount(place, kept.weight, minlength=len(self._weight))
        if not is_told:
            yield _Addition(target=self._sums, place=place, row=kept.row, weight=kept.weight)
        if self._p:
            number = self._numbers[kept.item]
            entry, which = np.nonzero(number)
            heavy, place = number[entry, which] * kept.weight[entry], part[entry] * self._p + which
            design = np.concatenate([number, np.ones((len(number), 1))], axis=1)
            _Addition(target=self._design, place=place, row=entry, weight=heavy).add(design)
            yield _Addition(target=self._products, place=place, row=kept.row[entry], weight=heavy)

    def moments(self, shift: Tensor, told: "_Sums | None" = None) -> Moments:
        """Return the sums of coefficients that lie by ``shift`` (r,) further along each direction than those added.

        The sum over all rows is that of ``told``, where there is one.
        """
        if told is not None:
            shape = (self._n_parts, told._k, self._rank)
            self._sums = told._sums.reshape(shape).sum(axis=1)

        def by_part(sums: Floats, *shape: int) -> Tensor:
            return torch.from_numpy(sums).reshape(self._n_parts, *shape)

        weight, design = by_part(self._weight, self._k), by_part(self._design, self._p, self._p + 1)
        sums = by_part(self._sums, self._k, self._rank)
        squares = by_part(self.squares, self._rank) + 2 * shift * sums.sum(dim=1)
        return Moments(
            weight=weight,
            sums=sums + shift * weight[..., None],
            squares=squares + shift.square() * weight.sum(dim=1, keepdim=True),
            design=design,
            products=by_part(self._products, self._p, self._rank) + shift * design[..., -1:],
        )
