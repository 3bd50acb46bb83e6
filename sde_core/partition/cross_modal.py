"""Rule "cross-modal": directions along which paired image and text agree (our extension)."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sde_core.checks.settings import Probability, check_settings
from sde_core.errors import ConfigError, DataError
from sde_core.glossary.formats import percent
from sde_core.glossary.term import Term
from sde_core.partition.base import NOISE, STRONG, WEAK, Decision, Evidence
from sde_core.partition.tukey import tukey_fence
from sde_core.spectra.spectrum import Spectrum

# Fewer pairs have too few arrangements to tell anything at q = 0.05.
_FEWEST_PAIRS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossModalRule:
    """Signal: the coefficients of image and text along a direction correlate beyond shuffled pairs.

    Labels, no thresholds: a small singular value may carry meaning and a large one none. One-sided,
    because the similarity of a pair adds up products: a direction that opposes its pairs is no help. The
    null pools the shuffled correlations of all directions, whose variance is 1 / (p - 1) in each;
    Benjamini-Hochberg bounds the share of false ones among the found by q. Strong: above the Tukey fence
    of all correlations. Cost O(B p r).

    Attributes:
        q: false discovery rate, in (0, 1).
        n_permutations: B, shuffles of the pairs, at least 1 / q.

    Raises:
        ConfigError: ``q`` or ``n_permutations`` lies outside.

    Source: [X] docs/method.md, equations (2.17) and (2.18).
    """

    name: ClassVar[str] = "cross-modal"
    about: ClassVar[Term] = Term(
        key="cross-modal",
        name="cross-modal",
        sentence=(
            "Signal is a direction along which paired images and texts agree beyond shuffled ones; "
            "our extension [X]. It labels each direction, so there is no threshold to move."
        ),
        equation="2.17",
    )
    has_thresholds: ClassVar[bool] = False

    q: Annotated[float, Probability] = 0.05
    n_permutations: int = 100

    def __post_init__(self) -> None:
        check_settings(self)
        if self.n_permutations < 1 / self.q:
            raise ConfigError(
                f"n_permutations must be at least 1 / q = {math.ceil(1 / self.q)}; got {self.n_permutations}"
            )

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return labels from the pairs in ``evidence.paired``.

        Raises:
            DataError: the pairs are missing or fewer than 8.
        """
        if evidence.paired is None:
            raise DataError('rule "cross-modal" needs pairs; got none: pass paired=(image, text)')
        n_pairs = len(evidence.paired[0])
        if n_pairs < _FEWEST_PAIRS:
            raise DataError(f"paired must have at least {_FEWEST_PAIRS} rows; got {n_pairs}")
        image, text = (_coefficients(rows, spectrum.basis) for rows in evidence.paired)
        correlation = (image * text).sum(dim=0)
        generator = torch.Generator().manual_seed(evidence.seed)
        orders = (torch.randperm(n_pairs, generator=generator) for _ in range(self.n_permutations))
        null = torch.stack([(image * text[order.to(text.device)]).sum(dim=0) for order in orders])
        signal = discoveries(tail_shares(correlation, null), q=self.q)
        labels = torch.full_like(correlation, NOISE, dtype=torch.int64)
        labels[signal] = WEAK
        labels[signal & (correlation > tukey_fence(correlation))] = STRONG
        return Decision(
            tau_strong=math.nan,
            tau_noise=math.nan,
            labels=labels,
            note=(
                f"Assumes that the {n_pairs} pairs are independent; nothing is assumed about the noise, and about "
                f"{percent(self.q)} of the {int(signal.sum())} directions found agree by chance."
            ),
        )


def tail_shares(observed: Float[Tensor, " r"], null: Float[Tensor, "b r"]) -> Float[Tensor, " r"]:
    """Return the p-values (1 + number of null values at or above) / (1 + number of null values).

    Source: docs/method.md, equation (2.17).
    """
    pool = null.flatten().sort().values
    below = torch.searchsorted(pool, observed.contiguous())
    return (1 + len(pool) - below).double() / (1 + len(pool))


def discoveries(shares: Float[Tensor, " r"], *, q: float) -> Bool[Tensor, " r"]:
    """Return which p-values the Benjamini-Hochberg procedure rejects at rate ``q``.

    Source: docs/method.md, equation (2.18).
    """
    ordered = shares.sort().values
    limits = q * torch.arange(1, len(shares) + 1, device=shares.device) / len(shares)
    passed = ordered[ordered <= limits]
    return shares <= passed[-1] if len(passed) else torch.zeros_like(shares, dtype=torch.bool)


def _coefficients(rows: Tensor, basis: Tensor) -> Tensor:
    """Return the coefficients along each direction, centred and of length 1; zero where they do not vary."""
    found = rows.to(basis) @ basis
    size = torch.linalg.vector_norm(found, dim=0)
    found = found - found.mean(dim=0)
    length = torch.linalg.vector_norm(found, dim=0)
    # Under this share of its size, a coefficient's spread is rounding.
    return torch.where(length > 1e-12 * size, found / length.clamp_min(1e-300), 0.0)
