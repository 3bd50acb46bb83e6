"""The spectrum of a tall matrix in float32 blocks, with a bound for every value and further passes where it is not met.

First pass: the Gram matrix of rows about a provisional mean, products of a block in float32, sums in float64. How far
its eigenvalues may be off is measured on sampled blocks, not assumed. Second: the same in float64. Third: the rows
projected on the directions that are still in doubt, which are then treated at their own scale, again and again until
every value above a millionth of the largest is known to a millionth of itself.

Source: docs/method.md, equations (1.12) to (1.14).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.threads import one_blas_thread, side_by_side
from sde_core.spectra.eigen import ONE_THREAD
from sde_core.spectra.rounding import LOOKED_AT, SampledProducts
from sde_core.spectra.row_blocks import Floats, RowBlocks, fill

TARGET = 1e-6
"""Relative error of every singular value above this share of the largest: at most this."""
# Of smaller ones.
_BELOW = 0.01

# Rows that are shifted and multiplied at a time, and how many such blocks are summed in float32 at most: more make
# longer sums, and so larger errors that take longer to measure, fewer make more sums in float64.
_ROWS, _MOST_BLOCKS, _FEWEST_SUMS = 1024, 2, 16
# The widest rows of which each thread multiplies groups of its own. Threads of OpenBLAS wait for each other in every
# strip, spinning: at a load of 20 two of them took three times as long for 1,024 columns.
_APART = 1024
# Rows of one product: of more, BLAS sums hundreds in a register before it adds, which rounds to twice as much.
_STRIP = 128
_BLOCK_ROWS = 4096  # of float64
_EPS = float(np.finfo(np.float64).eps)
# LAPACK's eigenvalues are off by some roundings of the largest.
_SOLVER = 8 * _EPS
# A share of doubtful directions below which they are projected at once.
_FEW = 1 / 8
_MOST_PASSES = 4
# With fewer rows than this for each column the solver takes the time, and float64 is taken at once.
_LONG = 16


@dataclass(frozen=True, slots=True, eq=False)
class MixedEigen:
    """Eigenvalues s^2 above the rank cut, descending, their eigenvectors, the mean, the relative error of each s."""

    energies: Tensor
    vectors: Tensor
    mean: Tensor
    relative_errors: Tensor


def mixed_eigen(rows: RowBlocks, *, centred: bool) -> MixedEigen | None:
    """Return the eigenvalues of the Gram matrix of all rows, centred or not; None where float32 cannot hold it.

    Args:
        rows: at least twice as many as columns.
        centred: whether the mean is taken off.
    """
    work = _Passes(rows, centred=centred)
    is_long = rows.n_rows >= _LONG * rows.width
    if not (work.first() if is_long else work.in_double()):
        return None
    if is_long and work.n_doubtful > _FEW * rows.width:
        work.in_double()
    for _ in range(_MOST_PASSES):
        if work.n_doubtful == 0:
            break
        work.project()
    # No more directions than rows that vary freely, none below the cut, none that may as well be 0.
    keep = (work.energies > work.floor) & (work.errors < work.energies)
    keep &= np.arange(rows.width) < rows.n_rows - centred
    return MixedEigen(
        energies=torch.from_numpy(work.energies[keep] * work.factor**-2),
        vectors=torch.from_numpy(work.vectors[:, keep]),
        mean=torch.from_numpy(work.mean),
        relative_errors=torch.from_numpy(work.errors[keep] / (2 * work.energies[keep])),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Rows of some blocks, the sum of their products and of themselves, and some rows of the first block."""

    rows: list[Floats | Tensor]
    product: Floats
    total: Floats
    few: Floats


