"""Embeddings as points on the unit sphere, where cosines are read."""

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import DataError

# Entries in float64 at one time: 256 KiB stay in a core's cache, and one core takes them; elsewhere 32 MiB.
_BLOCK_ENTRIES, _ELSEWHERE = 1 << 15, 1 << 22
# Bytes of numbers whose squares stay in float64.
_NARROW = 4
# Bits of the exponent in a float64.
_EXPONENT = 0x7FF0_0000_0000_0000


def unit_rows(x: MatrixLike, name: str, dtype: torch.dtype = torch.float32) -> Float[Tensor, "m n"]:
    """Return ``x`` with rows of unit length.

    Args:
        x: (m, d) finite array or tensor without zero rows.
        name: what the caller calls it, for the sentence.
        dtype: of the result; the lengths are taken in float64.

    Raises:
        DataError: not a finite matrix, or a row of zeros (it has no direction; its position is named).
    """
    matrix = as_matrix(x, name)
    unit = torch.empty(matrix.shape, dtype=dtype, device=matrix.device)
    entries = _BLOCK_ENTRIES if matrix.is_cpu else _ELSEWHERE
    rows = max(1, entries // matrix.shape[1])
    buffer = matrix.new_empty(min(rows, len(matrix)), matrix.shape[1], dtype=torch.float64)
    for start in range(0, len(matrix), rows):
        part = matrix[start : start + rows]
        block = buffer[: len(part)].copy_(part)
        if matrix.element_size() > _NARROW:
            # Squares of 1e-200 or 1e+200 would leave float64; a power of two leaves every bit as it is.
            block /= _power_of_two(block.abs().amax(dim=1, keepdim=True))
        length = torch.linalg.vector_norm(block, dim=1, keepdim=True)
        if not bool((length > 0).all()):  # 0 / 0 is no number
            zero = (~(length > 0)).nonzero()
            raise DataError(
                f"{name} must have no row of zeros; got one at row {start + int(zero[0, 0])}: drop that row"
            )
        unit[start : start + rows] = block.div_(length)
    return unit


def _power_of_two(size: Float[Tensor, "m 1"]) -> Float[Tensor, "m 1"]:
    """Return the power of two that is nearest below each size, and that of the smallest normal number below it."""
    return (
        size.view(torch.int64)
        .bitwise_and(_EXPONENT)
        .view(torch.float64)
        .clamp_min_(torch.finfo(torch.float64).tiny)
    )
