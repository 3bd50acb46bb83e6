"""Strong, weak and noise directions of a spectrum: one rule a file behind one call."""

from sde_core.partition.bands import Bands, moved_thresholds, nothing_to_move
from sde_core.partition.base import (
    NOISE,
    STRONG,
    WEAK,
    Decision,
    Evidence,
    Partition,
    Rule,
    fit_limit,
)
from sde_core.partition.labelling import partition_spectrum
from sde_core.partition.rules import has_thresholds, register_rule, rule_names

__all__ = [
    "NOISE",
    "STRONG",
    "WEAK",
    "Bands",
    "Decision",
    "Evidence",
    "Partition",
    "Rule",
    "fit_limit",
    "has_thresholds",
    "moved_thresholds",
    "nothing_to_move",
    "partition_spectrum",
    "register_rule",
    "rule_names",
]
