"""The Hellinger term: how far apart the two modalities' singular-value distributions are."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Weight
from sde_core.losses.decomposition import decompose, singular_values
from sde_core.losses.terms.term import Batch, Term
from sde_core.spectra.spectrum import Spectrum

# Share added to every direction before the root, so that its slope stays finite where a share is 0.
_FLOOR = 1e-8


def hellinger_loss(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    *,
    on: Literal["values", "energies"] = "values",
    spectra: tuple[Spectrum, Spectrum] | None = None,
) -> Tensor:
    """Return the squared Hellinger distance of the two spectra, in [0, 1]; 0 where they have one shape.

    H^2(p, q) = 1 - sum sqrt(p_i q_i), with p and q the singular values (or their squares) of each
    modality, largest first, divided by their sum. A common rotation or scale leaves it unchanged.

    Args:
        image: (m, n) features.
        text: (m, n) features.
        on: "values" for s, "energies" for s^2.
        spectra: their decompositions if at hand; None computes them.

    Returns:
        () float64, differentiable in both.

    Source: [P] the distance; [R] on s, no centring. docs/method.md, equation (4.3).
    """
    first, second = spectra or (decompose(image), decompose(text))
    length = min(image.shape)
    p = _shares(singular_values(image, first), length, on)
    q = _shares(singular_values(text, second), length, on)
    # The same number as 1 - sum sqrt(p q), without its cancellation near 0.
    return (p.sqrt() - q.sqrt()).square().sum() / 2


def _shares(values: Tensor, length: int, on: Literal["values", "energies"]) -> Tensor:
    weights = values.square() if on == "energies" else values
    weights = torch.nn.functional.pad(weights, (0, length - len(weights)))
    total = weights.sum().clamp_min(torch.finfo(torch.float64).tiny)
    return (weights / total + _FLOOR) / ((weights / total).sum() + length * _FLOOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hellinger(Term):
    """`hellinger_loss` of the batch at hand."""

    name: ClassVar[str] = "hellinger"
    prefix: ClassVar[str] = "hellinger"
    weight: Annotated[float, Weight, Help("of the Hellinger term [R]")] = 1.0
    on: Annotated[Literal["values", "energies"], Help("s, or s^2")] = "values"

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return H^2 of the two modalities' spectra."""
        return hellinger_loss(batch.image, batch.text, on=self.on, spectra=batch.spectra)
