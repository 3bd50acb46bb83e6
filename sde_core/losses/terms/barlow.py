"""Barlow-Twins-style decorrelation between modalities: over raw columns a rival, over shared directions our own."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Weight
from sde_core.losses.terms.component_contrast import standardised
from sde_core.losses.terms.term import Band, Batch, Need, Term


def barlow_twins(
    image: Float[Tensor, "m n"], text: Float[Tensor, "m n"], *, off_diagonal: float = 5e-3
) -> Float[Tensor, ""]:
    """Return sum_i (1 - C_ii)^2 + w sum_{i != j} C_ij^2 for the cross-correlation C of the columns.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        off_diagonal: w; 5e-3 as in the paper.

    Returns:
        (), at least 0; it grows with n.

    Source: Zbontar et al., 2021, with modalities in place of augmentations. docs/method.md, (4.12).
    """
    correlation = standardised(image).T @ standardised(text) / len(image)
    diagonal = correlation.diagonal()
    rest = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + off_diagonal * torch.clamp_min(rest, 0)


def component_barlow(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    basis: Float[Tensor, "n k"],
    *,
    off_diagonal: float = 5e-3,
) -> Float[Tensor, ""]:
    """Return `barlow_twins` over the coefficients along shared directions in place of raw columns.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        basis: (n, k) directions, a constant; `shared_spectrum(image, text).basis` or one that lags.
        off_diagonal: w.

    Returns:
        (), at least 0; it grows with k, and is 0 without directions.

    Source: [X] docs/method.md, equation (4.16).
    """
    if basis.shape[1] == 0:
        return (image.sum() + text.sum()) * 0
    directions = basis.detach().to(image)
    return barlow_twins(image @ directions, text @ directions, off_diagonal=off_diagonal)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentBarlow(Term):
    """`component_barlow` over the shared basis of the step [X]."""

    name: ClassVar[str] = "component_barlow"
    prefix: ClassVar[str] = "barlow"
    weight: Annotated[float, Weight, Help("of the Barlow-Twins form over shared directions [X]")] = 1.0
    off_diagonal: Annotated[float, Weight, Help("w, weight of what is beside the diagonal")] = 5e-3
    band: Annotated[Band, Help("directions that the component terms see")] = "all"

    __repr__ = brief

    @property
    def needs(self) -> frozenset[Need]:
        """The shared basis, and its bands unless it takes all directions."""
        return frozenset(("shared",) if self.band == "all" else ("shared", "bands"))

    @classmethod
    def flat_name(cls, field_name: str) -> str:
        """Return the keyword of a field; both component terms share the one of their directions."""
        return "contrast_band" if field_name == "band" else super(ComponentBarlow, cls).flat_name(field_name)

    def __call__(self, batch: Batch) -> Tensor:
        """Return the Barlow-Twins sum over components."""
        basis = batch.shared_basis(self.band)
        return component_barlow(batch.image, batch.text, basis, off_diagonal=self.off_diagonal)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarlowTwins(Term):
    """`barlow_twins` over raw columns, a rival."""

    name: ClassVar[str] = "barlow_twins"
    prefix: ClassVar[str] = "barlow_twins"
    weight: Annotated[float, Weight, Help("of Barlow Twins over raw columns, a rival")] = 0.01
    off_diagonal: Annotated[float, Weight, Help("w there")] = 5e-3

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return the Barlow-Twins sum over columns."""
        return barlow_twins(batch.image, batch.text, off_diagonal=self.off_diagonal)
