"""Input checks at the border: matrices of the user become finite tensors or a sentence."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.errors import ConfigError, DataError

MatrixLike: TypeAlias = Tensor | npt.ArrayLike
"""An array, a tensor or nested sequences of numbers."""


def as_matrix(x: MatrixLike, name: str) -> Tensor:
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
    finite = torch.isfinite(matrix)
    if not bool(finite.all()):
        row, column = (int(i) for i in (~finite).nonzero()[0])
        value = float(matrix[row, column])
        raise DataError(
            f"{name} must be finite; got {value} at row {row}, column {column}: drop or repair that row"
        )
    return matrix


def as_paired_matrices(
    first: MatrixLike, second: MatrixLike, names: tuple[str, str], *, same_width: bool = True
) -> tuple[Tensor, Tensor]:
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
    if isinstance(x, Tensor):
        tensor = x.detach() if x.requires_grad else x
    else:
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise DataError(f"{name} must hold real numbers; got dtype {array.dtype}")
        if not array.flags.writeable or not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="), copy=True)
        tensor = torch.from_numpy(np.ascontiguousarray(array))
    if tensor.is_complex():
        raise DataError(f"{name} must hold real numbers; got dtype {tensor.dtype}")
    return tensor if tensor.is_floating_point() else tensor.to(torch.float64)
