"""The singular spectrum of rows that come in parts: counts and sums that add up (docs/method.md, section 1)."""

import math
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.spectra.eigen import symmetric_eigen
from sde_core.spectra.result import Center, Spectrum, as_center, with_fixed_signs

_EPS = torch.finfo(torch.float64).eps


class SpectrumAccumulator:
    """Running count, sum and Gram matrix (n, n) in float64: the spectrum of rows seen so far.

    Streamed equals whole for every chunking, and merged equals whole for every merge order, up to
    the rounding of float64 sums: memory O(n^2 + chunk), never O(m n). Both modalities in one accumulator
    give their joint spectrum. Sums are taken about the mean of the first rows, so that a spread that is small beside
    the mean is not rounded away; `merge` moves the sums of the other to the same point.

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
        self._shift: Tensor | None = None  # of the first rows seen
        # Of the Gram matrix the lower triangle counts; what lies above it may be anything.
        self._gram = torch.zeros(n_features, n_features, dtype=torch.float64, device=device)

    def __repr__(self) -> str:
        """Return one line: rows seen, width and centring."""
        return brief(self, count=self.count, n_features=self.n_features, center=self.center)

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
        if self._shift is None:
            self._shift = rows[: self.block_rows].to(self._gram).mean(dim=0)
        for block in torch.split(rows, self.block_rows):
            block = block.to(self._gram) - self._shift
            self._add_products(block)
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
        if other._shift is None:
            return self
        total, gram, shift = (each.to(self._gram) for each in (other._sum, other._gram, other._shift))
        if self._shift is None:
            self._shift = shift.clone()
        apart = shift - self._shift
        self._gram += gram + torch.outer(total, apart) + torch.outer(apart, total)
        self._gram += other.count * torch.outer(apart, apart)
        self._sum += total + other.count * apart
        self.count += other.count
        return self

    def spectrum(self) -> Spectrum:
        """Return the spectrum of all rows seen so far.

        Raises:
            DataError: no row was seen.
        """
        if self.count == 0:
            raise DataError("the accumulator must have seen at least one row; got none: call update first")
        assert self._shift is not None
        mean = self._shift + self._sum / self.count
        if self.center == "mean":
            gram = self._gram - torch.outer(self._sum, self._sum) / self.count
        else:
            cone = torch.outer(self._sum, self._shift)
            gram = self._gram + cone + cone.T + self.count * torch.outer(self._shift, self._shift)
        # The Gram matrix rounds at the size of the rows it is taken of.
        trace = self._gram.diagonal().sum() if self.center == "mean" else gram.diagonal().sum()
        return spectrum_of_gram(
            gram, mean=mean, is_centred=self.center == "mean", n_samples=self.count, trace=float(trace)
        )

    def save(self, path: str | Path) -> None:
        """Write the sums as safetensors; `load` gives them back bit for bit, to go on or to merge."""
        header = {"count": str(self.count), "center": str(self.center)}
        tensors = {"sum": self._sum, "gram": self._gram, "shift": self._shift}
        write_tensors(path, tensors, kind="sde.accumulator", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an accumulator written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.accumulator", writer="SpectrumAccumulator.save")
        stream = cls(len(tensors["sum"]), center="mean" if header["center"] == "mean" else None)
        stream.count, stream._sum, stream._gram = int(header["count"]), tensors["sum"], tensors["gram"]
        stream._shift = tensors.get("shift")
        if stream._shift is None and stream.count:  # written before sums had a shift
            stream._shift = torch.zeros_like(stream._sum)
        return stream

    def _add_products(self, block: Tensor) -> None:
        if block.is_cpu:  # half of the work: the product of a matrix with itself
            from scipy.linalg import blas

            self._gram += torch.from_numpy(blas.dsyrk(1.0, block.numpy().T).T)
        else:
            self._gram.addmm_(block.T, block)


def spectrum_of_gram(
    gram: Tensor, *, mean: Tensor, is_centred: bool, n_samples: int, trace: float | None = None
) -> Spectrum:
    """Return the spectrum of rows by their Gram matrix, with the rank cut of route "gram" (1.3).

    Args:
        gram: (n, n) in float64, of which the lower triangle is read.
        mean: (n,) of the rows.
        is_centred: whether the Gram matrix is of the rows less their mean.
        n_samples: m, rows.
        trace: of the Gram matrix of the rows about the point that the sums were taken from; None is that of ``gram``.
    """
    n_features = len(gram)
    energies, vectors = symmetric_eigen(gram)
    values = energies.clamp_min(0).sqrt().flip(0)
    larger, rounded = max(n_samples, n_features), float(gram.diagonal().sum()) if trace is None else trace
    # The point that the sums are taken from rounds at the size of the mean.
    cone = math.sqrt(n_samples) * float(mean.norm())
    keep = values > max(math.sqrt(_EPS * larger * rounded), _EPS * larger * cone)
    # A bound that no rounding may break; the cut alone has always held it.
    keep &= torch.arange(n_features, device=values.device) < n_samples - is_centred
    return Spectrum(
        singular_values=values[keep],
        basis=with_fixed_signs(vectors.flip(1)[:, keep]),
        mean=mean if is_centred else None,
        n_samples=n_samples,
        n_features=n_features,
        route="gram",
    )
