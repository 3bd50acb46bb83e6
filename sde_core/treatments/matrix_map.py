"""A map of rows by any matrix, for baselines whose directions are not those of one spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.errors import DataError
from sde_core.shaping.transform import BLOCK_ROWS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatrixMap:
    """x -> shift + (x - mean) matrix, in float64, rounded once.

    Attributes:
        name: of the baseline.
        mean: (n,) float64 that is taken off.
        matrix: (n, k) float64.
        shift: (k,) float64 that is added last; None adds nothing.
        unit: whether rows are scaled to unit length in between, before ``last`` is taken off.
        from_unit: whether rows are scaled to unit length before all else.
        last: (k,) float64 that is taken off at the end; None takes nothing off.
    """

    name: str
    mean: Tensor
    matrix: Tensor
    shift: Tensor | None = None
    unit: bool = False
    from_unit: bool = False
    last: Tensor | None = None

    def __call__(self, rows: Float[Tensor, "m n"]) -> Float[Tensor, "m k"]:
        """Return (m, k) mapped rows in their own dtype.

        Raises:
            DataError: another width.
        """
        n, k = self.matrix.shape
        if rows.shape[1] != n:
            raise DataError(f"x must have {n} columns like the reference set; got shape {tuple(rows.shape)}")
        mapped = torch.empty(len(rows), k, dtype=rows.dtype, device=rows.device)
        for start in range(0, len(rows), BLOCK_ROWS):
            mapped[start : start + BLOCK_ROWS] = self._block(rows[start : start + BLOCK_ROWS].double())
        return mapped

    def _block(self, rows: Tensor) -> Tensor:
        mean, matrix, shift, last = (
            None if x is None else x.to(rows.device) for x in (self.mean, self.matrix, self.shift, self.last)
        )
        assert mean is not None
        assert matrix is not None
        rows = _unit(rows) if self.from_unit else rows
        found = (rows - mean) @ matrix
        found = found if shift is None else found + shift
        found = _unit(found) if self.unit else found
        return found if last is None else found - last


def _unit(rows: Tensor) -> Tensor:
    units: Tensor = rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-300)
    return units
