"""Component contrast [X]: InfoNCE over shared spectral directions instead of samples."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Positive, Weight
from sde_core.losses.decomposition import decompose
from sde_core.losses.scores import both_ways
from sde_core.losses.terms.term import Band, Batch, Need, Term
from sde_core.spectra.spectrum import Spectrum

# Variance below this share of a column's mean square is rounding, not signal.
_RELATIVE_FLOOR = 1e-8
# And for batches of zeros.
_FLOOR = 1e-12


def component_contrast(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    basis: Float[Tensor, "n k"],
    *,
    temperature: float = 0.1,
) -> Float[Tensor, ""]:
    """Return the cross-entropy of telling which text component belongs to which image component.

    Coefficients along ``basis`` are standardised over the batch, C = zx^T zy / (B tau), and the loss is
    the mean of the cross-entropies of C's rows and of its columns with the diagonal as target. It is
    log k for components without correlation. The sign of a basis vector does not move the diagonal but
    flips a row and a column of the other scores, so the basis must come with fixed signs, as every
    `Spectrum` does.

    Args:
        image: (B, n) features, B at least 1.
        text: (B, n) features, row by row.
        basis: (n, k) directions, a constant; `shared_spectrum(image, text).basis` or one that lags.
        temperature: tau, above 0.

    Returns:
        () in the dtype of the features; 0 without directions.

    Source: [X] docs/method.md, equations (4.9) and (4.10).
    """
    if basis.shape[1] == 0:
        return (image.sum() + text.sum()) * 0
    directions = basis.detach().to(image)
    first, second = standardised(image @ directions), standardised(text @ directions)
    scores = first.T @ second / (len(image) * temperature)
    return both_ways(scores)


def shared_spectrum(image: Float[Tensor, "m n"], text: Float[Tensor, "m n"]) -> Spectrum:
    """Return the spectrum of both modalities' rows together: eigenvectors of x^T x + y^T y, detached.

    Directions in which no row has energy are left out: their coefficients are constant.

    Source: [X] docs/method.md, equation (4.8).
    """
    return decompose(torch.cat([image, text]))


def standardised(coefficients: Tensor) -> Tensor:
    """Return (B, k) columns of mean 0 and variance 1 over the batch; constant columns become 0.

    Variance is over B, so that C's diagonal holds correlations.
    """
    if len(coefficients) == 1:
        return coefficients - coefficients.mean(dim=0)
    scale = float(coefficients.detach().square().mean())
    # The same arithmetic as a batch normalisation without parameters, whose kernel passes over the rows once.
    return functional.batch_norm(
        coefficients, None, None, training=True, eps=_RELATIVE_FLOOR * scale + _FLOOR
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentContrast(Term):
    """`component_contrast` over the shared basis of the step [X]."""

    name: ClassVar[str] = "component_contrast"
    prefix: ClassVar[str] = "contrast"
    weight: Annotated[float, Weight, Help("of component contrast [X]")] = 1.0
    band: Annotated[Band, Help("directions that the component terms see")] = "all"
    temperature: Annotated[float, Positive, Help("tau_c")] = 0.1

    __repr__ = brief

    @property
    def needs(self) -> frozenset[Need]:
        """The shared basis, and its bands unless it takes all directions."""
        return frozenset(("shared",) if self.band == "all" else ("shared", "bands"))

    def __call__(self, batch: Batch) -> Tensor:
        """Return the cross-entropy of telling components apart."""
        basis = batch.shared_basis(self.band)
        return component_contrast(batch.image, batch.text, basis, temperature=self.temperature)
