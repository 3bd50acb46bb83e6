"""What two paired modalities share: their joint spectrum and the SVD of their cross-covariance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike, as_paired_matrices
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.spectra.eigen import thin_svd
from sde_core.spectra.spectrum import (
    Center,
    Spectrum,
    SpectrumAccumulator,
    as_center,
    compute_spectrum,
    mixed_spectrum,
    with_fixed_signs,
)

_EPS = torch.finfo(torch.float64).eps
_NAMES = ("image", "text")
# Below this many entries both modalities are stacked and decomposed at once.
_STACKED_ENTRIES = 1 << 18


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CrossSpectrum:
    """SVD of the cross-covariance C = X^T Y / m of paired rows: C = A diag(c) B^T.

    c_i is the covariance of the image coefficient along column i of A with the text coefficient along
    column i of B; no two orthonormal families have more in total.

    Attributes:
        singular_values: (r,) float64, descending, strictly above the rank cut; product of both units.
        image_basis: (n, r) float64, orthonormal columns; the entry of largest size is positive.
        text_basis: (p, r) float64, orthonormal columns; signed so that every c_i is positive.
        image_mean: (n,) that was subtracted, or None.
        text_mean: (p,) that was subtracted, or None.
        n_samples: m, number of pairs.
    """

    singular_values: Float[Tensor, " r"]
    image_basis: Float[Tensor, "n r"]
    text_basis: Float[Tensor, "p r"]
    image_mean: Float[Tensor, " n"] | None
    text_mean: Float[Tensor, " p"] | None
    n_samples: int

    __repr__ = brief

    @property
    def rank(self) -> int:
        """r, the number of singular values above the rank cut."""
        return len(self.singular_values)

    def save(self, path: str | Path) -> None:
        """Write the spectrum as safetensors; `load` gives it back bit for bit."""
        names = ("singular_values", "image_basis", "text_basis", "image_mean", "text_mean")
        tensors = {name: getattr(self, name) for name in names}
        write_tensors(path, tensors, kind="sde.cross_spectrum", header={"n_samples": str(self.n_samples)})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a spectrum written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.cross_spectrum", writer="CrossSpectrum.save")
        return cls(
            singular_values=tensors["singular_values"],
            image_basis=tensors["image_basis"],
            text_basis=tensors["text_basis"],
            image_mean=tensors.get("image_mean"),
            text_mean=tensors.get("text_mean"),
            n_samples=int(header["n_samples"]),
        )


def compute_joint_spectrum(image: MatrixLike, text: MatrixLike, *, center: Center = "mean") -> Spectrum:
    """Return the spectrum of the rows of both modalities in one matrix of 2m rows.

    ``center="mean"`` takes off the mean of all rows, so the gap between the modalities stays in, as one
    direction. Streamed: ``SpectrumAccumulator(n).update(image).update(text)``.

    Args:
        image: (m, n) image features.
        text: (m, n) text features, row i belongs to row i of ``image``.
        center: "mean" or None.

    Raises:
        DataError: not finite matrices of one shape.

    Source: docs/method.md, equation (1.6).
    """
    center = as_center(center)
    if np.shape(image) == np.shape(text):
        found = mixed_spectrum(image, text, center=center)
        if found is not None:
            return found
    a, b = as_paired_matrices(image, text)
    b = b.to(a.device)
    if 2 * a.numel() <= _STACKED_ENTRIES or len(a) < a.shape[1]:
        return compute_spectrum(torch.cat([a.double(), b.double()]), center=center)
    stream = SpectrumAccumulator(a.shape[1], center=center, device=a.device)
    return stream.update(a).update(b).spectrum()


def compute_cross_spectrum(image: MatrixLike, text: MatrixLike, *, center: Center = "mean") -> CrossSpectrum:
    """Return the SVD of the cross-covariance of paired rows; widths may differ. Float64, detached.

    Args:
        image: (m, n) image features.
        text: (m, p) text features, row i belongs to row i of ``image``.
        center: "mean" takes each modality's mean off first; None leaves the cones in.

    Raises:
        DataError: not finite matrices with the same number of rows.

    Source: docs/method.md, equations (1.7) and (1.8).

    >>> x = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> compute_cross_spectrum(x, x[:, :1]).singular_values
    tensor([0.5000], dtype=torch.float64)
    """
    center = as_center(center)
    a, b = as_paired_matrices(image, text, same_width=False)
    stream = CrossSpectrumAccumulator(a.shape[1], b.shape[1], center=center, device=a.device)
    return stream.update(a, b).spectrum()


class CrossSpectrumAccumulator:
    """Running count, sums and X^T Y (n, p) in float64: the cross spectrum of the pairs seen so far.

    Streamed equals whole for every chunking and merge order, up to the rounding of float64 sums: memory
    O(n p + chunk).

    Source: docs/method.md, equations (1.5), (1.7) and (1.8).
    """

    # Rows converted to float64 at a time, so that a long chunk is never copied whole.
    block_rows = 16_384

    def __init__(
        self,
        n_image_features: int,
        n_text_features: int,
        *,
        center: Center = "mean",
        device: torch.device | str | None = None,
    ) -> None:
        center = as_center(center)
        for name, width in (("n_image_features", n_image_features), ("n_text_features", n_text_features)):
            if width < 1:
                raise ConfigError(f"{name} must be at least 1; got {width}")
        self.center: Center = center
        self.count = 0
        self._sums = [
            torch.zeros(width, dtype=torch.float64, device=device)
            for width in (n_image_features, n_text_features)
        ]
        self._squares = torch.zeros(2, dtype=torch.float64, device=device)
        self._cross = torch.zeros(n_image_features, n_text_features, dtype=torch.float64, device=device)

    def __repr__(self) -> str:
        """Return one line: pairs seen, both widths and centring."""
        return brief(self, count=self.count, shape=tuple(self._cross.shape), center=self.center)

    def update(self, image: MatrixLike, text: MatrixLike) -> Self:
        """Add pairs and return the accumulator itself.

        Args:
            image: (m, n) array or tensor; m at least 1.
            text: (m, p) array or tensor, row i belongs to row i of ``image``.

        Raises:
            DataError: not finite matrices, other widths or row counts; the state is then unchanged.
        """
        a, b = as_paired_matrices(image, text, same_width=False)
        for rows, name, width in zip((a, b), _NAMES, self._cross.shape, strict=True):
            if rows.shape[1] != width:
                raise DataError(f"{name} must have {width} columns; got shape {tuple(rows.shape)}")
        for blocks in zip(torch.split(a, self.block_rows), torch.split(b, self.block_rows), strict=True):
            x, y = (block.to(self._cross) for block in blocks)
            self._cross.addmm_(x.T, y)
            for i, block in enumerate((x, y)):
                self._sums[i] += block.sum(dim=0)
                self._squares[i] += block.square().sum()
        self.count += len(a)
        return self

    def merge(self, other: "CrossSpectrumAccumulator") -> Self:
        """Add what ``other`` has seen and return the accumulator itself; ``other`` is not changed.

        Raises:
            DataError: other widths or another centring.
        """
        mine, theirs = ((*x._cross.shape, x.center) for x in (self, other))
        if mine != theirs:
            raise DataError(f"other must have widths and center {mine}; got {theirs}")
        self.count += other.count
        for own, more in zip(self._sums, other._sums, strict=True):
            own += more.to(own)
        self._squares += other._squares.to(self._squares)
        self._cross += other._cross.to(self._cross)
        return self

    def spectrum(self) -> CrossSpectrum:
        """Return the cross spectrum of all pairs seen so far.

        Raises:
            DataError: no pair was seen.
        """
        if self.count == 0:
            raise DataError("the accumulator must have seen at least one pair; got none: call update first")
        means = [total / self.count for total in self._sums] if self.center == "mean" else [None, None]
        cross = self._cross / self.count
        if means[0] is not None and means[1] is not None:
            cross = cross - torch.outer(means[0], means[1])
        left, values, right = thin_svd(cross)
        keep = values > self._cut()
        # After centring no more than m - 1 directions are left.
        keep &= torch.arange(len(values), device=values.device) < self.count - (self.center == "mean")
        basis = with_fixed_signs(left[:, keep])
        flips = (basis * left[:, keep]).sum(dim=0).sign()
        return CrossSpectrum(
            singular_values=values[keep],
            image_basis=basis,
            text_basis=(right[keep].T * flips).contiguous(),
            image_mean=means[0],
            text_mean=means[1],
            n_samples=self.count,
        )

    def save(self, path: str | Path) -> None:
        """Write the sums as safetensors; `load` gives them back bit for bit, to go on or to merge."""
        tensors = {
            "image_sum": self._sums[0],
            "text_sum": self._sums[1],
            "squares": self._squares,
            "cross": self._cross,
        }
        header = {"count": str(self.count), "center": str(self.center)}
        write_tensors(path, tensors, kind="sde.cross_accumulator", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an accumulator written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        writer = "CrossSpectrumAccumulator.save"
        tensors, header = read_tensors(path, kind="sde.cross_accumulator", writer=writer)
        stream = cls(*tensors["cross"].shape, center="mean" if header["center"] == "mean" else None)
        stream.count = int(header["count"])
        stream._sums = [tensors["image_sum"], tensors["text_sum"]]
        stream._squares, stream._cross = tensors["squares"], tensors["cross"]
        return stream

    def _cut(self) -> float:
        # A sum of m products rounds at the size of the uncentred rows; nothing is squared here.
        x, y = (self._squares / self.count).sqrt().tolist()
        return float(_EPS * max(self.count, *self._cross.shape) * x * y)
