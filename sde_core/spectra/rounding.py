"""How far eigenvalues of a Gram matrix may be off whose products were taken in float32: measured, not assumed.

How a product rounds depends on the library, its order of summation and the rows. So products of some blocks are taken
again in float64, along directions: of blocks that are spread over the rows, and of the one with the largest rows, which
rounds most where parts of the rows lie far from the point that they are taken about.

Source: docs/method.md, equation (1.12).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sde_core.checks.threads import one_blas_thread, side_by_side
from sde_core.spectra.row_blocks import Floats

_UNIT = 2.0**-24  # rounding of float32
# Directions that rounding is measured along, and their neighbours that are pooled.
_DIRECTIONS, _POOLED = 48, 6
_MEDIAN = 0.455  # of the square of a standard normal number
# Standard deviations of the measured rounding in a bound.
_DEVIATIONS = 6.0
# Standard deviations of chance that a correlation must be beyond.
_CHANCE = 3.0
LOOKED_AT = 16
"""Rows of a block that its size is told from."""
# How much larger than the largest so far one must be to be kept.
_LARGER = 1.1


class SampledProducts:
    """Keeps the blocks and float32 products of some groups while all of them go by.

    Args:
        n_groups: about how many there are.
        width: n, columns of a block.
    """

    def __init__(self, n_groups: int, width: int) -> None:
        # Of narrow rows blocks cost little, and there are few directions to tell from.
        least, every, most = (3, 48, 5) if width >= 128 else (6, 8, 12)
        count = min(n_groups, least + n_groups // every, most)
        self._planned = set(np.linspace(0, n_groups - 1, count).astype(int).tolist())
        self._sizes: list[float] = []
        self._largest, self._is_largest = 0.0, False
        self._kept: dict[int, tuple[list[Floats], Floats]] = {}
        self._number_of_largest = -1

    @property
    def are_finite(self) -> bool:
        """Whether all products are."""
        return math.isfinite(sum(self._sizes))

    def wants(self, few: Floats) -> bool:
        """Return whether the blocks of the next group are kept: of (k, n) some rows of its first one."""
        size = float(np.vdot(few, few)) / len(few)
        self._is_largest = size > _LARGER * self._largest
        self._largest = max(size, self._largest)
        return self._is_largest or len(self._sizes) in self._planned

    def close(self, product: Floats, blocks: Sequence[Floats] = ()) -> None:
        """End a group, whose sum of products is (n, n); of it the lower triangle counts.

        Args:
            product: in float32.
            blocks: (k, n) each, its rows, where they are wanted.
        """
        if blocks:
            if self._is_largest:
                if self._number_of_largest not in self._planned:
                    self._kept.pop(self._number_of_largest, None)
                self._number_of_largest = len(self._sizes)
            self._kept[len(self._sizes)] = list(blocks), product.copy(order="F")
        self._sizes.append(float(np.trace(product)))

    def errors(self, vectors: Floats, energies: Floats, n_rows: int) -> Floats:
        """Return (n,) bounds of the error of each eigenvalue.

        Args:
            vectors: (n, n) eigenvectors, columns.
            energies: (n,) eigenvalues.
            n_rows: of all blocks.
        """
        n = len(energies)
        chosen = np.unique(np.linspace(0, n - 1, min(_DIRECTIONS, n)).astype(int))
        directions = vectors[:, chosen]
        with one_blas_thread():
            off = np.array(list(side_by_side(lambda kept: _off(*kept, directions), self._kept.values())))
        square = np.square(np.diagonal(off, axis1=1, axis2=2))
        # Neighbours by their median: the first directions may round a hundred times as much as those after them.
        near = [slice(max(0, i - _POOLED), i + _POOLED + 1) for i in range(len(chosen))]
        pooled = [
            max(np.median(square[:, part], axis=1).max() / _MEDIAN, square[:, i].mean())
            for i, part in enumerate(near)
        ]
        deviation = np.sqrt(np.interp(np.arange(n), chosen, pooled))
        sizes = np.array(self._sizes)
        energy, alike = float(sizes.sum()), _alike(off)
        # What groups have in common adds up with their number, the rest with its root.
        apart = float(np.square(sizes).sum())
        bound = _DEVIATIONS * deviation * math.sqrt((1 - alike) * apart + alike * energy**2)
        # Taking the point off rounds every entry once.
        once = _UNIT * np.sqrt(energies * energy / n * ((1 - alike) / n_rows + alike))
        errors: Floats = bound + _UNIT**2 * energy / n + _DEVIATIONS * once
        return errors


def _off(blocks: list[Floats], product: Floats, directions: Floats) -> Floats:
    """Return (k, k) how far a float32 product is off along directions (n, k), as a share of its trace."""
    from scipy.linalg import blas

    rounded = directions.T @ blas.dsymm(1.0, product.T.astype(np.float64, order="F"), directions)
    along = [block.astype(np.float64) @ directions for block in blocks]
    off: Floats = (rounded - sum(each.T @ each for each in along)) / max(float(np.trace(product)), 1e-300)
    return off


def _alike(off: Floats) -> float:
    """Return the correlation of the rounding of groups, in [0, 1]; 0 where it is within what chance gives.

    Rows that take few values, or lie on one side of the point, round in every group alike. It may show on the
    diagonal, in its mean or off it: the largest of the three counts.

    Args:
        off: (groups, k, k).
    """
    if len(off) < 2:
        return 1.0 if off.any() else 0.0
    # Each number by its own size over the groups: those along the first directions would outweigh all others.
    size = np.sqrt(np.square(off).mean(axis=0))
    plain = off / np.where(size > 0, size, 1)
    diagonal = np.diagonal(plain, axis1=1, axis2=2)
    common = float(diagonal.mean()) ** 2
    found = [common if common * diagonal.size > _CHANCE**2 else 0.0]
    for numbers in (diagonal, plain[:, *np.triu_indices(off.shape[1])]):
        # Two groups that are alike are enough: others may be of rows that lie elsewhere.
        most = float((numbers @ numbers.T)[np.triu_indices(len(numbers), 1)].max()) / numbers.shape[1]
        found.append(most if most * math.sqrt(numbers.shape[1]) > _CHANCE else 0.0)
    return min(1.0, max(found))
