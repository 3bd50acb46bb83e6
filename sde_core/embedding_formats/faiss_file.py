"""Vectors inside faiss' index files, as autofaiss and clip-retrieval write them; read without faiss' own parser.

An index that keeps its vectors (Flat, IVF with Flat, HNSW with Flat, any of them with ids) gives them back as they
were added. One that keeps codes has no vectors to give, and its sentence says of what kind it is. Every count of the
file is compared with what is left of it before anything is made of it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import Container, Matrix, matrix_of_array, table_of
from sde_core.errors import DataError
from sde_core.files.mapped import array_in_file, check_regular

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

_FLAT = (b"IxFI", b"IxF2", b"IxFl")
_WITH_IDS = (b"IxMp", b"IxM2")
_CODED = {
    b"IxPq": "PQ", b"IxPo": "PQ", b"IxSQ": "SQ", b"IxPT": "a transform before another index", b"IwPQ": "IVF with PQ",
    b"IvPQ": "IVF with PQ", b"IwQR": "IVF with PQ and refinement", b"IwSq": "IVF with SQ", b"IwSQ": "IVF with SQ",
    b"IHNs": "HNSW with SQ", b"IHNp": "HNSW with PQ", b"IxHE": "LSH", b"IxHe": "LSH", b"IBxF": "binary Flat",
    b"IwPf": "IVF with PQ fast scan", b"IPfs": "PQ fast scan", b"IxRF": "a refined index", b"IxRQ": "residual codes",
}  # fmt: skip
MAGICS = (*_FLAT, *_WITH_IDS, b"IwFl", b"IHNf", *_CODED)
"""First bytes of the kinds that are known."""
_DEPTH = 4


def open_faiss(paths: list[Path]) -> Container:
    """Return the vectors of index files by the files' names, and the ids of a single one that has them.

    Raises:
        DataError: damaged, or of a kind that keeps no vectors.
    """
    matrices: dict[str, Matrix | DataError] = {}
    columns = {}
    for path in paths:
        check_regular(path)
        try:
            vectors, ids = _Reader(path).index()
        except OSError as error:
            raise DataError(f"{path} must be readable; {error.strerror or error}") from None
        matrices["" if len(paths) == 1 else path.stem] = matrix_of_array(vectors, str(path))
        if ids is not None and len(paths) == 1:
            columns["id"] = table_of({"id": ids}, f"{path}, ids")
    place = paths[0] if len(paths) == 1 else paths[0].parent
    return Container(place=str(place), matrices=matrices, columns=columns)


class _Reader:
    """A place in an index file, which moves on as fields are read."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._size = path, 0, path.stat().st_size

    def index(self, depth: int = 0) -> tuple[Floats, Ids | None]:
        """Return the vectors (rows, width) in the order they were added, and their ids where they have some."""
        kind = self._bytes(4)
        if kind not in MAGICS:
            raise DataError(
                f"{self._path} must be a faiss index of a known kind; its first bytes are {kind!r}"
            )
        if kind in _CODED:
            raise DataError(
                f"{self._path} is a faiss index that does not keep its vectors as they were, {_CODED[kind]}: open the "
                "vectors it was built from, or build it as Flat"
            )
        if depth == _DEPTH:
            raise self._cut_off()
        width, rows = self._header()
        if kind in _WITH_IDS:
            vectors, _ = self.index(depth + 1)
            ids = self._vector("<i8")
            if len(ids) != len(vectors):
                raise DataError(
                    f"{self._path} must have an id for each of its {len(vectors)} rows; got {len(ids)}"
                )
            return vectors, ids
        if kind == b"IHNf":
            self._skip_graph()
            return self.index(depth + 1)
        if kind == b"IwFl":
            return self._lists(width, rows, depth), None
        return self._matrix(self._number("<u8"), width, rows), None

    def _header(self) -> tuple[int, int]:
        width, rows = self._number("<i4"), self._number("<i8")
        self._at += 16 + 1  # two numbers without a meaning, and whether it was trained
        if self._number("<i4") > 1:  # a metric with a number of its own
            self._at += 4
        if width < 1 or rows < 0:
            raise self._cut_off()
        return width, rows

    def _matrix(self, numbers: int, width: int, rows: int) -> Floats:
        if numbers != rows * width:
            raise DataError(f"{self._path} must hold {rows} x {width} numbers; it says {numbers}")
        start = self._pass(4 * numbers)
        if not rows:
            return np.empty((0, width), np.float32)
        return array_in_file(self._path, np.dtype("<f4"), (rows, width), start)

    def _skip_graph(self) -> None:
        for kind in (
            "<f8",
            "<i4",
            "<i4",
            "<u8",
            "<i4",
        ):  # chances, neighbours a level, levels, offsets, neighbours
            self._vector(kind)
        self._pass(5 * 4)  # entry point, highest level, two efforts, and one that is not in use

    def _lists(self, width: int, rows: int, depth: int) -> Floats:
        """Return the vectors of inverted lists by their ids, which faiss counts from 0 as they are added."""
        n_lists = self._number("<u8")
        self._pass(8)  # lists that a search looks at
        self.index(depth + 1)  # centres of the lists
        direct = self._bytes(1)[0]
        self._vector("<i8")
        if direct == 2:
            self._vector("<i8", columns=2)
        kind, count, code = self._bytes(4), self._number("<u8"), self._number("<u8")
        if kind != b"ilar" or count != n_lists or code != 4 * width:
            raise DataError(f"{self._path} must keep its inverted lists in itself, as float32; it does not")
        sizes = self._sizes(n_lists)
        if int(sizes.sum()) != rows:
            raise self._cut_off()
        self._check_left(rows * (code + 8))
        vectors, ids = np.empty((rows, width), np.float32), np.empty(rows, np.int64)
        done = 0
        for size in sizes[sizes > 0].tolist():
            vectors[done : done + size] = self._array("<f4", size * width).reshape(size, width)
            ids[done : done + size] = self._array("<i8", size)
            done += size
        return vectors[np.argsort(ids, kind="stable")]

    def _sizes(self, n_lists: int) -> Ids:
        kind, found = self._bytes(4), self._vector("<i8")
        if kind == b"full" and len(found) == n_lists:
            sizes = found
        elif kind == b"sprs" and len(found) % 2 == 0:
            sizes = found[1::2]
        else:
            raise self._cut_off()
        if (sizes < 0).any() or (sizes > self._size).any() or float(sizes.sum(dtype=np.float64)) > self._size:
            raise self._cut_off()
        return sizes

    def _vector(self, kind: str, columns: int = 1) -> npt.NDArray[Any]:
        return self._array(kind, columns * self._number("<u8"))

    def _array(self, kind: str, count: int) -> npt.NDArray[Any]:
        dtype = np.dtype(kind)
        start = self._pass(count * dtype.itemsize)
        return array_in_file(self._path, dtype, (count,), start) if count else np.empty(0, dtype)

    def _number(self, kind: str) -> int:
        return int(np.frombuffer(self._bytes(np.dtype(kind).itemsize), kind)[0])

    def _bytes(self, count: int) -> bytes:
        start = self._pass(count)
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(count)

    def _pass(self, count: int) -> int:
        """Return where the next bytes begin and go beyond them."""
        self._check_left(count)
        start, self._at = self._at, self._at + count
        return start

    def _check_left(self, count: int) -> None:
        if count < 0 or self._at + count > self._size:
            raise self._cut_off()

    def _cut_off(self) -> DataError:
        return DataError(f"{self._path} must be a whole faiss index; it is cut off or damaged")
