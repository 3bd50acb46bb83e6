"""Strong, weak and noise directions of a spectrum: one rule a file behind one call."""

from sde_core.partition.base import (
    NOISE,
    STRONG,
    WEAK,
    Decision,
    Evidence,
    Partition,
    Rule,
    fit_limit,
    partition_spectrum,
    register_rule,
    rule_names,
)

__all__ = [
    "NOISE",
    "STRONG",
    "WEAK",
    "Decision",
    "Evidence",
    "Partition",
    "Rule",
    "fit_limit",
    "partition_spectrum",
    "register_rule",
    "rule_names",
]
