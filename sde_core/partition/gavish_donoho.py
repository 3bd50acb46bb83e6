"""Rule "gavish-donoho": the hard threshold of least squared error in iid noise."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sde_core.checks.settings import Positive, check_settings
from sde_core.glossary.term import Term
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition.base import Decision, Evidence
from sde_core.partition.tukey import tukey_fence
from sde_core.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class GavishDonohoRule:
    """tau_noise = lambda*(b) sqrt(N) theta for a known theta, omega(b) median(s) otherwise.

    The threshold lies above the noise edge on purpose: a direction just above the edge is so blurred that
    keeping it costs more than it gives. tau_strong is the Tukey fence, at least tau_noise.

    Attributes:
        noise_scale: theta, standard deviation of a noise entry, if it is known.

    Raises:
        ConfigError: ``noise_scale`` is not positive.

    Source: Gavish and Donoho 2014; docs/method.md, equations (2.9) and (2.10).
    """

    name: ClassVar[str] = "gavish-donoho"
    about: ClassVar[Term] = Term(
        key="gavish-donoho",
        name="gavish-donoho",
        sentence=(
            "Noise up to the optimal hard threshold for matrices with iid noise, strong above the "
            "Tukey fence."
        ),
        equation="2.10",
        source="Gavish & Donoho 2014",
    )

    noise_scale: Annotated[float | None, Positive] = None

    def __post_init__(self) -> None:
        check_settings(self)

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return both thresholds and theta; ``evidence`` is not used."""
        values, larger = spectrum.singular_values, spectrum.larger_side
        known = self.noise_scale is not None
        # omega(b) median(s) is lambda*(b) sqrt(N) times this theta.
        theta = self.noise_scale or mp.noise_scale(values, aspect=spectrum.aspect, larger=larger)
        tau_noise = optimal_threshold(spectrum.aspect) * math.sqrt(larger) * theta
        source = "of the given scale" if known else "that fills more than half of the directions"
        return Decision(
            tau_strong=max(tukey_fence(values), tau_noise),
            tau_noise=tau_noise,
            noise_scale=theta,
            note=f"Assumes iid noise {source}",
            assumes_iid=True,
        )


def optimal_threshold(aspect: float) -> float:
    """Return lambda*(b), the best hard threshold in y units.

    Source: docs/method.md, equation (2.9).

    >>> round(optimal_threshold(1.0) * 3**0.5, 9)
    4.0
    """
    b = mp.checked_aspect(aspect)
    return math.sqrt(2 * (b + 1) + 8 * b / ((b + 1) + math.sqrt(b * b + 14 * b + 1)))
