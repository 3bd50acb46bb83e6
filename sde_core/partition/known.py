"""Rule "known" (our extension): noise knows nothing, strong are the fewest directions that hold most of the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.settings import Range, check_settings
from sde_core.errors import ConfigError, DataError
from sde_core.glossary.term import Term
from sde_core.partition.base import NOISE, STRONG, WEAK, Decision, Evidence
from sde_core.partition.cross_modal import CrossModalRule
from sde_core.spectra.spectrum import Spectrum


@runtime_checkable
class KnownColumn(Protocol):
    """What the rule reads of a column; `sde_core.knowledge.ColumnKnowledge` has it."""

    @property
    def name(self) -> str:
        """Of the column."""

    @property
    def known(self) -> Float[Tensor, " r"]:
        """Share of each direction's variance that lies between the values, less chance."""

    @property
    def energy(self) -> Float[Tensor, " r"]:
        """Variance of each direction, summed."""

    @property
    def significant(self) -> Bool[Tensor, " r"]:
        """Whether each direction knows the column."""

    @property
    def says_nothing(self) -> bool:
        """Whether no direction knows it."""


@runtime_checkable
class Knowledge(Protocol):
    """What the rule reads of what is known; `sde_core.knowledge.BandKnowledge` has it."""

    @property
    def columns(self) -> Sequence[KnownColumn]:
        """All columns that were asked for."""

    @property
    def labels(self) -> Tensor:
        """(r,) one a direction."""

    def __getitem__(self, name: str) -> KnownColumn:
        """Return a column by name; a DataError if it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownRule:
    """Labels from what directions know; hand it to `partition_spectrum` as its rule.

    Noise: directions that know none of the chosen columns (false discovery rate 0.05 over those columns and all
    directions); without any knowledge, those whose pairs agree no more than shuffled ones do (rule "cross-modal").
    Strong: the fewest others that hold a share ``share`` of what is known, each column counting equally; without any
    knowledge, of the pairs' covariance. Labels, no thresholds. What chooses the columns chooses the bands: measure
    what is done with them on rows, and columns, that were not used here.

    Attributes:
        known: of the directions of the same spectrum; None asks the pairs.
        columns: of ``known`` that count; () are all that say something.
        share: that the strong directions hold, in (0, 1].

    Raises:
        ConfigError: ``share`` lies outside, or columns are chosen without knowledge.
        DataError: a column is unknown.

    Source: [X] docs/method.md, equation (8.8).
    """

    name: ClassVar[str] = "known"
    about: ClassVar[Term] = Term(
        key="known",
        name="known",
        sentence="Signal is what knows the chosen columns or, without any, the other modality; strong are the fewest "
        "directions that hold 80 % of it. Labels, no thresholds; our extension.",
        equation="8.8",
    )
    has_thresholds: ClassVar[bool] = False

    known: Knowledge | None = None
    columns: Sequence[str] = ()
    share: Annotated[float, Range(0.0, 1.0, low_open=True)] = 0.8

    __repr__ = brief

    def __post_init__(self) -> None:
        check_settings(self)
        if self.columns and self.known is None:
            raise ConfigError("columns must come with known, the result of band_knowledge; got None")
        for name in self.columns:
            assert self.known is not None
            self.known[name]  # an unknown one is refused here

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return labels from the knowledge, or from the pairs in ``evidence.paired``.

        Raises:
            DataError: the knowledge is of other directions; without it, the pairs are missing or fewer than 8.
        """
        if self.known is None:
            signal, held, told = _of_pairs(spectrum, evidence)
        else:
            signal, held, told = self._of_columns(self.known, spectrum)
        labels = torch.full(held.shape, NOISE, dtype=torch.int64)
        labels[signal] = WEAK
        labels[_fewest(torch.where(signal, held, 0.0), self.share)] = STRONG
        return Decision(
            tau_strong=math.nan,
            tau_noise=math.nan,
            labels=labels.to(spectrum.singular_values.device),
            note=f"Assumes that {told}; nothing is assumed about the noise.",
        )

    def _of_columns(self, known: Knowledge, spectrum: Spectrum) -> tuple[Tensor, Tensor, str]:
        if len(known.labels) != spectrum.rank:
            raise DataError(
                f"known must be of the {spectrum.rank} directions of this spectrum; got {len(known.labels)}"
            )
        asked = [known[name] for name in self.columns] or [c for c in known.columns if not c.says_nothing]
        if not asked:
            nothing = torch.zeros(spectrum.rank)
            return nothing > 0, nothing, "the columns matter, of which no direction knows any"
        signal = torch.stack([column.significant for column in asked]).any(dim=0)
        parts = [(column.known * column.energy).clamp_min(0) for column in asked]
        held = torch.stack([part / part.sum().clamp_min(1e-300) for part in parts]).sum(dim=0)
        return signal, held, f"{', '.join(column.name for column in asked)} are what matters"


def _of_pairs(spectrum: Spectrum, evidence: Evidence) -> tuple[Bool[Tensor, " r"], Float[Tensor, " r"], str]:
    """Return which directions know the other modality, and the covariance of the pairs along each."""
    if evidence.paired is None:
        raise DataError(
            'rule "known" needs pairs or columns; got neither: pass paired=(image, text), or KnownRule(known=...)'
        )
    labels = CrossModalRule()(spectrum, evidence).labels
    assert labels is not None
    assert evidence.paired is not None
    image, text = ((rows - rows.mean(dim=0)).double() @ spectrum.basis.double() for rows in evidence.paired)
    return (labels != NOISE).cpu(), (image * text).sum(dim=0).clamp_min(0).cpu(), "pairs are independent"


def _fewest(held: Float[Tensor, " r"], share: float) -> Bool[Tensor, " r"]:
    """Return the fewest directions that hold ``share`` of all; none where nothing is held."""
    chosen = torch.zeros(held.shape, dtype=torch.bool)
    total = float(held.sum())
    if total <= 0:
        return chosen
    order = held.argsort(descending=True, stable=True)
    before = torch.cat([held.new_zeros(1), held[order].cumsum(0)[:-1]])
    chosen[order[before < share * total * (1 - 1e-12)]] = True
    return chosen & (held > 0)
