"""What a rule that listens does: its agreement with the other rules, and retrieval on a set that it never heard."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Int
from torch import Tensor

from sde_core.errors import SDEError
from sde_core.knowledge import KnownRule, band_knowledge
from sde_core.partition import Partition, partition_spectrum, rule_names
from sde_core.spectra.spectrum import Center, Spectrum, compute_spectrum
from sde_core.treatments.comparison import ComparedRetrieval, compare_retrieval
from sde_core.treatments.gains import KINDS, TreatmentConfig, gains_of, treatment_of
from sde_core.treatments.table import fit_baseline
from sde_core.treatments.treatment import Treatment
from sde_core.vocabulary import BANDS, MODALITIES, Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAgreement:
    """How far two partitions of one spectrum agree.

    Attributes:
        rule: the other rule.
        side: whose directions.
        bands: directions that the other rule calls strong, weak and noise.
        same: share of the directions that both put into one band.
        kappa: the same beyond chance (Cohen 1960): 1 where all agree, 0 where two blind rules of these counts would.
        reason: why there is no answer; "" if there is.
    """

    rule: str
    side: Modality
    bands: tuple[int, ...] = ()
    same: float = float("nan")
    kappa: float = float("nan")
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownRuleReport:
    """What rule "known" decides and does.

    Attributes:
        columns: that it listens to; () is the other modality.
        bands: directions in strong, weak and noise, by side.
        agreements: with every other rule, by side.
        retrieval: on the test set: raw, then enhanced and pruned by "mp-iqr" and by "known".
    """

    columns: tuple[str, ...]
    bands: Mapping[Modality, tuple[int, ...]]
    agreements: tuple[RuleAgreement, ...]
    retrieval: tuple[ComparedRetrieval, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "columns": list(self.columns),
            "bands": {str(side): dict(zip(BANDS, n, strict=True)) for side, n in self.bands.items()},
            "agreements": [
                {
                    "rule": a.rule,
                    "side": str(a.side),
                    "bands": dict(zip(BANDS, a.bands, strict=True)) if a.bands else None,
                    "same": a.same,
                    "kappa": a.kappa,
                    "reason": a.reason,
                }
                for a in self.agreements
            ],
            "retrieval": [row.as_dict() for row in self.retrieval],
        }


def measure_known_rule(
    reference: "EmbeddingSet",
    test: "EmbeddingSet | None" = None,
    columns: Sequence[str] = (),
    *,
    center: Center = "mean",
    share: float = 0.8,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> KnownRuleReport:
    """Return how rule "known" agrees with other rules, and what enhancement and pruning by it do to a test set.

    All is fitted on ``reference``: spectra, knowledge, thresholds, gains. Of ``test`` only vectors and links are used.

    Args:
        reference: the set that rules and treatments see.
        test: another part; None leaves retrieval out.
        columns: of the reference that the rule listens to; () asks the other modality.
        center: of the spectra.
        share: that strong directions hold.
        seed: of rules that permute and of the intervals.
        progress: called with the row's name, rows done and rows in all.

    Raises:
        DataError: an unknown column, or a set without pairs.
    """
    spectra, known = {}, {}
    for side in MODALITIES:
        spectra[side] = compute_spectrum(reference.vectors(side), center=center)
        known[side] = _partition(reference, side, spectra[side], columns, share, seed)
    found = []
    for side in MODALITIES:
        found += [
            _agreement(reference, side, spectra[side], known[side], rule, seed)
            for rule in rule_names()
            if rule not in ("known", "manual")
        ]
    rows: list[ComparedRetrieval] = []
    if test is not None:
        treatments = [fit_baseline("raw", *(reference.vectors(side) for side in MODALITIES))]
        own = {
            side: partition_spectrum(
                spectra[side], "mp-iqr", features=reference.vectors(side), paired=reference.paired_or_none()
            )
            for side in MODALITIES
        }
        for name, partitions in (("mp-iqr", own), ("known", known)):
            treatments += _treated(name, spectra, partitions, center)
        rows = compare_retrieval(test.image, test.text, test.links, treatments, progress=progress)
    return KnownRuleReport(
        columns=tuple(columns),
        bands={side: _counts(known[side].labels) for side in MODALITIES},
        agreements=tuple(found),
        retrieval=tuple(rows),
    )


def agreement(one: Int[Tensor, " r"], other: Int[Tensor, " r"]) -> tuple[float, float]:
    """Return the share of directions in one band, and Cohen's kappa of it; kappa is NaN where both know one band only.

    >>> agreement(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 2, 1]))
    (0.75, 0.6363636363636364)
    """
    same = float((one == other).double().mean())
    parts = [torch.bincount(labels, minlength=len(BANDS)).double() / len(labels) for labels in (one, other)]
    chance = float(parts[0] @ parts[1])
    return same, (same - chance) / (1 - chance) if chance < 1 else float("nan")


def _partition(
    reference: "EmbeddingSet",
    side: Modality,
    spectrum: Spectrum,
    columns: Sequence[str],
    share: float,
    seed: int,
) -> Partition:
    if not columns:
        return partition_spectrum(
            spectrum, KnownRule(share=share), paired=reference.paired_or_none(), seed=seed
        )
    known = band_knowledge(reference, list(columns), side=side, spectrum=spectrum, n_resamples=0, seed=seed)
    return partition_spectrum(spectrum, KnownRule(known=known, share=share))


def _agreement(
    reference: "EmbeddingSet", side: Modality, spectrum: Spectrum, known: Partition, rule: str, seed: int
) -> RuleAgreement:
    try:
        other = partition_spectrum(
            spectrum, rule, features=reference.vectors(side), paired=reference.paired_or_none(), seed=seed
        )
    except SDEError as error:
        return RuleAgreement(rule=rule, side=side, reason=str(error))
    same, kappa = agreement(known.labels, other.labels)
    return RuleAgreement(rule=rule, side=side, bands=_counts(other.labels), same=same, kappa=kappa)


def _treated(
    name: str, spectra: Mapping[Modality, Spectrum], own: Mapping[Modality, Partition], center: Center
) -> list[Treatment]:
    rows = []
    for kind in KINDS:
        config = TreatmentConfig(kind=kind, center=center)
        both = [gains_of(spectra[side], own[side], config) for side in MODALITIES]
        rows.append(replace(treatment_of(*both), name=f"{kind} by {name}"))
    return rows


def _counts(labels: Tensor) -> tuple[int, ...]:
    return tuple(torch.bincount(labels, minlength=len(BANDS)).tolist())
