"""Input checks at the border: matrices of the user become finite tensors or a sentence."""

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.errors import ConfigError, DataError

_SUMMED_ENTRIES = 1 << 22

MatrixLike: TypeAlias = Tensor | npt.ArrayLike
"""An array, a tensor or nested sequences of numbers."""


def as_matrix(x: MatrixLike, name: str) -> Float[Tensor, "m n"]:
    """Return ``x`` as a finite, real, floating (m, n) tensor; no copy when it is one already.

    Args:
        x: (m, n) array, tensor or nested sequence; m and n at least 1; integers become float64.
        name: what the caller calls it, for the sentence.

    Returns:
        (m, n) floating tensor on the device of ``x``.

    Raises:
        DataError: wrong number of dimensions, an empty axis, a dtype that is not a real number, or a
            NaN or infinite entry (the first position is named).
    """
    matrix = _as_tensor(x, name)
    if matrix.ndim != 2:
        raise DataError(f"{name} must be a matrix (samples, features); got shape {tuple(matrix.shape)}")
    if 0 in matrix.shape:
        raise DataError(f"{name} must have at least one row and one column; got shape {tuple(matrix.shape)}")
    if not matrix.is_floating_point():
        matrix = matrix.to(torch.float64)
    _check_finite(matrix, name)
    return matrix


def as_paired_matrices(
    first: MatrixLike,
    second: MatrixLike,
    names: tuple[str, str] = ("image", "text"),
    *,
    same_width: bool = True,
) -> tuple[Float[Tensor, "m n"], Float[Tensor, "m k"]]:
    """Return two finite matrices whose rows belong together.

    Args:
        first: (m, n) array or tensor.
        second: (m, n) array or tensor; another width is allowed if ``same_width`` is False.
        names: what the caller calls them.
        same_width: whether the two must share their number of columns.

    Returns:
        The two as floating tensors.

    Raises:
        DataError: as `as_matrix`, or another number of rows or columns.
    """
    a, b = as_matrix(first, names[0]), as_matrix(second, names[1])
    if len(a) != len(b):
        raise DataError(
            f"{names[0]} and {names[1]} must have one row per pair; got {len(a)} and {len(b)} rows"
        )
    if same_width and a.shape[1] != b.shape[1]:
        raise DataError(
            f"{names[0]} and {names[1]} must have the same width; got {a.shape[1]} and {b.shape[1]}"
        )
    return a, b


def check_share(value: float, name: str) -> float:
    """Return ``value`` if it lies in [0, 1].

    Raises:
        ConfigError: it does not, NaN included.
    """
    if not 0.0 <= value <= 1.0:
        raise ConfigError(f"{name} must lie in [0, 1]; got {value}")
    return float(value)


def _as_tensor(x: MatrixLike, name: str) -> Tensor:
    tensor = x.detach() if isinstance(x, Tensor) else _from_array(x, name)
    if tensor.is_complex():
        raise DataError(f"{name} must hold real numbers; got dtype {tensor.dtype}")
    if tensor.layout != torch.strided:
        raise DataError(f"{name} must be dense; got layout {tensor.layout}: pass {name}.to_dense()")
    return tensor


def _from_array(x: npt.ArrayLike, name: str) -> Tensor:
    try:
        array = np.asarray(x)
    except ValueError:  # rows of different lengths
        raise DataError(f"{name} must have rows of one length; got a ragged sequence") from None
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} must hold real numbers; got dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:  # torch has no long double
        array = array.astype(np.float64)
    if not array.flags.writeable or not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="), copy=True)
    return torch.from_numpy(array if array.flags.c_contiguous else np.ascontiguousarray(array))


def _rows_at_a_time(matrix: Tensor) -> int:
    """Return how many rows are summed at a time: the sum of half precision holds them all in float32."""
    return max(1, _SUMMED_ENTRIES // matrix.shape[1]) if matrix.is_cpu else len(matrix)


def _check_finite(matrix: Tensor, name: str) -> None:
    wide = torch.float32 if matrix.element_size() < 4 else None
    # A finite sum has only finite terms: one pass without a mask or a copy as large as the matrix. A sum that
    # overflows is no harm: the mask below then finds nothing.
    if all(
        math.isfinite(float(block.sum(dtype=wide))) for block in torch.split(matrix, _rows_at_a_time(matrix))
    ):
        return
    bad = (~torch.isfinite(matrix)).nonzero()
    if len(bad):
        row, column = bad[0].tolist()
        value = float(matrix[row, column])
        raise DataError(
            f"{name} must be finite; got {value} at row {row}, column {column}: drop or repair that row"
        )
