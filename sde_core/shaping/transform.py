"""The fitted map: new vectors enhanced, attenuated or pruned along the directions of a reference set."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import as_matrix
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.spectra.spectrum import Spectrum

Rows = TypeVar("Rows", Tensor, npt.NDArray[Any])

Output: TypeAlias = Literal["features", "coordinates"]

BLOCK_ROWS = 8_192
"""Rows that are in float64 at one time."""
# What files of fitted gains are called, and files of maps that do not put the mean back.
_KIND, _SHIFTED = "sde.transform", "sde.linear_map"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AffineMap:
    """A map of rows, kept as k directions: y = shift + rest z + V diag(g - rest) V^T z with z = x - mean.

    Without a ``shift`` the mean goes back: y = x + (x - mean) V diag(g - 1) V^T. What the reference set shares, and
    every direction outside V, then passes with gain 1, so all gains 1 is the identity and distances change only
    along V; a gain of 0 prunes a direction, so pruning noise is ``torch.where(partition.labels == NOISE, 0.0, 1.0)``
    as gains. Rows are not renormalised: take cosines of what comes back.

    `SpectralTransform` and `LinearMap` are other names of this class: the first for fitted gains, the second for
    the rivals of `sde_core.treatments`.

    Attributes:
        basis: (n, k) float64, orthonormal columns V; of fitted gains only directions whose gain is not 1.
        gains: (k,) float64, factor along each column of ``basis``, at least 0.
        mean: (n,) float64 that is taken off first, or None for zero.
        name: of the baseline that it belongs to; "" for fitted gains.
        shift: (n,) float64 that is added last; None puts the mean back and leaves all outside V as it is.
        rest: factor of everything orthogonal to ``basis``; 1 without a ``shift``.
        output: "features" as above, (m, n); "coordinates" returns diag(g) V^T z only, (m, k).

    >>> from sde_core import compute_spectrum
    >>> x = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> double = AffineMap.fit(compute_spectrum(x), torch.tensor([2.0, 1.0]))
    >>> double(torch.tensor([[1.0, 1.0]]))
    tensor([[2., 1.]])
    """

    basis: Tensor
    gains: Tensor
    mean: Tensor | None
    name: str = ""
    shift: Tensor | None = None
    rest: float = 1.0
    output: Output = "features"

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.shift is None and self.rest != 1:
            raise ConfigError(f"rest must be 1 in a map without a shift; got {self.rest}")

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

        Two thin products, O(m n k); no n x n matrix. Without a ``shift`` the change alone is computed, in the dtype
        of ``x`` (half precision in float32), differentiable in ``x``; with one, all is computed in float64, in
        blocks, and rounded once.

        Args:
            x: (m, n) array or tensor, m at least 1; integers become float64.

        Returns:
            (m, n) features, or (m, k) coordinates; array for an array, tensor for a tensor.

        Raises:
            DataError: ``x`` is not a finite matrix or has another width.

        Source: docs/method.md, equations (3.13) and (7.1).
        """
        matrix = as_matrix(x, "x")
        if matrix.shape[1] != self.n_features:
            raise DataError(
                f"x must have {self.n_features} columns like the reference set; "
                f"got shape {tuple(matrix.shape)}"
            )
        if self.shift is not None or self.output == "coordinates":
            mapped = self._in_blocks(matrix)
        else:
            rows = x if isinstance(x, Tensor) and x.is_floating_point() else matrix
            work = rows.to(torch.promote_types(rows.dtype, torch.float32))
            mapped = apply_gains(work, self.basis, self.gains, self.mean).to(rows.dtype)
        return mapped if isinstance(x, Tensor) else mapped.numpy()

    def _in_blocks(self, rows: Tensor) -> Tensor:
        here = self.to(rows.device)
        width = self.rank if self.output == "coordinates" else self.n_features
        mapped = torch.empty(len(rows), width, dtype=rows.dtype, device=rows.device)
        for start in range(0, len(rows), BLOCK_ROWS):
            z = rows[start : start + BLOCK_ROWS].double()
            z = z if here.mean is None else z - here.mean
            along = z @ here.basis
            if self.output == "coordinates":
                block = along * here.gains
            else:
                assert here.shift is not None
                block = here.shift + self.rest * z + (along * (here.gains - self.rest)) @ here.basis.T
            mapped[start : start + BLOCK_ROWS] = block  # rounded to the dtype of x here
        return mapped

    def to(self, device: torch.device | str) -> Self:
        """Return the same map on ``device``; `__call__` also moves it as needed."""
        mean, shift = (None if t is None else t.to(device) for t in (self.mean, self.shift))
        return replace(self, basis=self.basis.to(device), gains=self.gains.to(device), mean=mean, shift=shift)

    def save(self, path: str | Path) -> None:
        """Write the map as safetensors, all or nothing; `load` gives it back bit for bit."""
        tensors, header = self._tensors(), {}
        if self.shift is not None:
            # Copies: the mean is also the shift of a truncation, and the format refuses shared memory.
            tensors = {key: None if t is None else t.clone() for key, t in tensors.items()}
            header = {"name": self.name, "rest": float(self.rest).hex(), "output": self.output}
        write_tensors(path, tensors, kind=_KIND if self.shift is None else _SHIFTED, header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a map written by `save`, under whichever of its names.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(
            path, kind=(_KIND, _SHIFTED), writer="SpectralTransform.save or LinearMap.save"
        )
        _check_parts(tensors, path, with_shift=header["kind"] == _SHIFTED)
        if header["kind"] == _KIND:
            return cls(basis=tensors["basis"], gains=tensors["gains"], mean=tensors.get("mean"))
        return cls(
            name=header["name"],
            rest=float.fromhex(header["rest"]),
            output="coordinates" if header["output"] == "coordinates" else "features",
            basis=tensors["basis"],
            gains=tensors["gains"],
            mean=tensors.get("mean"),
            shift=tensors["shift"],
        )

    def _tensors(self) -> dict[str, Tensor | None]:
        return {"basis": self.basis, "gains": self.gains, "mean": self.mean, "shift": self.shift}


SpectralTransform: TypeAlias = AffineMap
LinearMap: TypeAlias = AffineMap


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


def _check_parts(tensors: dict[str, Tensor], path: str | Path, *, with_shift: bool) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    n, k = shapes["basis"] if len(shapes.get("basis", ())) == 2 else (0, 0)
    expected: dict[str, tuple[int, ...]] = {"basis": (n, k), "gains": (k,)}
    expected |= {name: (n,) for name, there in (("mean", "mean" in shapes), ("shift", with_shift)) if there}
    if n == 0 or shapes != expected:
        raise DataError(
            "path must hold basis (n, k), gains (k,) and perhaps mean (n,), beside a shift (n,) where it has one; "
            f"{path} holds {shapes}"
        )
