"""All partition rules on one spectrum, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sde_core as sde
from sde_core.partition import Bands
from sde_explorer.readings.matrices import Matrix, partition_of
from sde_explorer.readings.rules import rule_names

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleResult:
    """What one rule says of one spectrum.

    Attributes:
        rule: its name.
        report: spectrum and bands; None if the rule cannot judge it.
        reason: why it cannot, one sentence.
    """

    rule: str
    report: Bands | None = None
    reason: str = ""


def compared_rules(matrix: Matrix) -> tuple[str, ...]:
    """Return the rules to compare: the cross spectrum has one judge."""
    return ("shuffled pairs",) if matrix.is_cross else rule_names()


def compare_rules(
    embeddings: sde.EmbeddingSet, matrix: Matrix, spectrum: sde.Spectrum, chance: "Tensor"
) -> Iterator[RuleResult]:
    """Yield what each rule says, in their order.

    Args:
        embeddings: the set.
        matrix: what the spectrum is of.
        spectrum: of that matrix.
        chance: (B, k) spectra of `chance_of`.
    """
    for rule in compared_rules(matrix):
        try:
            own = partition_of(embeddings, matrix, spectrum, rule, chance)
        except sde.SDEError as error:
            yield RuleResult(rule=rule, reason=str(error))
        else:
            yield RuleResult(rule=rule, report=Bands.of(spectrum, own, modality=matrix.kind))
