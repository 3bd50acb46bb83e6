"""The subspace term: whether the two modalities' leading directions span the same space."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Range, Weight
from sde_core.losses.decomposition import decompose
from sde_core.losses.terms.term import Batch, Term
from sde_core.spectra.spectrum import Spectrum

BROADENING = 1e-2
"""Gaps below this share of the last kept eigenvalue no longer steepen the gradient."""


def subspace_loss(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    *,
    rank: int,
    spectra: tuple[Spectrum, Spectrum] | None = None,
    broadening: float = BROADENING,
) -> Tensor:
    """Return 1 - ||V_a^T V_b||_F^2 / k, the share of one leading subspace that the other misses.

    V_a and V_b hold the k leading right singular vectors of each modality. The projector form does not
    see signs or rotations inside a subspace. Its gradient needs only the gaps d between kept and dropped
    eigenvalues, as d / (d^2 + eps) with eps = (broadening lambda_k)^2; with broadening 0 it is exact.

    Args:
        image: (m, n) features.
        text: (m, n) features.
        rank: k, at least 1; cut to the smaller numerical rank of the two.
        spectra: their decompositions if at hand; None computes them.
        broadening: relative to lambda_k, at least 0.

    Returns:
        () float64 in [0, 1]; 0 if a modality is all zero.

    Source: [P] deviation of the Gram matrix of top-k right singular vectors; [R] the projector form.
        docs/method.md, equations (4.5) and (4.6).
    """
    first, second = spectra or (decompose(image), decompose(text))
    k = min(rank, first.rank, second.rank)
    if k == 0:
        return (image.sum() + text.sum()).to(torch.float64) * 0
    overlap: Tensor = _Overlap.apply(image, text, (first, second), k, broadening)
    return 1 - overlap


def captured_energy_loss(
    image: Tensor, text: Tensor, *, rank: int, spectra: tuple[Spectrum, Spectrum] | None = None
) -> Tensor:
    """Return the share of each modality's energy outside the other's leading subspace, averaged.

    The cheap relative of `subspace_loss`: the subspaces are constants, so no gradient passes a
    decomposition. Where both subspaces agree it is the energy beyond rank k, not 0.

    Args:
        image: (m, n) features.
        text: (m, n) features.
        rank: k, at least 1; cut to the smaller numerical rank of the two.
        spectra: spectra that hold the leading directions, which may lag behind; None computes them.

    Returns:
        () in [0, 1], in the dtype of the features; 0 if a modality is all zero.

    Source: docs/method.md, equation (4.7).
    """
    first, second = spectra or (decompose(image), decompose(text))
    k = min(rank, first.rank, second.rank)
    if k == 0:
        return (image.sum() + text.sum()) * 0
    outside = _share_outside(image, second.basis[:, :k]) + _share_outside(text, first.basis[:, :k])
    return outside / 2


def _share_outside(rows: Tensor, basis: Tensor) -> Tensor:
    total = rows.square().sum().clamp_min(torch.finfo(rows.dtype).tiny)
    return 1 - (rows @ basis.detach().to(rows)).square().sum() / total


class _Overlap(torch.autograd.Function):
    """||V_a^T V_b||_F^2 / k as a function of the rows of both modalities."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        image: Tensor,
        text: Tensor,
        spectra: tuple[Spectrum, Spectrum],
        k: int,
        broadening: float,
    ) -> Tensor:
        ctx.save_for_backward(image, text)
        ctx.spectra, ctx.k, ctx.broadening = spectra, k, broadening
        first, second = (spectrum.basis[:, :k] for spectrum in spectra)
        return (first.T @ second).square().sum() / k

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        found: list[Tensor | None] = []
        for i, rows in enumerate(ctx.saved_tensors):
            mine, other = ctx.spectra[i], ctx.spectra[1 - i]
            slope = _slope(rows, mine, other.basis[:, : ctx.k], ctx.broadening)
            found.append(slope * (gradient / ctx.k).to(rows) if ctx.needs_input_grad[i] else None)
        return (*found, None, None, None)


def _slope(rows: Tensor, spectrum: Spectrum, other: Tensor, broadening: float) -> Tensor:
    """Return the gradient of ||V_k^T O||_F^2 in the rows F (m, n), where ``other`` is O (n, k).

    First-order perturbation of the projector on the k leading eigenvectors of F^T F: with
    T = V_k^T O O^T, kept i, dropped j, gap d_ij = lambda_i - lambda_j and K = d / (d^2 + eps) it is 2 F X,
    X = sum_ij K_ij (T v_j)_i (v_i v_j^T + v_j v_i^T). Directions outside V have lambda 0 and enter
    together, through what T holds outside V.
    """
    k = other.shape[1]
    basis, energies = spectrum.basis, spectrum.energies
    kept, dropped = basis[:, :k], basis[:, k:]
    target = (kept.T @ other) @ other.T  # (k, n)
    eps = (broadening * energies[k - 1]) ** 2 + torch.finfo(torch.float64).tiny
    gaps = energies[:k, None] - energies[None, k:]
    mixing = gaps / (gaps.square() + eps) * (target @ dropped)  # (k, r - k)
    outside = target - (target @ basis) @ basis.T
    toward = mixing @ dropped.T + (energies[:k] / (energies[:k].square() + eps))[:, None] * outside
    # X = kept @ toward + turned @ kept.T is of rank 2 k; what is large is multiplied in the dtype of the rows.
    turned = dropped @ mixing.T
    left, right = torch.cat([kept, turned], dim=1), torch.cat([toward, kept.T])
    slope: Tensor = (rows @ left.to(rows)) @ (2 * right).to(rows)
    return slope


@dataclass(frozen=True, slots=True, kw_only=True)
class Subspace(Term):
    """`subspace_loss` of the batch at hand, or the cheaper `captured_energy_loss`."""

    name: ClassVar[str] = "subspace"
    prefix: ClassVar[str] = "subspace"
    weight: Annotated[float, Weight, Help("of the subspace term [R]")] = 1.0
    form: Annotated[Literal["projector", "captured"], Help("captured passes no gradient through V")] = (
        "projector"
    )
    rank: Annotated[int, Range(1), Help("k, number of leading directions")] = 16

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return the share of one leading subspace that the other misses."""
        if self.form == "projector":
            return subspace_loss(batch.image, batch.text, rank=self.rank, spectra=batch.spectra)
        return captured_energy_loss(batch.image, batch.text, rank=self.rank, spectra=batch.lagging)
