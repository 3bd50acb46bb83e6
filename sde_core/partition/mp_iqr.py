"""Rule "mp-iqr": Marchenko-Pastur edge for noise, Tukey fence for strong (our reconstruction)."""

import math
from dataclasses import dataclass
from typing import ClassVar

from sde_core.glossary.term import Term
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition.base import Decision, Evidence
from sde_core.partition.tukey import tukey_fence
from sde_core.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True)
class MpIqrRule:
    """tau_noise = theta (sqrt(m) + sqrt(n)), tau_strong = max(Q3 + 1.5 (Q3 - Q1), tau_noise).

    theta comes from the median singular value, because the inter-quartile range gives way once signal
    fills a quarter of the directions. The edge is that of infinite matrices: of pure noise, one value
    lies above it in 17 % of all matrices.

    Source: [P] IQR with the Marchenko-Pastur law; [R] docs/method.md, equations (2.5) to (2.7).
    """

    name: ClassVar[str] = "mp-iqr"
    about: ClassVar[Term] = Term(
        key="mp-iqr",
        name="mp-iqr",
        sentence=(
            "Noise up to the edge of the Marchenko-Pastur law, strong above the Tukey fence of the "
            "quartiles. The idea is the paper's [P], the formula is our reconstruction [R]."
        ),
        equation="2.6",
    )

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return both thresholds and theta; ``evidence`` is not used."""
        values, larger = spectrum.singular_values, spectrum.larger_side
        theta = mp.noise_scale(values, aspect=spectrum.aspect, larger=larger)
        tau_noise = theta * math.sqrt(larger) * mp.edges(spectrum.aspect)[1]
        return Decision(
            tau_strong=max(tukey_fence(values), tau_noise),
            tau_noise=tau_noise,
            noise_scale=theta,
            note="Assumes iid noise that fills more than half of the directions",
            assumes_iid=True,
        )
