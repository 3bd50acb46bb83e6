"""Rule "energy": the fewest directions that hold a share of the energy."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from sde_core.errors import ConfigError
from sde_core.glossary.formats import percent
from sde_core.glossary.term import Term
from sde_core.partition.base import Decision, Evidence
from sde_core.partition.manual import cut_below, labels_by_rank
from sde_core.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRule:
    """Strong: the fewest directions that hold ``strong_share`` of sum s^2; weak: up to ``signal_share``.

    Raises:
        ConfigError: the shares are not 0 <= strong_share <= signal_share <= 1.

    Source: docs/method.md, equation (2.8).
    """

    name: ClassVar[str] = "energy"
    about: ClassVar[Term] = Term(
        key="energy",
        name="energy",
        sentence=(
            "Strong are the first directions that hold half of the energy, weak those up to nine tenths."
        ),
        equation="2.8",
    )

    strong_share: float = 0.5
    signal_share: float = 0.9

    def __post_init__(self) -> None:
        if not 0.0 <= self.strong_share <= self.signal_share <= 1.0:
            raise ConfigError(
                "shares must satisfy 0 <= strong_share <= signal_share <= 1; "
                f"got strong_share={self.strong_share:g}, signal_share={self.signal_share:g}"
            )

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return the labels, and thresholds half-way between the neighbours of each cut."""
        n_strong = _fewest(spectrum, self.strong_share)
        n_signal = _fewest(spectrum, self.signal_share)
        return Decision(
            tau_strong=cut_below(spectrum, n_strong),
            tau_noise=cut_below(spectrum, n_signal),
            labels=labels_by_rank(spectrum, n_strong, n_signal),
            note=(
                f"Counts energy only ({percent(self.strong_share)} strong, {percent(self.signal_share)} with weak): "
                "nothing is assumed about the noise, and pure noise is split just the same."
            ),
        )


def _fewest(spectrum: Spectrum, share: float) -> int:
    held = torch.cumsum(spectrum.energies, dim=0)
    # A share that is met exactly must not need one more direction for the last rounding.
    return int((held < share * held[-1] * (1 - 1e-12)).sum()) + (share > 0)
