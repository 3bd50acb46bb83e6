"""The fitted map that every map-type baseline returns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, TypeVar

import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.matrices import as_matrix
from sde_core.errors import DataError
from sde_core.files.tensor_file import read_tensors, write_tensors

Output: TypeAlias = Literal["features", "coordinates"]
Rows = TypeVar("Rows", Tensor, npt.NDArray[Any])

_BLOCK_ROWS = 8_192
_KIND = "sde.linear_map"
_TENSORS = ("mean", "basis", "gains", "shift")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LinearMap:
    """x -> shift + rest z + V diag(gains - rest) V^T z with z = x - mean: two thin products.

    Attributes:
        name: the baseline it belongs to.
        mean: (n,) float64 that is taken off first.
        basis: (n, k) float64, orthonormal columns V.
        gains: (k,) float64, factor along each column of ``basis``.
        shift: (n,) float64 that is added last.
        rest: factor of everything orthogonal to ``basis``.
        output: "features" as above, (m, n); "coordinates" returns diag(gains) V^T z only, (m, k).
    """

    name: str
    mean: Tensor
    basis: Tensor
    gains: Tensor
    shift: Tensor
    rest: float
    output: Output = "features"

    def __call__(self, x: Rows) -> Rows:
        """Return the mapped rows; computed in float64 and in blocks, returned in the dtype of ``x``.

        Args:
            x: (m, n) array or tensor of embeddings as the map was fitted on (unit length or not); m at
                least 1; integers become float64.

        Returns:
            (m, n) features, or (m, k) coordinates; array for an array, tensor for a tensor, same device.

        Raises:
            DataError: not a finite matrix, or another width.

        Source: docs/method.md, equation (7.1).
        """
        rows = as_matrix(x, "x")
        if rows.shape[1] != len(self.mean):
            raise DataError(f"x must have {len(self.mean)} columns; got shape {tuple(rows.shape)}")
        mean, basis, gains, shift = (getattr(self, key).to(rows.device) for key in _TENSORS)
        width = len(gains) if self.output == "coordinates" else len(mean)
        mapped = torch.empty(len(rows), width, dtype=rows.dtype, device=rows.device)
        for start in range(0, len(rows), _BLOCK_ROWS):
            z = rows[start : start + _BLOCK_ROWS].double() - mean
            along = z @ basis
            if self.output == "coordinates":
                block = along * gains
            else:
                block = shift + self.rest * z + (along * (gains - self.rest)) @ basis.T
            mapped[start : start + _BLOCK_ROWS] = block  # rounded to the dtype of x here
        return mapped if isinstance(x, Tensor) else mapped.numpy()

    def save(self, path: str | Path) -> None:
        """Write the map as safetensors; `load` gives it back bit for bit."""
        # Copies: the mean is also the shift of a truncation, and the format refuses shared memory.
        tensors = {key: getattr(self, key).clone() for key in _TENSORS}
        header = {"name": self.name, "rest": float(self.rest).hex(), "output": self.output}
        write_tensors(path, tensors, kind=_KIND, header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a map written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind=_KIND, writer="LinearMap.save")
        if set(tensors) != set(_TENSORS):
            raise DataError(f"path must be a file written by LinearMap.save; got {path}")
        return cls(
            name=header["name"],
            rest=float.fromhex(header["rest"]),
            output="coordinates" if header["output"] == "coordinates" else "features",
            **tensors,
        )
