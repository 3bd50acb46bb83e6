"""Vectors of whole numbers with their scale, and the bits of bfloat16: back to float32, block by block."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import BLOCK_ROWS, Floats, Matrix, check_vectors
from sde_core.errors import DataError

Array = npt.NDArray[Any]


def are_whole_vectors(array: Array, is_index: bool) -> bool:
    """Return whether a matrix of whole numbers can only be vectors: not links, of which each has two numbers.

    Args:
        array: of any shape.
        is_index: whether its name says that it leads from texts to images.
    """
    is_whole = array.ndim == 2 and array.dtype.kind in "iu"
    return is_whole and not is_index and (array.shape[1] != 2 or array.dtype.itemsize == 1)


def scale_of(name: str, arrays: Mapping[str, Any]) -> Array | None:
    """Return the array of scales that lies beside the vectors ``name``, None where there is none."""
    for key in (f"{name}_scale", f"{name}_scales", "scale", "scales"):
        found = arrays.get(key)
        if found is not None and not isinstance(found, DataError):
            return np.asarray(found)
    return None


def matrix_of_scaled(array: Array, scale: Array, place: str) -> Matrix:
    """Return whole numbers times their scale: one number, one a column, or one a row.

    Raises:
        DataError: the scale has another shape, is not finite, or is zero.
    """
    check_vectors(array.shape, np.float32, place)
    factor = np.asarray(scale, dtype=np.float32)
    rows, width = array.shape
    of_columns = dict.fromkeys([(width,), (1, width)], (1, width))
    fits = {(): (1, 1), (1,): (1, 1), (rows,): (rows, 1), (rows, 1): (rows, 1)} | of_columns
    if factor.shape not in fits or not (np.isfinite(factor).all() and factor.all()):
        raise DataError(
            f"{place}: its scale must be finite, not zero, and one number, {width} (one a feature) or {rows} (one a "
            f"row); got shape {factor.shape}"
        )
    factor = factor.reshape(fits[factor.shape])

    def blocks() -> Iterator[Floats]:
        for start in range(0, rows, BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            yield array[part].astype(np.float32) * (factor[part] if len(factor) == rows != 1 else factor)

    return Matrix(place=place, shape=(rows, width), dtype=np.dtype(np.float32), blocks=blocks)


def matrix_of_bfloat16(array: Array, place: str) -> Matrix:
    """Return numbers of two bytes without a kind, as numpy keeps bfloat16, as float32."""
    check_vectors(array.shape, np.float32, place)
    bits = array.view(np.uint16)

    def blocks() -> Iterator[Floats]:
        for start in range(0, len(bits), BLOCK_ROWS):
            wide = np.ascontiguousarray(bits[start : start + BLOCK_ROWS]).astype(np.uint32) << np.uint32(16)
            yield wide.view(np.float32)

    return Matrix(
        place=place, shape=(array.shape[0], array.shape[1]), dtype=np.dtype(np.float32), blocks=blocks
    )
