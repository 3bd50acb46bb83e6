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
    form: Literal["squared", "distance"] = "squared",
    spectra: tuple[Spectrum, Spectrum] | None = None,
) -> Tensor:
    """Return the Hellinger distance of the two spectra or its square, in [0, 1]; 0 where they have one shape.

    H^2(p, q) = 1 - sum sqrt(p_i q_i), with p and q the singular values (or their squares) of each
    modality, largest first, divided by their sum. A common rotation or scale leaves it unchanged.

    Args:
        image: (m, n) features.
        text: (m, n) features.
        on: "values" for s, "energies" for s^2.
        form: "squared" for H^2, whose pull fades as the spectra meet; "distance" for H, which pulls alike however
            near they are, and not at all where they are equal.
        spectra: their decompositions if at hand; None computes them.

    Returns:
        () float64, differentiable in both.

    Source: [P] the distance; [R] its square, on s, no centring. docs/method.md, equation (4.3).
    """
    first, second = spectra or (decompose(image), decompose(text))
    length = min(image.shape)
    p = _shares(singular_values(image, first), length, on)
    q = _shares(singular_values(text, second), length, on)
    # The same number as 1 - sum sqrt(p q), without its cancellation near 0.
    apart = p.sqrt() - q.sqrt()
    if form == "distance":
        # The norm has slope 0 at 0, where a root of the sum has none.
        norm: Tensor = torch.linalg.vector_norm(apart)
        return norm / 2**0.5
    return apart.square().sum() / 2


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
    form: Annotated[Literal["squared", "distance"], Help("H^2, or H")] = "squared"

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return H^2, or H, of the two modalities' spectra."""
        return hellinger_loss(batch.image, batch.text, on=self.on, form=self.form, spectra=batch.spectra)
