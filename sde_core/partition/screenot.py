"""Rule "screenot": the best hard threshold for noise of any shape, read off the spectrum itself."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt

from sde_core.checks.settings import Range, check_settings
from sde_core.errors import ConfigError
from sde_core.glossary.term import Term
from sde_core.partition.base import Decision, Evidence
from sde_core.partition.root import bracketed_root
from sde_core.partition.tukey import tukey_fence
from sde_core.spectra.spectrum import Spectrum

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeNotRule:
    """tau_noise solves Psi(T) = -4 for the noise spectrum that is left once k signals are taken off.

    The noise may be correlated and of uneven columns; only a bound k on the number of signals is needed.
    tau_strong is the Tukey fence, at least tau_noise.

    Attributes:
        k: bound on the number of signals, at most (r - 1) / 2; None takes r // 4.

    Raises:
        ConfigError: ``k`` is negative, or too large for the spectrum.

    Source: Donoho, Gavish and Romanov 2023; docs/method.md, equations (2.11) and (2.12).
    """

    name: ClassVar[str] = "screenot"
    about: ClassVar[Term] = Term(
        key="screenot",
        name="screenot",
        sentence=(
            "Noise up to the threshold that loses least, for noise that need not be iid; strong above "
            "the Tukey fence."
        ),
        equation="2.11",
        source="Donoho, Gavish & Romanov 2023",
    )

    k: Annotated[int | None, Range(0)] = None

    def __post_init__(self) -> None:
        check_settings(self)

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return both thresholds; ``evidence`` is not used."""
        r = spectrum.rank
        k = min(r // 4, (r - 1) // 2) if self.k is None else self.k
        if 2 * k + 1 > r:
            raise ConfigError(f"k must be at most (r - 1) / 2 = {(r - 1) // 2} for {r} directions; got {k}")
        values = spectrum.singular_values.cpu().numpy()
        threshold = optimal_threshold(noise_spectrum(values, k), spectrum.aspect)
        found = int((values > threshold).sum())
        full = 0 < k == found
        end = ", the most it can: raise k" if full else "; more than k would hide one another"
        return Decision(
            tau_strong=max(tukey_fence(spectrum.singular_values), threshold),
            tau_noise=threshold,
            note=f"Assumes at most k = {k} signals in noise of any shape and found {found}{end}.",
        )


def noise_spectrum(values: FloatArray, k: int) -> FloatArray:
    """Return ``values`` with the k largest replaced by what the next k + 1 let expect of noise.

    Args:
        values: (r,) singular values, descending, r at least 2k + 1.
        k: bound on the number of signals.

    Source: docs/method.md, equation (2.12).
    """
    if k == 0:
        return values
    step = (values[k] - values[2 * k]) / (2 ** (2 / 3) - 1)
    top = values[k] + (1 - (np.arange(k) / k) ** (2 / 3)) * step
    return np.concatenate([top, values[k:]])


def optimal_threshold(noise: FloatArray, aspect: float) -> float:
    """Return the T above the largest noise value with Psi(T) = -4.

    Args:
        noise: (r,) singular values of noise alone.
        aspect: b in (0, 1].

    Source: docs/method.md, equation (2.11).
    """
    edge = float(noise.max())
    if edge <= 0:
        return 0.0
    # Psi falls to minus infinity at the edge and rises to -2 far away.
    far = 2 * edge
    while elasticity(far, noise, aspect) < -4:
        far *= 2
    return bracketed_root(
        lambda y: elasticity(y, noise, aspect) + 4, edge * (1 + 1e-9), far, within=1e-14 * edge
    )


def elasticity(y: float, noise: FloatArray, aspect: float) -> float:
    """Return Psi(y) = y D'(y) / D(y) of the D-transform of the noise spectrum at ``y`` above it.

    Source: docs/method.md, equation (2.11).
    """
    gap = y * y - noise**2
    phi = float(np.mean(y / gap))
    slope = -float(np.mean((y * y + noise**2) / gap**2))
    other = aspect * phi + (1 - aspect) / y
    other_slope = aspect * slope - (1 - aspect) / y**2
    return y * (slope / phi + other_slope / other)
