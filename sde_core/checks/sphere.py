"""Embeddings as points on the unit sphere, where cosines are read."""

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import DataError

# Entries converted to float64 at one time: 32 MiB.
_BLOCK_ENTRIES = 1 << 22


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
    rows = max(1, _BLOCK_ENTRIES // matrix.shape[1])
    for start in range(0, len(matrix), rows):
        block = matrix[start : start + rows].double()
        # By the largest entry first: squares of 1e-200 or 1e+200 would leave float64.
        block = block / block.abs().amax(dim=1, keepdim=True)
        zero = block.isnan().any(dim=1).nonzero()
        if len(zero):
            raise DataError(
                f"{name} must have no row of zeros; got one at row {start + int(zero[0])}: drop that row"
            )
        unit[start : start + rows] = (block / torch.linalg.vector_norm(block, dim=1, keepdim=True)).to(dtype)
    return unit
