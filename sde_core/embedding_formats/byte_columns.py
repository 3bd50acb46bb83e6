"""Vectors that parquet holds as bytes: an npy file in each cell, or bare numbers whose kind shows in their sizes."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import Floats
from sde_core.errors import DataError

NPY = b"\x93NUMPY"
_SMALLEST, _LARGEST = (
    1e-7,
    1e4,
)  # sizes of a feature, in the middle and at most; bytes of another kind lie far outside
_KINDS: dict[str, int] = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
MOST_BYTES = 1 << 17

Decoder = Callable[[bytes], Floats]


def decoder_of(cells: Sequence[bytes], place: str, *, may_be_bare: bool = True) -> tuple[Decoder, str] | None:
    """Return what turns a cell into a vector, and a sentence on how the bytes are read; None where they are no vectors.

    Args:
        cells: the first ones of the column, none missing.
        place: of the column in sentences.
        may_be_bare: whether they may be numbers without a header.

    Raises:
        DataError: they are numbers of one length, of more than one possible kind.
    """
    if not cells:
        return None
    if all(cell.startswith(NPY) for cell in cells):
        return _of_npy, ""
    size = len(cells[0])
    if not may_be_bare or not 2 <= size <= MOST_BYTES or any(len(cell) != size for cell in cells):
        return None
    fits = [
        kind for kind, width in _KINDS.items() if size % width == 0 and _are_features(_numbers(cells, kind))
    ]
    if not fits:
        return None
    if len(fits) > 1:
        raise DataError(
            f"{place} holds bytes that may be {' or '.join(fits)}: make lists of numbers of them, such as by "
            "[np.frombuffer(x, np.float16) for x in column]"
        )
    (kind,) = fits
    return (
        lambda cell: _of_bytes(cell, kind),
        f"{place} holds bytes: they are read as {size // _KINDS[kind]} numbers of {kind} a row.",
    )


def rows_of(
    cells: Sequence[bytes | None], decode: Decoder, width: int, reasons: dict[int, str], start: int
) -> Floats:
    """Return cells as rows (k, width) float32; one that is missing or of another length is NaN and has its reason."""
    rows = np.full((len(cells), width), np.nan, np.float32)
    for row, cell in enumerate(cells):
        try:
            found = None if cell is None else decode(cell)
        except ValueError as error:  # also a DataError
            reasons[start + row] = str(error).splitlines()[0]
            continue
        if found is not None and found.shape == (width,):
            rows[row] = found
        else:
            got = "no vector" if found is None else f"shape {found.shape}"
            reasons[start + row] = f"it has {got} instead of {width} numbers"
    return rows


def _numbers(cells: Sequence[bytes], kind: str) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # bytes of another kind may be signalling NaN
        return np.concatenate([_of_bytes(cell, kind) for cell in cells]).astype(np.float64)


def _are_features(numbers: npt.NDArray[np.float64]) -> bool:
    """Return whether numbers may be features: finite, and of sizes that models give."""
    sizes = np.abs(numbers[numbers != 0])
    if not len(sizes) or not np.isfinite(sizes).all():
        return False
    return bool(_SMALLEST < np.median(sizes) < _LARGEST and sizes.max() < _LARGEST)


def _of_bytes(cell: bytes, kind: str) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "bfloat16":
            return (np.frombuffer(cell, "<u2").astype(np.uint32) << 16).view(np.float32)
        found: Floats = np.frombuffer(cell, np.dtype(kind).newbyteorder("<")).astype(np.float32)
        return found


def _of_npy(cell: bytes) -> Floats:
    try:
        array: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(cell), allow_pickle=False)
        with np.errstate(over="ignore"):
            found: Floats = array.astype(np.float32)
    except (ValueError, TypeError, OSError, EOFError, MemoryError) as error:
        raise DataError(f"its npy file is damaged: {error}") from None
    return found.ravel() if found.ndim == 2 and 1 in found.shape else found
