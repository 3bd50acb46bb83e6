"""Rows of a matrix read once and in order; of a memory-mapped one the next are fetched ahead, those read are let go.

Pages that were read count as memory of the process until the system wants them back. A pass over a mapped matrix of any
size holds no more than a stretch of it this way. A page that was written to is never let go: of a private mapping
(mode "c") the change would be lost.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

STRETCH_BYTES = 32 << 20
"""What is fetched ahead, and let go, at a time."""

_PAGEMAP = Path("/proc/self/pagemap")
_OF_FILE, _SWAPPED, _PRESENT = (np.uint64(1 << bit) for bit in (61, 62, 63))


def rows_in_order(
    matrix: npt.NDArray[Any], n_rows: int, *, keep: bool = False
) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield the number of the first row and the rows, so many at a time.

    Args:
        matrix: (m, n), in memory or mapped.
        n_rows: of a block.
        keep: whether what was read stays in memory.
    """
    mapping = None if keep else _mapping_of(matrix)
    per_stretch = n_rows * max(1, STRETCH_BYTES // max(1, n_rows * matrix[:1].nbytes))
    try:
        for start in range(0, len(matrix), n_rows):
            if mapping is not None and start % per_stretch == 0:
                _advise(mapping, matrix[start + per_stretch : start + 2 * per_stretch], mmap.MADV_WILLNEED)
                let_go(matrix[start - per_stretch : start]) if start else None
            yield start, matrix[start : start + n_rows]
    finally:
        if mapping is not None:
            let_go(matrix[max(0, len(matrix) - 1) // per_stretch * per_stretch :])


def let_go(rows: npt.NDArray[Any]) -> None:
    """Let the system have the pages of rows of a mapped file back, but for those that were written to."""
    mapping = _mapping_of(rows)
    if mapping is not None and not _written(rows):
        _advise(mapping, rows, mmap.MADV_DONTNEED)


def _mapping_of(array: npt.NDArray[Any]) -> mmap.mmap | None:
    """Return the mapping that an array lies in, None where there is none or the system cannot be asked for it."""
    if not hasattr(mmap, "MADV_DONTNEED") or not _PAGEMAP.exists() or not array.flags.c_contiguous:
        return None
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def _pages(rows: npt.NDArray[Any]) -> tuple[int, int]:
    """Return the addresses of the first whole page within rows and of the end of the last."""
    start = rows.__array_interface__["data"][0]
    size = mmap.PAGESIZE
    return -(-start // size) * size, (start + rows.nbytes) // size * size


def _advise(mapping: mmap.mmap, rows: npt.NDArray[Any], advice: int) -> None:
    first, end = _pages(rows)
    if end > first:
        origin = np.frombuffer(mapping, np.uint8).__array_interface__["data"][0]
        mapping.madvise(advice, first - origin, end - first)


def _written(rows: npt.NDArray[Any]) -> bool:
    """Return whether a page is one of the process's own: present, or put away, and not of the file."""
    first, end = _pages(rows)
    try:
        with _PAGEMAP.open("rb", buffering=0) as file:
            file.seek(first // mmap.PAGESIZE * 8)
            pages = np.frombuffer(file.read(max(0, end - first) // mmap.PAGESIZE * 8), np.uint64)
    except OSError:
        return True
    is_there = (pages & (_PRESENT | _SWAPPED)) != 0
    return len(pages) * mmap.PAGESIZE < end - first or bool((is_there & ((pages & _OF_FILE) == 0)).any())
