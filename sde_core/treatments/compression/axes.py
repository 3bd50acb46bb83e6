"""Onto which axes vectors are put before they are cut and coded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.spectra.eigen import symmetric_eigen
from sde_core.vocabulary import Modality

Floats = npt.NDArray[np.floating[Any]]
Axes = Literal["own", "random", "pca", "cross", "itq"]
AXES: tuple[Axes, ...] = get_args(Axes)
"""The coordinates as they are (the first n, as for Matryoshka encoders), a random rotation, the directions of most
variance of images and texts together, those along which images and texts vary together, and PCA turned by ITQ."""

_KIND = "sde.compression"
_ITQ_ROUNDS = 50


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CompressionMap:
    """z = unit(W^T (unit(x) - mean)), the mean that of the row's modality: what is stored is a code of z.

    Attributes:
        axes: one of `AXES`.
        matrix: (d, k) float32, orthonormal columns W.
        image_mean: (d,) float32; zeros for axes "own".
        text_mean: (d,) float32; zeros for axes "own".
    """

    axes: Axes
    matrix: Tensor
    image_mean: Tensor
    text_mean: Tensor

    __repr__ = brief

    @property
    def width(self) -> int:
        """k, the numbers kept of each vector."""
        return self.matrix.shape[1]

    def mean(self, modality: Modality | str) -> Tensor:
        """Return the (d,) mean that is taken off the unit rows of a modality."""
        return self.image_mean if Modality(modality) is Modality.IMAGE else self.text_mean

    def __call__(self, x: MatrixLike, modality: Modality | str) -> Tensor:
        """Return the (m, k) float32 unit rows of z.

        Args:
            x: (m, d) vectors, no zero row.
            modality: whose mean is taken off.

        Raises:
            DataError: not finite, another width, or a row of zeros.
        """
        rows = unit_rows(x, "x")
        if rows.shape[1] != len(self.matrix):
            raise DataError(f"x must have {len(self.matrix)} columns; got shape {tuple(rows.shape)}")
        return self.of_unit(rows, modality)

    def of_unit(self, rows: Tensor, modality: Modality | str) -> Tensor:
        """Return the same of (m, d) float32 rows that are known to have unit length."""
        z = (rows - self.mean(modality)) @ self.matrix
        unit: Tensor = z / torch.linalg.vector_norm(z, dim=1, keepdim=True).clamp_min(1e-30)
        return unit

    def save(self, path: str | Path) -> None:
        """Write the map as safetensors; `load` gives it back bit for bit."""
        tensors = {name: getattr(self, name) for name in ("matrix", "image_mean", "text_mean")}
        write_tensors(path, tensors, kind=_KIND, header={"axes": self.axes})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a map written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind=_KIND, writer="CompressionMap.save")
        axes = next((each for each in AXES if each == header.get("axes")), None)
        if axes is None or set(tensors) != {"matrix", "image_mean", "text_mean"}:
            raise DataError(f"path must be a file written by CompressionMap.save; got {path}")
        return cls(axes=axes, **tensors)

    def faiss_index(self, modality: Modality | str, inner: Any = None) -> Any:  # noqa: ANN401  (without types)
        """Return a faiss index of unit rows of a modality that is searched by z: `faiss.write_index` keeps the map.

        Rows of the other modality have another mean: search ``index.index`` with ``map(rows, other)``.

        Args:
            modality: of the rows that are added.
            inner: faiss index of width k by inner product, such as "SQ8"; None takes a flat one.
        """
        import faiss

        linear = faiss.LinearTransform(len(self.matrix), self.width, True)
        faiss.copy_array_to_vector(self.matrix.T.contiguous().numpy().ravel(), linear.A)
        faiss.copy_array_to_vector((-self.mean(modality) @ self.matrix).numpy(), linear.b)
        linear.is_trained = True
        whole = faiss.IndexPreTransform(faiss.IndexFlatIP(self.width) if inner is None else inner)
        whole.prepend_transform(faiss.NormalizationTransform(self.width, 2.0))
        whole.prepend_transform(linear)
        return whole


def fit_axes(image: MatrixLike, text: MatrixLike, axes: Axes, width: int, *, seed: int = 0) -> CompressionMap:
    """Return the map onto axes of a reference set, cut to a width.

    Args:
        image: (m, d) reference vectors of images, no zero row.
        text: (m, d) of their texts, row by row.
        axes: one of `AXES`.
        width: k, in [1, d].
        seed: of random rotations, and of ITQ's start.

    Raises:
        DataError: not finite, a row of zeros, or not paired.
        ConfigError: ``axes`` or ``width`` is out of range.

    Source: docs/decide.md; Gong & Lazebnik 2011 (ITQ).
    """
    x, y = unit_rows(image, "image", torch.float64), unit_rows(text, "text", torch.float64)
    if x.shape != y.shape:
        raise DataError(
            f"image and text must be paired row by row; got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    d = x.shape[1]
    if axes not in AXES:
        raise ConfigError(f"axes must be one of {', '.join(AXES)}; got {axes!r}")
    if not 1 <= width <= d:
        raise ConfigError(f"width must lie in [1, {d}]; got {width}")
    means = [z.mean(0) if axes != "own" else z.new_zeros(d) for z in (x, y)]
    matrix = _FITS[axes](x - means[0], y - means[1], width, seed)
    return CompressionMap(
        axes=axes, matrix=matrix.float(), image_mean=means[0].float(), text_mean=means[1].float()
    )


def _own(x: Tensor, y: Tensor, width: int, seed: int) -> Tensor:
    return torch.eye(x.shape[1], dtype=x.dtype)[:, :width]


def _random(x: Tensor, y: Tensor, width: int, seed: int) -> Tensor:
    numbers = torch.randn(x.shape[1], width, dtype=x.dtype, generator=torch.Generator().manual_seed(seed))
    turn: Tensor = torch.linalg.qr(numbers).Q
    return turn


def _pca(x: Tensor, y: Tensor, width: int, seed: int) -> Tensor:
    _, vectors = symmetric_eigen(x.T @ x / len(x) + y.T @ y / len(y))
    return vectors.flip(1)[:, :width]


def _cross(x: Tensor, y: Tensor, width: int, seed: int) -> Tensor:
    shared = x.T @ y
    values, vectors = symmetric_eigen(shared + shared.T)
    chosen: Tensor = vectors[:, values.argsort(descending=True)[:width]]
    return chosen


def _itq(x: Tensor, y: Tensor, width: int, seed: int) -> Tensor:
    import faiss

    basis = _pca(x, y, width, seed)
    rows = (torch.cat([x, y]) @ basis).float()
    rows = rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-30)
    itq = faiss.ITQMatrix(width)
    itq.max_iter, itq.seed = _ITQ_ROUNDS, 123 + seed
    itq.train(rows.numpy())
    turn = torch.from_numpy(faiss.vector_to_array(itq.A).reshape(width, width)).double()
    return basis @ turn.T


_FITS: dict[Axes, Callable[[Tensor, Tensor, int, int], Tensor]] = {
    "own": _own,
    "random": _random,
    "pca": _pca,
    "cross": _cross,
    "itq": _itq,
}
