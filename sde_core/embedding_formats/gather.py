"""Vectors from disk into one array: a memory map where that is possible, else a copy of bounded memory."""

import shutil
import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import BLOCK_ROWS, Floats, Matrix
from sde_core.errors import DataError
from sde_core.files.in_order import let_go

IN_MEMORY_BYTES = 256 << 20
"""A larger copy lies in a temporary file that has no name and vanishes with the array."""

Mask = npt.NDArray[np.bool_]

_CACHED_BYTES = 1 << 18


def allocate(rows: int, width: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a writable (rows, width) array: in memory up to `IN_MEMORY_BYTES`, beyond it on disk.

    Raises:
        DataError: the folder for temporary files (TMPDIR) has too little space.
    """
    n_bytes = rows * width * np.dtype(dtype).itemsize
    if n_bytes <= IN_MEMORY_BYTES:
        return np.empty((rows, width), dtype)
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise DataError(
            f"a copy of the vectors needs {n_bytes / 1e9:,.1f} GB in {folder}, where {free / 1e9:,.1f} GB are "
            "free: set TMPDIR to a larger disk"
        )
    try:
        with tempfile.TemporaryFile(prefix="sde-vectors-") as file:
            return np.memmap(file, dtype=dtype, mode="w+", shape=(rows, width))
    except (OSError, ValueError, OverflowError) as error:
        raise DataError(f"the vectors cannot be copied to {folder}: {error}") from None


def gathered(matrix: Matrix) -> tuple[Floats, Mask, dict[int, str]]:
    """Return all rows as one array, the (rows,) mask of usable ones, and row -> reason for the others.

    A memory map stays one: then nothing is copied, and the rows are only looked at.

    Raises:
        DataError: fewer rows than announced, or too little space for a copy.
    """
    out = allocate(*matrix.shape, matrix.dtype) if matrix.whole is None else matrix.whole
    usable = np.zeros(len(matrix), dtype=bool)
    reasons: dict[int, str] = {}
    start = 0
    for block in matrix.blocks():
        end = start + len(block)
        if end > len(matrix):
            break
        if matrix.whole is None:
            out[start:end] = block
            let_go(out[start:end])
        finite, zero = _looked_at(block)
        usable[start:end] = finite & ~zero
        reasons |= {start + int(r): "its vector is not finite" for r in np.flatnonzero(~finite)}
        reasons |= {start + int(r): "its vector is all zeros" for r in np.flatnonzero(finite & zero)}
        start = end
    if start != len(matrix):
        raise DataError(f"{matrix.place} must hold {len(matrix)} rows; it ends after {start}")
    return out, usable, reasons | matrix.reasons


def kept(array: Floats, rows: npt.NDArray[np.int64], *, is_ours: bool) -> Floats:
    """Return the given rows, which ascend, of ``array``; all of them is the array itself.

    Args:
        array: (m, d) vectors.
        rows: (k,) ascending row numbers.
        is_ours: whether the array is a copy of ours, which is then packed in place.
    """
    if len(rows) == len(array):
        return array
    out = array if is_ours else allocate(len(rows), array.shape[1], array.dtype)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        out[start : start + len(block)] = array[block]  # rows ascend: what is written was read before
        let_go(out[start : start + len(block)])
    return out[: len(rows)]


def _looked_at(block: Floats) -> tuple[Mask, Mask]:
    """Return which rows are finite, and which are all zeros: by the bits, a few rows at a time in the cache."""
    finite, zero = np.empty((2, len(block)), dtype=bool)
    bits = block.view(f"u{block.dtype.itemsize}")
    inf = bits.dtype.type(np.array(np.inf, block.dtype).view(bits.dtype))
    unsigned = bits.dtype.type(2 ** (8 * bits.itemsize - 1) - 1)
    rows = max(1, _CACHED_BYTES // max(1, block.shape[1] * block.itemsize))

    for start in range(0, len(block), rows):
        part = bits[start : start + rows]
        largest = (part & unsigned).max(axis=1)
        finite[start : start + rows] = largest < inf
        zero[start : start + rows] = largest == 0
    return finite, zero
