"""Nearest rows by cosine: a faiss index behind one small interface."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError

EXACT_ROWS = 20_000
"""Up to here every row is compared with every query; beyond, an inverted file is searched in part."""

PROBED_SHARE = 0.08
"""Share of the cells of an inverted file that a query looks into."""

_QUERIES = 1_024  # between two reports of progress


class Searched(Protocol):
    """What is asked: an index of faiss, or rows where they lie."""

    def search(  # noqa: D102
        self, queries: npt.NDArray[np.float32], k: int, /
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]: ...


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighbourIndex:
    """Rows that can be asked for the nearest ones to a query.

    Attributes:
        n_rows: rows in the index.
        width: features of a row.
        is_exact: whether every row is compared; else some neighbours may be missed.
    """

    n_rows: int
    width: int
    is_exact: bool
    _index: "Searched"

    __repr__ = brief

    def search(
        self, queries: MatrixLike, k: int, *, progress: Callable[[float], None] | None = None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return rows and cosines of the k nearest to each query, nearest first.

        An exception raised by ``progress`` ends the search and passes through.

        Args:
            queries: (q, width) no zero row.
            k: neighbours, at most ``n_rows``.
            progress: called with the share that is done.

        Returns:
            (q, k) row numbers, and (q, k) cosines. Where an inverted file finds fewer, row -1 and cosine -1.

        Raises:
            DataError: not finite, another width, or a row of zeros.
            ConfigError: ``k`` is out of range.
        """
        if not 1 <= k <= self.n_rows:
            raise ConfigError(f"k must lie in [1, {self.n_rows}], the rows of the index; got {k}")
        rows = unit_rows(queries, "queries").cpu().numpy()
        if rows.shape[1] != self.width:
            raise DataError(f"queries must have {self.width} columns; got shape {rows.shape}")
        found = np.empty((len(rows), k), np.int64)
        cosine = np.empty((len(rows), k), np.float32)
        for start in range(0, len(rows), _QUERIES):
            part = slice(start, start + _QUERIES)
            cosine[part], found[part] = self._index.search(rows[part], k)
            if progress is not None:
                progress(min(1.0, (start + _QUERIES) / len(rows)))
        return found, np.where(found >= 0, cosine.clip(-1, 1), np.float32(-1))


def build_index(x: MatrixLike, *, exact_rows: int = EXACT_ROWS) -> NeighbourIndex:
    """Return an index of the rows of ``x`` by cosine; the same rows give the same index.

    Up to ``exact_rows`` rows it is exact. Beyond, rows are sorted into about 4 sqrt(m) cells by k-means,
    and a query looks into 8 % of the cells: on the bundled images that finds 95 % of 16 neighbours.

    Args:
        x: (m, n) no zero row.
        exact_rows: largest number of rows for the exact index.

    Raises:
        DataError: not a finite matrix, or a row of zeros.
        ConfigError: faiss is not installed.
    """
    rows = unit_rows(x, "x").cpu().numpy()
    faiss = _faiss()
    m, n = rows.shape
    exact = m <= exact_rows
    index: Any = faiss.IndexFlatIP(n)
    if not exact:
        cells = max(1, min(int(4 * np.sqrt(m)), m // 39))  # faiss wants 39 rows a cell to learn from
        index = faiss.IndexIVFFlat(index, n, cells, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = 0
        index.train(rows)
        index.nprobe = max(1, round(PROBED_SHARE * cells))
    index.add(rows)
    return NeighbourIndex(n_rows=m, width=n, is_exact=exact, _index=index)


def nearest_others(
    x: MatrixLike, k: int, *, exact_rows: int = EXACT_ROWS, progress: Callable[[float], None] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return for each row itself, then its k nearest other rows, with the cosines.

    Args:
        x: (m, n) no zero row.
        k: others, at most m - 1.
        exact_rows: as in `build_index`.
        progress: called with the share that is done.

    Returns:
        (m, k + 1) row numbers, the first column 0, 1, ...; and (m, k + 1) cosines, the first column 1.
    """
    index = build_index(x, exact_rows=exact_rows)
    found, cosine = index.search(x, k + 1, progress=progress)
    own = np.arange(len(found))[:, None]
    # A row that has many twins may not be among its own neighbours: then it takes the last place.
    hit = found == own
    hit[~hit.any(axis=1), -1] = True
    order = np.argsort(~hit, axis=1, kind="stable")
    found, cosine = np.take_along_axis(found, order, 1), np.take_along_axis(cosine, order, 1)
    found[:, 0], cosine[:, 0] = own[:, 0], 1.0
    return found, cosine


def _faiss() -> Any:  # noqa: ANN401  (a module without types)
    try:
        import faiss
    except ImportError:
        raise ConfigError('search needs faiss, which is not installed: pip install "sde-explorer"') from None
    return faiss
