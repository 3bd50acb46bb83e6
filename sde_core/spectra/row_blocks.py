"""Rows of one or more matrices as float blocks about a point, read once and in order, never copied whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.files.in_order import rows_in_order

Floats: TypeAlias = npt.NDArray[np.floating[Any]]


class RowBlocks:
    """The rows of matrices of one width, all on the CPU.

    Attributes:
        n_rows: of all matrices together.
        width: their columns.
    """

    def __init__(self, matrices: Sequence[Floats | Tensor]) -> None:
        self._matrices = matrices
        self.n_rows = sum(len(matrix) for matrix in matrices)
        self.width = int(matrices[0].shape[1])

    @classmethod
    def of(cls, *matrices: MatrixLike, widest: int = 4) -> RowBlocks | None:
        """Return the rows, or None where a matrix is no floating one, elsewhere, or has more than ``widest`` bytes."""
        fitting = [m.detach() if isinstance(m, Tensor) else m for m in matrices if _fits(m, widest)]
        return cls(fitting) if len(fitting) == len(matrices) else None  # type: ignore[arg-type]

    def head(self, n_rows: int) -> Floats:
        """Return at most so many of the first rows, float32."""
        return _as_array(self._matrices[0][:n_rows], np.float32)

    def blocks(
        self, n_rows: int, dtype: npt.DTypeLike, shift: Floats | None, factor: float = 1.0
    ) -> Iterator[tuple[int, Floats]]:
        """Yield the number of the first row and (k, n) factor (rows - shift), in one buffer that is written again.

        Args:
            n_rows: of a block; a block holds rows of one matrix.
            dtype: float32 or float64.
            shift: (n,) of that dtype, or None for no shift.
            factor: a power of two.
        """
        buffer = np.empty((min(n_rows, self.n_rows), self.width), dtype)
        threads = torch.get_num_threads()
        with ThreadPoolExecutor(threads) as pool:
            for first, rows in self.in_order(n_rows):
                block = buffer[: len(rows)]
                cuts = np.linspace(0, len(block), threads + 1).astype(int).tolist()
                jobs = [
                    pool.submit(fill, block[a:b], rows[a:b], shift, factor)
                    for a, b in pairwise(cuts)
                    if b > a
                ]
                for job in jobs:
                    job.result()
                yield first, block

    def in_order(self, n_rows: int) -> Iterator[tuple[int, Floats | Tensor]]:
        """Yield the number of the first row and (k, n) rows as they are, so many of one matrix at a time."""
        first = 0
        for matrix in self._matrices:
            for start, rows in _in_order(matrix, n_rows):
                yield first + start, rows
            first += len(matrix)


def _in_order(matrix: Floats | Tensor, n_rows: int) -> Iterator[tuple[int, Floats | Tensor]]:
    if isinstance(matrix, np.ndarray):
        yield from rows_in_order(matrix, n_rows)
    else:
        yield from ((start, matrix[start : start + n_rows]) for start in range(0, len(matrix), n_rows))


def fill(block: Floats, rows: Floats | Tensor, shift: Floats | None, factor: float) -> None:
    """Write (k, n) factor (rows - shift) to a block, in its dtype."""
    with np.errstate(all="ignore"):
        if isinstance(rows, np.ndarray) and shift is not None and rows.dtype == block.dtype:
            np.subtract(rows, shift, out=block)
        else:
            block[...] = _as_array(rows, block.dtype)
            if shift is not None:
                block -= shift
        if factor != 1.0:
            block *= factor


def _fits(matrix: MatrixLike, widest: int) -> bool:
    if isinstance(matrix, Tensor):
        known = matrix.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)
        narrow = known and matrix.element_size() <= widest
        return matrix.is_cpu and narrow and matrix.layout == torch.strided and _is_full(matrix.shape)
    if not isinstance(matrix, np.ndarray):
        return False
    return matrix.dtype.kind == "f" and matrix.dtype.itemsize <= widest and _is_full(matrix.shape)


def _is_full(shape: Sequence[int]) -> bool:
    return len(shape) == 2 and 0 not in shape


def _as_array(rows: Floats | Tensor, dtype: npt.DTypeLike) -> Floats:
    if isinstance(rows, Tensor):
        rows = (rows.float() if rows.dtype == torch.bfloat16 else rows).numpy()
    return rows.astype(dtype, copy=False)
