"""The fitted map: new vectors enhanced, attenuated or pruned along the directions of a reference set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import as_matrix
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.spectra.spectrum import Spectrum

Rows = TypeVar("Rows", Tensor, npt.NDArray[Any])

_KIND = "sde.transform"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpectralTransform:
    """A linear map y = x + (x - mean) V diag(g - 1) V^T of rows, kept as k directions.

    The mean stays in: what the reference set shares, and every direction outside V, passes with gain 1,
    so all gains 1 is the identity and distances change only along V. A gain of 0 prunes a direction,
    so pruning noise is ``torch.where(partition.labels == NOISE, 0.0, 1.0)`` as gains. Rows are not
    renormalised: take cosines of what comes back.

    Attributes:
        basis: (n, k) float64, orthonormal columns; only directions whose gain is not 1.
        gains: (k,) float64, each at least 0.
        mean: (n,) float64 of the reference set, or None if its spectrum was not centred.

    >>> from sde_core import compute_spectrum
    >>> x = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> double = SpectralTransform.fit(compute_spectrum(x), torch.tensor([2.0, 1.0]))
    >>> double(torch.tensor([[1.0, 1.0]]))
    tensor([[2., 1.]])
    """

    basis: Tensor
    gains: Tensor
    mean: Tensor | None

    @property
    def n_features(self) -> int:
        """n, the width of the rows that it takes."""
        return self.basis.shape[0]

    @property
    def rank(self) -> int:
        """k, the number of directions that it changes."""
        return self.basis.shape[1]

    @classmethod
    def fit(cls, spectrum: Spectrum, gains: Tensor) -> Self:
        """Return the map that multiplies direction i of ``spectrum`` by ``gains[i]``.

        Args:
            spectrum: of the reference set; its basis and mean are kept.
            gains: (r,) one per direction, finite, at least 0.

        Raises:
            DataError: another number of gains than directions.
            ConfigError: a gain is negative, NaN or infinite (the position is named).
        """
        values = as_gains(gains)
        if len(values) != spectrum.rank:
            raise DataError(f"gains must have one entry per direction, {spectrum.rank}; got {len(values)}")
        values = values.to(spectrum.basis.device)
        moved = values != 1
        return cls(basis=spectrum.basis[:, moved].contiguous(), gains=values[moved], mean=spectrum.mean)

    def __call__(self, x: Rows) -> Rows:
        """Return the rows of ``x`` mapped, in its own kind, dtype and device.

        Two thin products, O(m n k); no n x n matrix. Half precision is computed in float32.
        Differentiable in ``x``.

        Args:
            x: (m, n) array or tensor, m at least 1; integers become float64.

        Returns:
            (m, n) array for an array, tensor for a tensor.

        Raises:
            DataError: ``x`` is not a finite matrix or has another width.

        Source: docs/method.md, equation (3.13).
        """
        matrix = as_matrix(x, "x")
        if matrix.shape[1] != self.n_features:
            raise DataError(
                f"x must have {self.n_features} columns like the reference set; "
                f"got shape {tuple(matrix.shape)}"
            )
        rows = x if isinstance(x, Tensor) and x.is_floating_point() else matrix
        work = rows.to(torch.promote_types(rows.dtype, torch.float32))
        mapped = apply_gains(work, self.basis, self.gains, self.mean).to(rows.dtype)
        return mapped if isinstance(x, Tensor) else mapped.numpy()

    def to(self, device: torch.device | str) -> Self:
        """Return the same map on ``device``; `__call__` also moves it as needed."""
        mean = None if self.mean is None else self.mean.to(device)
        return type(self)(basis=self.basis.to(device), gains=self.gains.to(device), mean=mean)

    def save(self, path: str | Path) -> None:
        """Write the map as safetensors, all or nothing; `load` gives it back bit for bit."""
        tensors = {"basis": self.basis, "gains": self.gains, "mean": self.mean}
        write_tensors(path, tensors, kind=_KIND, header={})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a map written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, _ = read_tensors(path, kind=_KIND, writer="SpectralTransform.save")
        _check_parts(tensors, path)
        return cls(basis=tensors["basis"], gains=tensors["gains"], mean=tensors.get("mean"))


def apply_gains(
    x: Float[Tensor, "m n"],
    basis: Float[Tensor, "n k"],
    gains: Float[Tensor, " k"],
    mean: Float[Tensor, " n"] | None = None,
) -> Float[Tensor, "m n"]:
    """Return x + (x - mean) V diag(g - 1) V^T; differentiable in ``x`` and ``gains``, no checks.

    Args:
        x: (m, n) rows; the products run in their dtype on their device.
        basis: V (n, k), orthonormal columns.
        gains: g (k,).
        mean: (n,) or None for zero.

    Source: docs/method.md, equations (3.1) and (3.13).
    """
    change = (gains - 1).to(x)  # subtract first: g - 1 keeps its digits in a narrower dtype
    directions = basis.to(x)
    centred = x if mean is None else x - mean.to(x)
    return x + ((centred @ directions) * change) @ directions.T


def as_gains(gains: Tensor | npt.ArrayLike) -> Tensor:
    """Return ``gains`` as a detached (r,) float64 tensor.

    Raises:
        ConfigError: not a vector, or an entry is negative, NaN or infinite.
    """
    values = gains.detach() if isinstance(gains, Tensor) else torch.from_numpy(np.array(gains, np.float64))
    values = values.to(torch.float64)
    if values.ndim != 1:
        raise ConfigError(f"gains must be a vector, one entry per direction; got shape {tuple(values.shape)}")
    bad = ~(torch.isfinite(values) & (values >= 0))
    if bool(bad.any()):
        i = int(bad.nonzero()[0])
        raise ConfigError(f"gains must be finite and at least 0; got {float(values[i])} at position {i}")
    return values


def _check_parts(tensors: dict[str, Tensor], path: str | Path) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    n, k = shapes["basis"] if len(shapes.get("basis", ())) == 2 else (0, 0)
    expected = {"basis": (n, k), "gains": (k,), **({"mean": (n,)} if "mean" in shapes else {})}
    if n == 0 or shapes != expected:
        raise DataError(
            f"path must hold basis (n, k), gains (k,) and perhaps mean (n,); {path} holds {shapes}"
        )
