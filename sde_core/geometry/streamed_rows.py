"""Exact search in rows that stay where they lie, a memory map of more than memory holds, read once for each search."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.errors import DataError
from sde_core.geometry.search import NeighbourIndex

_BLOCK_ROWS = 16_384

Report = Callable[[float], None]


def stream_index(x: npt.NDArray[np.floating[Any]], *, progress: Report | None = None) -> NeighbourIndex:
    """Return an index of the rows of ``x`` by cosine that copies none of them: it keeps their lengths.

    Built in one pass; each search is exact and another pass, O(m n) of reading. An exception that ``progress`` raises
    ends the work.

    Args:
        x: (m, n) no zero row; an array or a memory map, of any float type.
        progress: called with the share that is done.

    Raises:
        DataError: not a matrix of finite numbers, or a row of zeros.

    >>> index = stream_index(np.eye(3, dtype=np.float32)[[0, 1, 2, 1]] * 5)
    >>> index.search([[0.0, 2.0, 1.0]], 3)[0].tolist()
    [[1, 3, 2]]
    """
    if x.ndim != 2 or not x.size:
        raise DataError(f"x must be a matrix with rows and columns; got shape {x.shape}")
    lengths = np.empty(len(x), np.float32)
    for start in range(0, len(x), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        lengths[part] = torch.linalg.vector_norm(_block(x, part), dim=1).numpy()
        wrong = np.flatnonzero(~np.isfinite(lengths[part]) | (lengths[part] == 0))
        if len(wrong):
            what = "no row of zeros" if lengths[start + wrong[0]] == 0 else "finite numbers only"
            raise DataError(f"x must have {what}; got another at row {start + int(wrong[0])}: drop that row")
        if progress is not None:
            progress(min(1.0, (start + _BLOCK_ROWS) / len(x)))
    return NeighbourIndex(
        n_rows=len(x), width=x.shape[1], is_exact=True, _index=StreamedRows(x, torch.from_numpy(lengths))
    )


class StreamedRows:
    """Rows that are compared with queries block by block; a `NeighbourIndex` has checked what comes.

    Args:
        rows: (m, n).
        lengths: (m,) of the rows.
    """

    def __init__(self, rows: npt.NDArray[np.floating[Any]], lengths: Tensor) -> None:
        self._rows, self._lengths = rows, lengths

    def search(
        self, queries: npt.NDArray[np.float32], k: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return the cosines and row numbers of the k nearest to each query, nearest first, ties by row.

        Args:
            queries: (q, n) unit rows.
            k: at most m.
        """
        asks, m = torch.from_numpy(np.ascontiguousarray(queries)), len(self._rows)
        if k == m:
            everything = torch.empty(len(asks), m)
            for start in range(0, m, _BLOCK_ROWS):
                part = slice(start, start + _BLOCK_ROWS)
                everything[:, part] = self._cosines(asks, part)
            best, where = _nearest(everything, torch.arange(m).expand(len(asks), -1), m)
            return best.numpy(), where.numpy()
        best = torch.empty(len(asks), 0)
        where = torch.empty(len(asks), 0, dtype=torch.int64)
        for start in range(0, m, _BLOCK_ROWS):
            scores = self._cosines(asks, slice(start, start + _BLOCK_ROWS))
            numbers = torch.arange(start, start + scores.shape[1]).expand(len(asks), -1)
            best, where = _nearest(torch.cat([best, scores], 1), torch.cat([where, numbers], 1), k)
        return best.numpy(), where.numpy()

    def _cosines(self, asks: Tensor, part: slice) -> Tensor:
        return asks @ _block(self._rows, part).T / self._lengths[part]


def _nearest(scores: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k best of each query and their rows; among equal scores the row that stands first."""
    if k < scores.shape[1]:
        best, places = scores.topk(k, dim=1)
        if int((scores >= best[:, -1:]).sum()) == best.numel():  # no tie at the border
            places = places.sort(dim=1).values
            scores, rows = scores.gather(1, places), rows.gather(1, places)
    scores, order = scores.sort(dim=1, descending=True, stable=True)
    return scores[:, :k], rows.gather(1, order[:, :k])


def _block(rows: npt.NDArray[np.floating[Any]], part: slice) -> Tensor:
    return torch.from_numpy(np.array(rows[part], np.float32))
