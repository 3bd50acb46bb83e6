"""npy files, memory-mapped; Python objects are never unpickled."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import Container, Matrix, Table, joined, matrix_of_array, table_of
from sde_core.embedding_formats.quantised import (
    are_whole_vectors,
    matrix_of_bfloat16,
    matrix_of_scaled,
    scale_of,
)
from sde_core.embedding_formats.roles import is_index_name, normal
from sde_core.errors import DataError
from sde_core.files.mapped import array_in_file, check_regular
from sde_core.files.recognised import recognised


def open_npy(paths: list[Path]) -> Container:
    """Return the vectors of npy files, which lie one after the other.

    Raises:
        DataError: not an npy file, cut off, not a matrix of numbers, or the widths differ.
    """
    arrays = {str(path): mapped_npy(path, str(path), whole=len(paths) == 1) for path in paths}
    some = {name: array for name, array in arrays.items() if len(array.shape) != 2 or len(array)}
    parts = [_matrix("", array, {}, name) for name, array in (some or arrays).items()]  # a part may be empty
    place = str(paths[0]) if len(paths) == 1 else str(paths[0].parent)
    return Container(place=place, matrices={"": joined(parts, place)})


def container_of(arrays: Mapping[str, npt.NDArray[Any] | DataError], place: str) -> Container:
    """Return arrays by name: those of two dimensions as vectors, those of one as columns.

    A matrix of whole numbers with two columns is links; any other is vectors, if its scale lies beside it. What is
    neither keeps the sentence that says why.
    """
    columns: dict[str, Table] = {}
    matrices: dict[str, Matrix | DataError] = {}
    for name, array in arrays.items():
        if isinstance(array, DataError):
            matrices[name] = array
        elif array.ndim == 1 or (
            array.ndim == 2 and array.dtype.kind in "iu" and not _are_vectors(name, array)
        ):
            columns[name] = table_of({name: array}, f"{place}, {name}")
        elif array.ndim or not normal(name).endswith(("scale", "scales")):
            try:
                matrices[name] = _matrix(name, array, arrays, f"{place}, {name}")
            except DataError as error:
                matrices[name] = error
    return Container(place=place, matrices=matrices, columns=columns)


def _are_vectors(name: str, array: npt.NDArray[Any]) -> bool:
    return are_whole_vectors(array, is_index_name(name))


def _matrix(
    name: str, array: npt.NDArray[Any], arrays: Mapping[str, npt.NDArray[Any] | DataError], place: str
) -> Matrix:
    scale = scale_of(name, arrays) if _are_vectors(name, array) else None
    if scale is not None:
        return matrix_of_scaled(array, scale, place)
    return matrix_of_bfloat16(array, place) if is_bfloat16(array) else matrix_of_array(array, place)


def is_bfloat16(array: npt.NDArray[Any]) -> bool:
    """Return whether numpy keeps bfloat16, which it does not know, as numbers of two bytes without a kind."""
    return array.dtype.str[1:] == "V2" and array.ndim == 2


def mapped_npy(
    path: Path, place: str, offset: int = 0, size: int | None = None, *, whole: bool = True
) -> npt.NDArray[Any]:
    """Return the npy array that begins at ``offset`` of a file; a large one memory-mapped.

    Args:
        path: of the file.
        place: file and array, as sentences name them.
        offset: where the npy content begins.
        size: bytes that belong to it; None goes to the end of the file.
        whole: whether a small one is read; of many parts each stays mapped.

    Raises:
        DataError: not npy, cut off, or Python objects.
    """
    shape: tuple[int, ...] = ()
    check_regular(path)
    try:
        with path.open("rb") as file:
            end = path.stat().st_size if size is None else offset + size
            file.seek(offset)
            if what := recognised(file.read(min(256, max(0, end - offset)))):
                raise DataError(f"{place} is {what}")
            file.seek(offset)
            shape, is_fortran, dtype = npy_header(file, place)
            start = file.tell()
        needed = math.prod(shape) * dtype.itemsize
        if start + needed > end:
            raise DataError(
                f"{place} is cut off: its {shape} numbers of {dtype} need {needed} bytes, {end - start} are there"
            )
        if needed == 0:
            return np.empty(shape if 0 in shape else (0,), dtype)
        return array_in_file(path, dtype, shape, start, "F" if is_fortran else "C", whole=whole)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{place} must be readable; {error.strerror or error}") from None
    except (ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{place} must be an npy array; shape {shape} cannot be read: {error}") from None


def npy_header(file: IO[bytes], place: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether it is in Fortran order, and dtype; ``file`` then stands at the numbers.

    Raises:
        DataError: not an npy header, or one of Python objects.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, is_fortran, dtype = read(file)
        whole = all(isinstance(n, int) and n >= 0 for n in shape)
    except Exception as error:  # the header is Python text: a damaged one raises many kinds
        raise DataError(f"{place} must be an npy array; its header cannot be read: {_line(error)}") from None
    if not whole:
        raise DataError(f"{place} must be an npy array; its header says shape {shape}")
    if dtype.hasobject:
        raise DataError(
            f"{place} holds Python objects, which are never unpickled: save numbers with "
            ".astype('float32'), text with .astype(str), rows of one length with np.stack"
        )
    return shape, is_fortran, dtype


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
