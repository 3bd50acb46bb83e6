"""The one call that applies a rule to a spectrum: labels of its directions, and whether the noise fits the law."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix, as_paired_matrices
from sde_core.errors import ConfigError, DataError
from sde_core.partition.base import (
    NOISE,
    STRONG,
    WEAK,
    Decision,
    Evidence,
    Paired,
    Partition,
    Rule,
    fit_limit,
)
from sde_core.partition.marchenko_pastur import bulk_distance
from sde_core.partition.rules import named_rule
from sde_core.spectra.spectrum import Spectrum


def partition_spectrum(
    spectrum: Spectrum,
    rule: str | Rule = "mp-iqr",
    features: MatrixLike | None = None,
    paired: Paired | Callable[[], Paired | None] | None = None,
    seed: int = 0,
) -> Partition:
    """Return strong, weak and noise directions of ``spectrum`` by ``rule``.

    The note of the result says what the rule assumed and whether that holds; ``fits_bulk`` is the part
    of it that concerns the Marchenko-Pastur law. A spectrum without directions is not shown to the rule.

    Args:
        spectrum: from `compute_spectrum` or `SpectrumAccumulator.spectrum`.
        rule: a name of `rule_names`, or any callable (spectrum, evidence) -> `Decision`, such as
            ``ManualRule(tau_strong=9.0, tau_noise=4.0)``.
        features: (m, n) rows behind the spectrum, for rules that permute them ("parallel").
        paired: (image, text), (p, n) each, row by row, for "cross-modal"; or what returns them, called if the rule
            looks at them.
        seed: for rules that permute.

    Returns:
        Partition: labels in the order of the singular values.

    Raises:
        ConfigError: unknown rule (the names are listed) or a bad parameter of the rule.
        DataError: features or pairs that the rule needs are missing or of another width.

    Source: docs/method.md, section 2.
    """
    name, function = named_rule(rule)
    _check_widths(spectrum, features, paired)
    evidence = Evidence(features=features, paired=paired, seed=seed)
    decision = function(spectrum, evidence) if spectrum.rank else _NOTHING
    labels = _labels(spectrum, decision)
    distance = _fit_distance(spectrum, labels, decision)
    note = decision.note
    if decision.assumes_iid:
        note = f"{note.rstrip(' .')}; {_verdict(distance, int((labels == NOISE).sum()))}."
    return Partition(
        labels=labels,
        tau_strong=decision.tau_strong,
        tau_noise=decision.tau_noise,
        noise_scale=decision.noise_scale,
        fit_distance=distance,
        rule=name,
        note=note,
    )


_NOTHING = Decision(tau_strong=0.0, tau_noise=0.0, note="The matrix is constant: there is nothing to split.")


def _labels(spectrum: Spectrum, decision: Decision) -> Tensor:
    values = spectrum.singular_values
    if decision.labels is not None:
        if decision.labels.shape != values.shape:
            raise ConfigError(
                f"rule must label {len(values)} directions; got shape {tuple(decision.labels.shape)}"
            )
        labels = decision.labels.to(values.device, torch.int64)
        wild = labels[(labels < STRONG) | (labels > NOISE)]
        if len(wild):
            raise ConfigError(f"rule must label directions 0, 1 or 2; got {int(wild[0])}")
        return labels
    if not decision.tau_noise <= decision.tau_strong:
        raise ConfigError(
            "thresholds must satisfy tau_noise <= tau_strong; "
            f"got tau_noise={decision.tau_noise:g}, tau_strong={decision.tau_strong:g}"
        )
    labels = torch.full(values.shape, WEAK, dtype=torch.int64, device=values.device)
    labels[values > decision.tau_strong] = STRONG
    labels[values <= decision.tau_noise] = NOISE
    return labels


def _fit_distance(spectrum: Spectrum, labels: Tensor, decision: Decision) -> float | None:
    """Return how far the noise part is from the law of what is left without the other directions."""
    noise = spectrum.singular_values[labels == NOISE]
    if len(noise) < 8:  # a distance of a handful of points says nothing
        return None
    taken = spectrum.rank - len(noise)
    larger = max(spectrum.larger_side - taken, len(noise))
    upper = decision.tau_noise if math.isfinite(decision.tau_noise) else math.inf
    return bulk_distance(noise, aspect=len(noise) / larger, larger=larger, upper=upper)


def _verdict(distance: float | None, n_noise: int) -> str:
    if distance is None:
        return f"too few noise directions to check ({n_noise})"
    if distance <= fit_limit(n_noise):
        return f"Marchenko-Pastur fits the bulk (KS {distance:.2f})"
    return (
        f"Marchenko-Pastur does NOT fit the bulk (KS {distance:.2f}): the noise edge is not to be trusted, "
        "compare with screenot or parallel"
    )


def _check_widths(
    spectrum: Spectrum, features: MatrixLike | None, paired: Paired | Callable[[], Paired | None] | None
) -> None:
    paired = None if callable(paired) else paired
    if paired is not None and len(paired) != 2:
        raise DataError(f"paired must be (image, text); got {len(paired)} entries")
    given = {
        "features": features,
        **({} if paired is None else {f"paired[{i}]": x for i, x in enumerate(paired)}),
    }
    shapes = {name: _shape(x, name) for name, x in given.items() if x is not None}
    for name, shape in shapes.items():
        if shape[1] != spectrum.n_features:
            raise DataError(
                f"{name} must have {spectrum.n_features} columns like the spectrum; got shape {shape}"
            )
    if paired is not None and shapes["paired[0]"][0] != shapes["paired[1]"][0]:
        as_paired_matrices(*paired, ("paired[0]", "paired[1]"))  # says what is wrong


def _shape(x: MatrixLike, name: str) -> tuple[int, ...]:
    shape = getattr(x, "shape", None)
    return tuple(shape) if shape is not None and len(shape) == 2 else tuple(as_matrix(x, name).shape)
