"""Rule "bema": the noise scale from the middle of the spectrum, the edge from the Tracy-Widom law."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch

from sde_core.checks.settings import Range, check_settings
from sde_core.glossary.formats import percent
from sde_core.glossary.term import Term
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition import tracy_widom
from sde_core.partition.base import Decision, Evidence
from sde_core.partition.tukey import tukey_fence
from sde_core.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class BemaRule:
    """theta^2 by least squares of the middle eigenvalues on MP quantiles, then the Tracy-Widom edge.

    The edge allows for the size of the matrix: pure noise passes in a share ``level`` of all matrices.
    tau_strong is the Tukey fence, at least tau_noise.

    Attributes:
        trim: share of eigenvalues left out at each end, in [0, 0.5).
        level: share of pure-noise matrices in which a direction passes, in [1e-6, 1).

    Raises:
        ConfigError: ``trim`` or ``level`` lies outside.

    Source: Ke, Ma and Lin 2023, algorithm 1; docs/method.md, equations (2.14) and (2.15).
    """

    name: ClassVar[str] = "bema"
    about: ClassVar[Term] = Term(
        key="bema",
        name="bema",
        sentence=(
            "Noise level from the middle of the bulk, edge by Tracy-Widom; strong above the Tukey fence."
        ),
        equation="2.14",
        source="Ke, Ma & Lin 2023",
    )

    trim: Annotated[float, Range(0.0, 0.5, high_open=True)] = 0.2
    level: Annotated[float, Range(1e-6, 1.0, high_open=True)] = 0.1

    def __post_init__(self) -> None:
        check_settings(self)

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return both thresholds and theta; ``evidence`` is not used."""
        theta = matched_scale(spectrum, trim=self.trim)
        tau_noise = theta * math.sqrt(spectrum.larger_side) * finite_edge(spectrum, level=self.level)
        return Decision(
            tau_strong=max(tukey_fence(spectrum.singular_values), tau_noise),
            tau_noise=tau_noise,
            noise_scale=theta,
            note=f"Assumes iid noise, with signal in the top {percent(self.trim)} of the directions at most",
            assumes_iid=True,
        )


def matched_scale(spectrum: Spectrum, *, trim: float) -> float:
    """Return theta: the middle eigenvalues against the quantiles of the law, by least squares.

    Source: docs/method.md, equation (2.14).
    """
    r = spectrum.rank
    # Products that are whole numbers must not leave their place for the last rounding.
    first, last = max(1, math.ceil(trim * r - 1e-9)), max(1, math.floor((1 - trim) * r + 1e-9))
    places = range(min(first, last), last + 1)
    law = torch.tensor([mp.quantile(1 - i / r, spectrum.aspect) ** 2 for i in places], dtype=torch.float64)
    own = spectrum.energies[places.start - 1 : places.stop - 1].cpu() / spectrum.larger_side
    weight = float(law.square().sum())
    return math.sqrt(float(law @ own) / weight) if weight > 0 else 0.0


def finite_edge(spectrum: Spectrum, *, level: float) -> float:
    """Return the edge of the law in y units that pure noise of this size passes with chance ``level``.

    Source: Johnstone 2001; docs/method.md, equation (2.15).
    """
    root, larger = math.sqrt(spectrum.aspect), spectrum.larger_side
    spread = larger ** (-2 / 3) * root ** (-1 / 3) * (1 + root) ** (4 / 3)
    return math.sqrt(max(0.0, (1 + root) ** 2 + tracy_widom.quantile(1 - level) * spread))
