"""What a file of embeddings holds: matrices that are read block by block, and columns beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.files.in_order import rows_in_order

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.floating[Any]]
Column: TypeAlias = "npt.NDArray[Any] | list[Any] | pa.ChunkedArray"
"""Entries of a column: an array, a list, or as Arrow has them, which stay there."""

BLOCK_ROWS = 65_536
"""Rows that are read at one time."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Matrix:
    """Vectors on disk, one a row; nothing is read until it is asked for.

    Attributes:
        place: file and array, as sentences name them.
        shape: (rows, width); without rows where a modality has no vectors.
        dtype: of what is read: float16 or float32.
        blocks: returns the rows in order, some at a time, in `dtype` and native byte order.
        whole: the rows as one memory map, where the format allows it.
        reasons: row -> why it is no vector; filled while the blocks are read, which hold NaN there.
        remark: a sentence on how it is read, where that was told from the numbers.
    """

    place: str
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    blocks: Callable[[], Iterator[Floats]]
    whole: Floats | None = None
    reasons: dict[int, str] = field(default_factory=dict)
    remark: str = ""

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """Columns of one length: ids, captions, metadata; read when asked for.

    Attributes:
        place: file, as sentences name it.
        n_rows: entries of a column.
        names: of the columns.
        read: name -> its entries.
        headless: the same file read as if its first line were a row, where a file has such lines.
    """

    place: str
    n_rows: int
    names: tuple[str, ...]
    read: Callable[[str], Column]
    headless: "Table | None" = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Container:
    """One file: every array by name, and the columns that belong to it.

    Attributes:
        place: file, as sentences name it.
        matrices: name -> vectors, or why they cannot be used; "" where the format has no names.
        columns: name -> table that holds it.
    """

    place: str
    matrices: Mapping[str, Matrix | DataError]
    columns: Mapping[str, Table] = field(default_factory=dict)


def check_vectors(shape: tuple[int, ...], dtype: Any, place: str) -> np.dtype[Any]:  # noqa: ANN401
    """Return the dtype in which vectors of ``dtype`` are read: float16 stays, anything else is float32.

    Raises:
        DataError: not a matrix, an empty one, or not floating-point numbers.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "O":
        raise DataError(f"{place} holds Python objects, which are never unpickled: save it as float32")
    if dtype.names:
        fields = ", ".join(dtype.names[:8])
        raise DataError(
            f"{place} is one array of records ({fields}): save its fields as arrays of their own, "
            "np.savez(path, **{name: x[name] for name in x.dtype.names})"
        )
    if len(shape) != 2:
        raise DataError(
            f"{place} must be a matrix (rows, features); got shape {tuple(shape)}: save x.reshape(-1, WIDTH) where a "
            "row is a vector, or one vector of each picture"
        )
    if 0 in shape:
        raise DataError(f"{place} must have at least one row and one feature; got shape {tuple(shape)}")
    if dtype.kind != "f":
        raise DataError(f"{place} must hold floating-point numbers; got {dtype}: {_remedy(dtype)}")
    return np.dtype(np.float16 if dtype.itemsize == 2 else np.float32)


def _remedy(dtype: np.dtype[Any]) -> str:
    if dtype == np.uint16:
        return (
            "if these are the bits of bfloat16, convert them with (x.astype('uint32') << 16).view('float32')"
        )
    if dtype.itemsize == 1 and dtype.kind in "iu":
        return (
            "if these are quantised vectors, put their scale beside them as an array called image_scale or text_scale, "
            "or convert them with x.astype('float32') * scale; packed bits with np.unpackbits"
        )
    return "if these are vectors, convert them with .astype('float32')"


def matrix_of_array(array: npt.NDArray[Any], place: str) -> Matrix:
    """Return an array, in memory or memory-mapped, as vectors.

    Raises:
        DataError: as `check_vectors`.
    """
    dtype = check_vectors(array.shape, array.dtype, place)
    as_it_is = array.dtype == dtype and array.dtype.isnative and array.flags.c_contiguous

    def blocks() -> Iterator[Floats]:
        for _, block in rows_in_order(array, BLOCK_ROWS):
            with np.errstate(over="ignore"):  # beyond float32 is infinity, which is seen as such
                yield block.astype(dtype, copy=False)

    shape = (array.shape[0], array.shape[1])
    return Matrix(place=place, shape=shape, dtype=dtype, blocks=blocks, whole=array if as_it_is else None)


def no_rows(other: Matrix) -> Matrix:
    """Return the vectors of a modality that has none, beside those of the other."""
    shape = (0, other.shape[1])
    return Matrix(
        place="", shape=shape, dtype=other.dtype, blocks=lambda: iter(()), whole=np.empty(shape, other.dtype)
    )


def joined(parts: list[Matrix], place: str) -> Matrix:
    """Return parts, which lie one after the other, as one; of one part, the part itself.

    Raises:
        DataError: none given, or their widths differ.
    """
    if not parts:
        raise DataError(f"{place} must hold at least one part; it has none")
    if len(parts) == 1:
        return parts[0]
    width = parts[0].shape[1]
    for part in parts:
        if part.shape[1] != width:
            raise DataError(
                f"{part.place} must have the width of {parts[0].place}; got {part.shape[1]} and {width}"
            )
    dtype = parts[0].dtype if len({part.dtype for part in parts}) == 1 else np.dtype(np.float32)
    reasons: dict[int, str] = {}

    def blocks() -> Iterator[Floats]:
        start = 0
        for part in parts:
            for block in part.blocks():
                yield block.astype(dtype, copy=False)
            reasons.update({start + row: reason for row, reason in part.reasons.items()})
            start += len(part)

    shape = (sum(map(len, parts)), width)
    return Matrix(place=place, shape=shape, dtype=dtype, blocks=blocks, reasons=reasons)


def table_of(columns: Mapping[str, Column], place: str) -> Table:
    """Return columns, which are there already, as a table."""
    n_rows = max((len(column) for column in columns.values() if np.ndim(column)), default=0)
    return Table(place=place, n_rows=n_rows, names=tuple(columns), read=columns.__getitem__)
