"""The certificate of the gains at one moment: each bound beside what was measured."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import sde_core as sde
from sde_explorer.readings.gains import Kind, gains_at
from sde_explorer.readings.matrices import vectors_of

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.partition import Bands

STEP = 0.05
"""Training progress between the two moments of the last bound."""
N_ROWS = 512
"""Vectors, drawn by a seed, on which the turn of a row and its gradient are measured."""


@dataclass(frozen=True, kw_only=True)
class BoundLine:
    """One guarantee beside what was measured.

    Attributes:
        name: of `sde.Certificate.bounds`.
        bound: what no vectors can pass.
        measured: the value on this set.
    """

    name: str
    bound: float
    measured: float

    @property
    def tightness(self) -> float:
        """Measured over bound, 1 where the bound is reached; 0 where nothing moves."""
        return self.measured / self.bound if self.bound > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class CertificateReport:
    """The certificate of one modality at one moment.

    Attributes:
        modality: "image" or "text".
        lines: the bounds in the order of docs/method.md.
        holds: whether every measured value stays within its bound.
        max_change: e, the largest |g - 1|.
        condition: kappa, infinite where a direction is pruned.
        n_rows: vectors on which the turn and the gradient were measured.
        steps: the two moments of the step bound, or None where none is guaranteed.
        whole: the certificate as plain values, for files.
    """

    modality: str
    lines: tuple[BoundLine, ...]
    holds: bool
    max_change: float
    condition: float
    n_rows: int
    steps: tuple[float, float] | None
    whole: dict[str, Any]


def certificate_report(
    spectrum: sde.Spectrum,
    bands: "Bands",
    t: float,
    config: sde.CurriculumConfig,
    coordinates: "Tensor",
    *,
    kind: Kind = "enhanced",
    ascent: "Tensor | None" = None,
) -> CertificateReport:
    """Return bounds and measured values: the spectrum's exactly, a row's turn and gradient on the given rows."""
    # Noise is drawn anew at every step, and a pruned direction stays pruned: no bound on the change.
    steps = _steps(t) if kind == "enhanced" and config.strong != "noise" else None
    later, allowance = None, None
    if steps is not None:
        later = gains_at(spectrum, bands, steps[1], config, ascent=ascent)
        allowance = sde.step_bound(*steps, config)
    found = sde.certify(
        gains_at(spectrum, bands, t, config, kind=kind, ascent=ascent),
        spectrum,
        coordinates=coordinates,
        next_gains=later,
        next_allowance=allowance,
    )
    return CertificateReport(
        modality=bands.modality,
        lines=bound_lines(found),
        holds=found.holds,
        max_change=found.max_change,
        condition=found.condition,
        n_rows=len(coordinates),
        steps=steps,
        whole=found.as_dict(),
    )


def bound_lines(found: sde.Certificate) -> tuple[BoundLine, ...]:
    """Return the bounds of a certificate beside which something was measured, in their order."""
    return tuple(
        BoundLine(name=name, bound=bound.bound, measured=bound.measured)
        for name, bound in found.bounds.items()
        if bound.measured is not None
    )


def sampled_coordinates(embeddings: sde.EmbeddingSet, modality: str, spectrum: sde.Spectrum) -> "Tensor":
    """Return at most `N_ROWS` vectors of a modality, drawn by a seed, in the coordinates of its spectrum."""
    from sde_core.shaping.certificate import row_coordinates

    vectors = vectors_of(embeddings, modality)
    rows = np.sort(np.random.default_rng(0).permutation(len(vectors))[:N_ROWS])
    return row_coordinates(vectors[rows], spectrum)


def _steps(t: float) -> tuple[float, float]:
    return (t, t + STEP) if t + STEP <= 1 else (t, t - STEP)
