"""The singular spectrum of a feature matrix, whole or streamed (docs/method.md, section 1)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.vocabulary import Centring

Center: TypeAlias = Literal["mean"] | Centring | None
"""How to centre: "mean" takes the column means off, None leaves the cone in; a `Centring` says either."""

Route = Literal["svd", "gram"]

_EPS = torch.finfo(torch.float64).eps
# Below this many entries an SVD takes milliseconds, and it is the more exact route.
_SVD_ENTRIES = 1 << 18


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spectrum:
    """Thin SVD of F (m, n), without U: singular values, right singular vectors and the mean taken off.

    Attributes:
        singular_values: (r,) float64, descending, strictly above the rank cut; same unit as F.
        basis: (n, r) float64, orthonormal columns; in each the entry of largest size is positive.
        mean: (n,) float64 that was subtracted from every row, or None if F was not centred.
        n_samples: m, rows of F.
        n_features: n, columns of F.
        route: "svd" (thin SVD of F) or "gram" (eigenvectors of the accumulated Gram matrix).
    """

    singular_values: Float[Tensor, " r"]
    basis: Float[Tensor, "n r"]
    mean: Float[Tensor, " n"] | None
    n_samples: int
    n_features: int
    route: Route

    @property
    def rank(self) -> int:
        """r, the number of singular values above the rank cut."""
        return len(self.singular_values)

    @property
    def center(self) -> Literal["mean"] | None:
        """How F was centred: "mean" or None."""
        return None if self.mean is None else "mean"

    @property
    def energies(self) -> Float[Tensor, " r"]:
        """(r,) squared singular values; they add up to ||F||_F^2."""
        return self.singular_values.square()

    @property
    def aspect(self) -> float:
        """Aspect b of the noise, in (0, 1]: r / N, which is min(m, n) / max(m, n) at full rank.

        Noise lives where the data lives: with columns of zeros or repeated rows, r takes the place of the
        smaller side. m counts the mean's lost degree of freedom. Source: docs/method.md, equation (2.1).
        """
        return max(1, self.rank) / self.larger_side

    @property
    def larger_side(self) -> int:
        """N = max(m, n), m without the degree of freedom that the mean takes."""
        return max(self.degrees_of_freedom, self.n_features)

    @property
    def degrees_of_freedom(self) -> int:
        """Rows that vary freely: m, or m - 1 after centring, at least 1."""
        return max(1, self.n_samples - (self.mean is not None))

    def to(self, device: torch.device | str) -> "Spectrum":
        """Return the same spectrum on ``device``."""
        return Spectrum(
            singular_values=self.singular_values.to(device),
            basis=self.basis.to(device),
            mean=None if self.mean is None else self.mean.to(device),
            n_samples=self.n_samples,
            n_features=self.n_features,
            route=self.route,
        )

    def save(self, path: str | Path) -> None:
        """Write the spectrum as safetensors; `load` gives it back bit for bit."""
        tensors = {"singular_values": self.singular_values, "basis": self.basis, "mean": self.mean}
        header = {
            "n_samples": str(self.n_samples),
            "n_features": str(self.n_features),
            "route": self.route,
        }
        write_tensors(path, tensors, kind="sde.spectrum", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a spectrum written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.spectrum", writer="Spectrum.save")
        return cls(
            singular_values=tensors["singular_values"],
            basis=tensors["basis"],
            mean=tensors.get("mean"),
            n_samples=int(header["n_samples"]),
            n_features=int(header["n_features"]),
            route="svd" if header["route"] == "svd" else "gram",
        )


def compute_spectrum(
    x: MatrixLike,
    *,
    center: Center = "mean",
    device: torch.device | str | None = None,
    route: Route | None = None,
) -> Spectrum:
    """Return the singular spectrum of ``x``; squared values and basis rebuild its Gram matrix.

    The work is done in float64. A matrix that is small, wide or nearly square goes through a thin SVD;
    a tall one through its Gram matrix, which costs O(m n^2) once and is exact above the rank cut.
    Rank cut (strict), of F before centring, because the rounding of the mean is of that size: for the SVD
    eps max(m, n) times its largest singular value; for the Gram matrix, whose eigenvalues are squares and
    so carry half of the digits, sqrt(eps max(m, n)) ||F||_F. eps is that of float64.
    Vectors of equal singular values are not unique, only their span is.
    Not differentiable: the result is detached (`SDELoss` has its own gradients).

    Args:
        x: (m, n) features, one sample a row; array or tensor, any real dtype and device.
        center: "mean" subtracts the column means first; None leaves the cone in.
        device: where to compute; None stays where ``x`` is.
        route: "svd" or "gram" to force one; None chooses by shape.

    Returns:
        Spectrum: on the device of the computation.

    Raises:
        DataError: ``x`` is empty, not two-dimensional, not real or not finite.
        ConfigError: ``center`` or ``route`` is unknown.

    Source: docs/method.md, equations (1.1) to (1.4).

    >>> import torch
    >>> compute_spectrum(torch.diag(torch.tensor([3.0, 2.0, 0.0])), center=None).singular_values
    tensor([3., 2.], dtype=torch.float64)
    """
    center = as_center(center)
    if route not in (None, "svd", "gram"):
        raise ConfigError(f'route must be "svd", "gram" or None; got {route!r}')
    matrix = as_matrix(x, "x")
    matrix = matrix if device is None else matrix.to(device)
    m, n = matrix.shape
    if route is None:
        tall = m >= 2 * n and m * n > _SVD_ENTRIES
        route = "gram" if tall else "svd"
    if route == "gram":
        return SpectrumAccumulator(n, center=center, device=matrix.device).update(matrix).spectrum()
    matrix = matrix.to(torch.float64)
    mean = matrix.mean(dim=0) if center == "mean" else None
    cone = 0.0
    if mean is not None:
        matrix = matrix - mean
        cone = math.sqrt(m) * float(torch.linalg.vector_norm(mean))
    _, values, rows = torch.linalg.svd(matrix, full_matrices=False)
    keep = values > _EPS * max(m, n) * math.hypot(float(values[0]), cone)
    return Spectrum(
        singular_values=values[keep],
        basis=with_fixed_signs(rows[keep].T),
        mean=mean,
        n_samples=m,
        n_features=n,
        route="svd",
    )


class SpectrumAccumulator:
    """Running count, sum and Gram matrix (n, n) in float64: the spectrum of rows seen so far.

    Streamed equals whole for every chunking, and merged equals whole for every merge order, up to
    the rounding of float64 sums: memory O(n^2 + chunk), never O(m n). Both modalities in one accumulator
    give their joint spectrum. Two accumulators differ in sums only, so a cluster may add these up itself.

    Source: docs/method.md, equations (1.3) and (1.5).

    >>> import torch
    >>> x = torch.arange(12.0).reshape(4, 3)
    >>> stream = SpectrumAccumulator(3).update(x[:1]).update(x[1:])
    >>> stream.count, round(float(stream.spectrum().singular_values[0]), 4)
    (4, 11.619)
    """

    # Rows converted to float64 at a time, so that a long chunk is never copied whole.
    block_rows = 16_384

    def __init__(
        self, n_features: int, *, center: Center = "mean", device: torch.device | str | None = None
    ) -> None:
        self.center: Center = as_center(center)
        if n_features < 1:
            raise ConfigError(f"n_features must be at least 1; got {n_features}")
        self.n_features = n_features
        self.count = 0
        self._sum = torch.zeros(n_features, dtype=torch.float64, device=device)
        self._gram = torch.zeros(n_features, n_features, dtype=torch.float64, device=device)

    def update(self, chunk: MatrixLike) -> Self:
        """Add rows and return the accumulator itself.

        Args:
            chunk: (m, n) array or tensor; m at least 1.

        Raises:
            DataError: not a finite matrix, or another width; the state is then unchanged.
        """
        rows = as_matrix(chunk, "chunk")
        if rows.shape[1] != self.n_features:
            raise DataError(f"chunk must have {self.n_features} columns; got shape {tuple(rows.shape)}")
        for block in torch.split(rows, self.block_rows):
            block = block.to(self._gram)
            self._gram.addmm_(block.T, block)
            self._sum += block.sum(dim=0)
        self.count += len(rows)
        return self

    def merge(self, other: "SpectrumAccumulator") -> Self:
        """Add what ``other`` has seen and return the accumulator itself; ``other`` is not changed.

        Raises:
            DataError: another width or another centring.
        """
        if (other.n_features, other.center) != (self.n_features, self.center):
            raise DataError(
                f"other must have n_features={self.n_features} and center={self.center!r}; "
                f"got {other.n_features} and {other.center!r}"
            )
        self.count += other.count
        self._sum += other._sum.to(self._sum)
        self._gram += other._gram.to(self._gram)
        return self

    def spectrum(self) -> Spectrum:
        """Return the spectrum of all rows seen so far.

        Raises:
            DataError: no row was seen.
        """
        if self.count == 0:
            raise DataError("the accumulator must have seen at least one row; got none: call update first")
        mean = self._sum / self.count if self.center == "mean" else None
        gram = self._gram
        if mean is not None:
            gram = gram - self.count * torch.outer(mean, mean)
        energies, vectors = torch.linalg.eigh((gram + gram.T) / 2)
        values = energies.clamp_min(0).sqrt().flip(0)
        keep = values > self._cut()
        # A bound that no rounding may break; the cut alone has always held it.
        keep &= torch.arange(len(values), device=values.device) < self.count - (mean is not None)
        return Spectrum(
            singular_values=values[keep],
            basis=with_fixed_signs(vectors.flip(1)[:, keep]),
            mean=mean,
            n_samples=self.count,
            n_features=self.n_features,
            route="gram",
        )

    def save(self, path: str | Path) -> None:
        """Write the sums as safetensors; `load` gives them back bit for bit, to go on or to merge."""
        header = {"count": str(self.count), "center": str(self.center)}
        write_tensors(path, {"sum": self._sum, "gram": self._gram}, kind="sde.accumulator", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an accumulator written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.accumulator", writer="SpectrumAccumulator.save")
        stream = cls(len(tensors["sum"]), center="mean" if header["center"] == "mean" else None)
        stream.count, stream._sum, stream._gram = int(header["count"]), tensors["sum"], tensors["gram"]
        return stream

    def _cut(self) -> float:
        # The Gram matrix is rounded at the size of the uncentred rows; taking the mean off does not undo it.
        size = math.sqrt(float(self._gram.diagonal().sum()))
        return math.sqrt(_EPS * max(self.count, self.n_features)) * size


def with_fixed_signs(basis: Float[Tensor, "n r"]) -> Float[Tensor, "n r"]:
    """Return (n, r) columns flipped so that the entry of largest size is positive in each.

    Source: docs/method.md, equation (1.4).
    """
    if basis.numel() == 0:
        return basis.contiguous()
    leading = basis.gather(0, basis.abs().argmax(dim=0, keepdim=True))
    return (basis * torch.where(leading < 0, -1.0, 1.0)).contiguous()


# The name under which the losses import it.
_with_fixed_signs = with_fixed_signs


def as_center(center: Center | str) -> Literal["mean"] | None:
    """Return a centring as "mean" or None, whichever spelling of `Centring` it is given in.

    Raises:
        ConfigError: ``center`` is neither.
    """
    try:
        return "mean" if Centring("none" if center is None else center) is Centring.MEAN else None
    except ValueError:
        raise ConfigError(f'center must be "mean" or None; got {center!r}') from None
