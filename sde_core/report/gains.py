"""The gains of the enhancement over training, and the certificate beside what was measured."""

from typing import Any

from sde_core.sets.embeddings import EmbeddingSet
from sde_core.shaping.certificate import certify
from sde_core.shaping.curriculum import alpha, step_bound
from sde_core.shaping.enhancement import enhancement_gains
from sde_core.treatments.gains import FittedGains, TreatmentConfig, fit_treatment

MOMENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_STEP = 0.01


def treatment_facts(reference: EmbeddingSet, test: EmbeddingSet, config: TreatmentConfig) -> dict[str, Any]:
    """Return, for each modality, gains at moments of training and the certificate on the test rows."""
    paired = reference.paired()
    return {
        m: _facts(fit_treatment(getattr(reference, m), config, paired=paired), getattr(test, m), config)
        for m in ("image", "text")
    }


def _facts(fitted: FittedGains, rows: Any, config: TreatmentConfig) -> dict[str, Any]:  # noqa: ANN401
    t = config.progress
    later = min(1.0, t + _STEP)
    is_fixed = config.curriculum.strong != "noise"
    gains = {m: _gains(fitted, m, config) for m in MOMENTS}
    certificate = certify(
        fitted.gains,
        fitted.spectrum,
        rows,
        next_gains=_gains(fitted, later, config) if is_fixed else None,
        next_allowance=step_bound(t, later, config.curriculum) if is_fixed else None,
    )
    return {
        "singular_values": fitted.spectrum.singular_values.tolist(),
        "labels": fitted.partition.labels.tolist(),
        "alpha": {str(m): alpha(m, config.curriculum) for m in MOMENTS},
        "gains": {str(m): values.tolist() for m, values in gains.items()},
        "progress": t,
        "now": fitted.gains.tolist(),
        "certificate": certificate.as_dict(),
    }


def _gains(fitted: FittedGains, moment: float, config: TreatmentConfig) -> Any:  # noqa: ANN401
    import torch

    generator = torch.Generator().manual_seed(config.seed)
    return enhancement_gains(
        fitted.spectrum, fitted.partition, moment, config.curriculum, generator=generator
    )
