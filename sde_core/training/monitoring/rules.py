"""What each alarm asks of a look (docs/watch.md); no threshold is tuned.

What is certain is said at once (a NaN, a scale beyond the published bound). What is a matter of degree is measured
against the run's own median of the `REFERENCE` looks before, and said when half is gone, or twice as much there, for
`PATIENCE` looks in a row. What can change slowly is measured against the extreme that this median has ever been, so
that it does not take along what it is measured by: ranks, the logit scale, the length of rows. Looks at a training
that finds no pairs yet are no reference for ranks and shares: what learns nothing yet has nothing to lose.
"""

import math

from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.motion import frozen
from sde_core.training.monitoring.past import Finding, Past, Rule, median, median_before
from sde_core.vocabulary import MODALITIES, Modality

PATIENCE = 3
"""Looks in a row that must agree before a matter of degree is said."""
MOST_SCALE = 100.0
"""CLIP's clamp of 1 / temperature (Radford et al. 2021)."""
CLAMPED_SCALE = MOST_SCALE * math.exp(2.0**-6)
"""The most that a clamped scale is: trainers clamp its logarithm, and bfloat16 rounds ln 100 by up to 2^-6."""
COARSE_SCALE = 256.0
"""Beyond it neighbouring logits differ by more than 1 in bfloat16, whose cosines below 1 are 2^-8 apart."""
MOST_NORM = 256.0
"""A row's squares overflow float16 beyond it: 256² = 65,536."""


def _not_a_number(modality: Modality) -> Rule:
    def finding(past: Past, look: Look) -> Finding:
        side = look.side(modality)
        if side is None:
            return f"{modality.value} features hold no row that is finite and not zero"
        return f"{side.not_finite:,} {modality.value} rows hold NaN or infinity" if side.not_finite else None

    return finding


def _copies(modality: Modality) -> Rule:
    def finding(past: Past, look: Look) -> Finding:
        side = look.side(modality)
        before = median_before(past.looks, modality, "copies")
        if side is None or not (side.copies >= 0.5 > before):
            return None
        return f"{100 * side.copies:.0f} of 100 {modality.value} rows of a batch equal another one"

    return finding


def _collapsing(modality: Modality) -> Rule:
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), past.levels.highest("effective_rank", modality, look)
        if side is None or not side.effective_rank < before.value / 2:
            return None
        fell = f"{modality.value} effective rank fell to {side.effective_rank:.1f}"
        return f"{fell}, less than half of the {before.value:.1f} up to step {before.step:,}"

    return finding


def _one_direction(modality: Modality) -> Rule:
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), median_before(past.finding, modality, "top_share")
        if side is None or not (side.top_share > 0.5 and before <= 0.5):
            return None
        now = f"one direction holds {100 * side.top_share:.0f} % of the {modality.value} energy"
        return f"{now}, {100 * before:.0f} % before"

    return finding


def _dead(modality: Modality) -> Rule:
    def finding(past: Past, look: Look) -> Finding:
        side, before = look.side(modality), past.levels.highest("directions", modality, look).value
        if side is None or not len(side.values) < before / 2:
            return None
        return f"{before - len(side.values):.0f} of {before:.0f} {modality.value} directions hold nothing any more"

    return finding


def _split(past: Past, look: Look) -> Finding:
    before = median([each.gap_share for each in past.finding])
    if not (look.gap_share > 0.5 and before <= 0.5):
        return None
    return f"{100 * look.gap_share:.0f} % of the joint energy tells only image from text, {100 * before:.0f} % before"


def _scale(past: Past, look: Look) -> Finding:
    now = look.logit_scale
    if math.isinf(now):
        return "the logit scale is infinite"
    before = median([each.logit_scale for each in past.looks])
    if now > CLAMPED_SCALE and now > 2 * before:
        return f"the logit scale is {now:.0f}, beyond CLIP's bound of 100 and twice the {before:.0f} before"
    start = past.levels.highest("temperature", None, look)
    if not (now > COARSE_SCALE and now * start.value > 2):
        return None
    grew = f"the logit scale grew to {now:.0f}, from {1 / start.value:.0f} up to step {start.step:,}"
    return f"{grew}: beyond 256 neighbouring cosines of bfloat16 differ by more than 1 in their logits"


def _norm(modality: Modality) -> Rule:
    def finding(past: Past, look: Look) -> Finding:
        side, start = look.side(modality), past.levels.highest("shortness", modality, look)
        if side is None or not (side.norm > MOST_NORM and side.norm * start.value > 2):
            return None
        shortest = f"{1 / start.value:.1f} up to step {start.step:,}"
        return f"{modality.value} rows are {side.norm:.0f} long, {shortest}: beyond 256 float16 overflows"

    return finding


RULES: tuple[tuple[str, Modality | None, int, Rule], ...] = (
    *(("not a number", m, 1, _not_a_number(m)) for m in MODALITIES),
    ("exploding", None, 1, _scale),
    *(("exploding", m, PATIENCE, _norm(m)) for m in MODALITIES),
    *(("collapsing", m, PATIENCE, _collapsing(m)) for m in MODALITIES),
    *(("one direction", m, PATIENCE, _one_direction(m)) for m in MODALITIES),
    *(("dead directions", m, PATIENCE, _dead(m)) for m in MODALITIES),
    *(("copies", m, PATIENCE, _copies(m)) for m in MODALITIES),
    *(("frozen", m, 2 * PATIENCE, frozen(m)) for m in MODALITIES),
    ("modality split", None, PATIENCE, _split),
)
ORDER = {(kind, modality.value if modality else ""): i for i, (kind, modality, _, _) in enumerate(RULES)}