class _Passes:
    """What is known so far; rows are multiplied by ``factor``, so that squares stay within float32."""

    def __init__(self, rows: RowBlocks, *, centred: bool) -> None:
        self.rows, self.centred = rows, centred
        self.energies: Floats
        self.vectors: Floats
        self.errors: Floats
        self.mean: Floats
        fitting = rows.n_rows // (_FEWEST_SUMS * _ROWS)
        self.block_rows = _ROWS if fitting else _ROWS // 2
        self.n_blocks = min(_MOST_BLOCKS, max(1, fitting))
        head = rows.head(_ROWS)
        with np.errstate(all="ignore"):
            self.shift = head.mean(axis=0, dtype=np.float64).astype(np.float32)
            size = float(np.abs(head - self.shift).max())
        plain = 1e-8 < size < 1e8 or not math.isfinite(size) or size == 0
        self.factor = 1.0 if plain else 2.0 ** -round(math.log2(size))

    def first(self) -> bool:
        """Take the first pass, of narrow rows in groups of each thread's own; return whether all sums are finite."""
        n, count = self.rows.width, -(-self.rows.n_rows // (self.block_rows * self.n_blocks))
        gram, total = np.zeros((n, n), order="F"), np.zeros(n)
        sampled = SampledProducts(count, n)
        buffers: list[Floats] = []  # of blocks and of products, that nobody uses
        products: list[Floats] = []
        # Of wider rows a product for each thread would take too much memory: all threads take each together.
        is_shared = n <= _APART
        with one_blas_thread() if is_shared else nullcontext(), np.errstate(all="ignore"):
            multiplied = partial(self._multiplied, buffers, products)
            for group in (side_by_side if is_shared else map)(multiplied, self._groups()):
                wanted = sampled.wants(group.few)
                sampled.close(group.product, [self._filled(rows) for rows in group.rows] if wanted else ())
                gram += group.product
                total += group.total
                products.append(group.product)
        if not sampled.are_finite:
            return False
        self._use(gram, total)
        solver = _SOLVER * float(self.energies[0])
        self.errors = sampled.errors(self.vectors, self.energies, self.rows.n_rows) + solver
        return True

    def _groups(self) -> Iterator[list[Floats | Tensor]]:
        """Yield the rows of as many blocks as are summed in float32."""
        blocks = (rows for _, rows in self.rows.in_order(self.block_rows))
        while group := list(islice(blocks, self.n_blocks)):
            yield group

    def _multiplied(
        self, buffers: list[Floats], products: list[Floats], rows: list[Floats | Tensor]
    ) -> _Group:
        """Return the sum of products of some blocks, in float32."""
        from scipy.linalg import blas

        buffer = _taken(buffers, (self.block_rows, self.rows.width), "C")
        product = _taken(products, (self.rows.width, self.rows.width), "F")
        product.fill(0)
        total, few = np.zeros(self.rows.width), buffer[:0]
        with np.errstate(all="ignore"):
            for number, part in enumerate(rows):
                block = buffer[: len(part)]
                fill(block, part, self.shift, self.factor)
                for top in range(0, len(block), _STRIP):
                    strip = block[top : top + _STRIP].T
                    # The lower triangle: OpenBLAS takes a quarter longer for the upper one.
                    product = blas.ssyrk(1.0, strip, 1.0, product, overwrite_c=1, lower=1)
                # In float64: sums of rows on one side of the point would round as their order has it.
                total += block.sum(axis=0, dtype=np.float64)
                few = few if number else block[:: max(1, len(block) // LOOKED_AT)].copy()
        buffers.append(buffer)
        return _Group(rows, product, total, few)

    def _filled(self, rows: Floats | Tensor) -> Floats:
        block = np.empty(tuple(rows.shape), np.float32)
        fill(block, rows, self.shift, self.factor)
        return block

    def in_double(self) -> bool:
        """Take the same sums in float64; return whether they are finite."""
        from scipy.linalg import blas

        n = self.rows.width
        gram, total = np.zeros((n, n), order="F"), np.zeros(n)
        shift = self.shift.astype(np.float64)
        for _, block in self.rows.blocks(_BLOCK_ROWS, np.float64, shift, self.factor):
            gram = blas.dsyrk(1.0, block.T, 1.0, gram, overwrite_c=1, lower=1)
            total += block.sum(axis=0)
        if not math.isfinite(float(np.trace(gram))):
            return False
        self._use(gram, total)
        # Now the solver rounds more than the sums do.
        self.errors = np.full(n, 4 * _SOLVER * self.energies[0])
        return True

    def project(self) -> None:
        """Measure the doubtful directions again from the rows projected on them, at their own scale."""
        from scipy.linalg import blas

        known = self.rows.width - self.n_doubtful
        head, tail = self.vectors[:, :known], self.vectors[:, known:]
        cross, own = np.zeros(tail.shape), np.zeros((tail.shape[1],) * 2, order="F")
        total = np.zeros(self.rows.width)
        point = self.mean if self.centred else None
        for _, block in self.rows.blocks(_BLOCK_ROWS, np.float64, point, self.factor):
            along = block @ tail
            cross += block.T @ along
            own = blas.dsyrk(1.0, along.T, 1.0, own, overwrite_c=1, lower=1)
            total += block.sum(axis=0)
        if self.centred:  # the mean was known to float32 only, which is too little for small directions
            count, along = self.rows.n_rows, total @ tail
            cross -= np.outer(total, along) / count
            own -= np.outer(along, along) / count
            self.mean = self.mean + total / count / self.factor
        # The eigenvectors of the head lean by this much towards the tail; without it the tail is its Schur complement.
        cross = head.T @ cross
        lean = cross / self.energies[:known, None]
        energies, turn = _eigh(own - cross.T @ lean)
        turned = np.hstack([head + tail @ lean.T, (tail - head @ lean) @ turn])
        self.vectors = np.linalg.qr(turned)[0]
        size = math.sqrt(float(self.energies[:known].sum() + energies.sum()))
        # A projection rounds at the length of its row, and the solver at the largest of the tail.
        errors = _SOLVER * (energies[0] + np.sqrt(energies) * size)
        # What couples tail and head is taken off to first order only; where both are of one size it may all be left.
        coupled = np.square(cross @ turn)
        gap = np.maximum(self.energies[:known, None] - energies, np.sqrt(coupled.sum(axis=0)) + 1e-300)
        errors += (coupled / gap).sum(axis=0)
        self.energies = np.concatenate([self.energies[:known], energies])
        self.errors = np.concatenate([self.errors[:known], errors])
        order = np.argsort(-self.energies, kind="stable")
        self.energies, self.errors = self.energies[order], self.errors[order]
        self.vectors = self.vectors[:, order]

    @property
    def n_doubtful(self) -> int:
        """Directions from the first on whose value is not known well enough, but for those below the rank cut."""
        wanted = self.energies + self.errors > self.floor
        is_large = self.energies + self.errors > TARGET**2 * self.energies[0]
        unknown = wanted & (self.errors > 2 * np.where(is_large, TARGET, _BELOW) * self.energies)
        return len(unknown) - int(unknown.argmax()) if bool(unknown.any()) else 0

    @property
    def floor(self) -> float:
        """Square of the rank cut (1.2): the rounding of float64 at the size of the rows before centring."""
        cone = self.rows.n_rows * float(np.square(self.mean * self.factor).sum()) if self.centred else 0.0
        return float((_EPS * max(self.rows.n_rows, self.rows.width)) ** 2 * (self.energies[0] + cone))

    def _use(self, gram: Floats, total: Floats) -> None:
        """Take the eigenvalues from the sums of the shifted rows; of ``gram`` the lower triangle counts."""
        count, shift = self.rows.n_rows, self.shift.astype(np.float64)
        self.mean = shift + total / count / self.factor
        point = shift * self.factor
        if self.centred:
            cone = np.outer(total, total)
            cone /= count
            gram -= cone.T  # symmetric; by columns, as the sums lie
        else:
            gram = gram + np.outer(point, total) + np.outer(total, point) + count * np.outer(point, point)
        self.energies, self.vectors = _eigh(gram)


def _taken(free: list[Floats], shape: tuple[int, int], order: Literal["C", "F"]) -> Floats:
    """Return a float32 array that nobody uses, by rows or by columns; a new one where there is none."""
    try:
        return free.pop()
    except IndexError:
        return np.empty(shape, np.float32, order=order)


def _eigh(lower: Floats) -> tuple[Floats, Floats]:
    """Return eigenvalues, descending and at least 0, and eigenvectors; only the lower triangle is read."""
    if len(lower) == 1:  # scipy's check of LAPACK's memory fails for one row, up to 1.13.0
        return np.maximum(lower[0], 0), np.ones((1, 1))
    from scipy.linalg import eigh

    with one_blas_thread() if len(lower) <= ONE_THREAD else nullcontext():
        values, vectors = eigh(lower, lower=True, driver="evd", check_finite=False)
    return np.maximum(values[::-1], 0), np.ascontiguousarray(vectors[:, ::-1])
