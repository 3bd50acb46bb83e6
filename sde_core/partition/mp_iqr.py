"""Rule "mp-iqr": Marchenko-Pastur edge for noise, Tukey fence for strong (our reconstruction)."""

import math

import torch

from sde_core.partition import marchenko_pastur as mp
from sde_core.partition.base import Decision, Evidence
from sde_core.spectrum import Spectrum


def mp_iqr(spectrum: Spectrum, evidence: Evidence) -> Decision:
    """Return tau_noise = theta (sqrt(m) + sqrt(n)), tau_strong = max(Q3 + 1.5 (Q3 - Q1), tau_noise).

    theta comes from the median singular value, because the inter-quartile range gives way once signal
    fills a quarter of the directions.

    Args:
        spectrum: the spectrum to split.
        evidence: not used.

    Source: [P] IQR with the Marchenko-Pastur law; [R] this formula. docs/method.md, equations (6), (7).
    """
    if spectrum.rank == 0:
        return Decision(
            tau_strong=0.0, tau_noise=0.0, note="The matrix is constant: there is nothing to split."
        )
    larger = max(spectrum.degrees_of_freedom, spectrum.n_features)
    theta = mp.noise_scale(spectrum.singular_values, aspect=spectrum.aspect, larger=larger)
    tau_noise = theta * math.sqrt(larger) * mp.edges(spectrum.aspect)[1]
    return Decision(
        tau_strong=max(tukey_fence(spectrum.singular_values), tau_noise),
        tau_noise=tau_noise,
        noise_scale=theta,
        note="Assumes iid noise that fills more than half of the directions.",
    )


def tukey_fence(values: torch.Tensor) -> float:
    """Return Q3 + 1.5 (Q3 - Q1) of ``values`` (k,); quartiles by linear interpolation."""
    quarter = torch.tensor([0.25, 0.75], dtype=torch.float64, device=values.device)
    low, high = torch.quantile(values.to(torch.float64), quarter).tolist()
    return float(high + 1.5 * (high - low))
