"""What a term of the loss is: a frozen dataclass that names itself, its settings with their limits, and its needs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.settings import check_settings
from sde_core.losses.decomposition import decompose
from sde_core.partition import NOISE, Partition
from sde_core.spectra.spectrum import Spectrum

Band = Literal["all", "signal", "noise"]
Need = Literal["shared", "bands"]
"""The shared basis of both modalities, and the bands that the rule sees in it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StepConstants:
    """What a step holds fixed; a part that no term asked for is missing.

    Attributes:
        spectra: by "image", "text" and "shared" (both modalities' rows together).
        partitions: of the same directions.
        is_exact: whether they are those of the batch at hand, not of earlier ones.
    """

    spectra: dict[str, Spectrum] = field(default_factory=dict)
    partitions: dict[str, Partition] = field(default_factory=dict)
    is_exact: bool = False


@dataclass(eq=False, kw_only=True)
class Batch:
    """What a term may look at.

    Attributes:
        image: (B, n) features of all ranks, float32 or float64, with a gradient.
        text: (B, n) features, row by row.
        constants: of the step.
        logit_scale: () 1 / temperature of the feature domain.
        same: (B, B) bool, which pairs the feature domain does not take as negatives, or None.
    """

    image: Tensor
    text: Tensor
    constants: StepConstants = field(default_factory=StepConstants)
    logit_scale: Tensor = field(default_factory=lambda: torch.tensor(1.0))
    same: Tensor | None = None

    __repr__ = brief

    @cached_property
    def spectra(self) -> tuple[Spectrum, Spectrum]:
        """The spectra of exactly these rows, as the gradients of the published terms need them."""
        kept = self.constants.spectra
        if self.constants.is_exact and "image" in kept:
            return kept["image"], kept["text"]
        return decompose(self.image), decompose(self.text)

    @property
    def lagging(self) -> tuple[Spectrum, Spectrum] | None:
        """The spectra that the step holds fixed, if it holds any."""
        kept = self.constants.spectra
        return (kept["image"], kept["text"]) if "image" in kept else None

    def shared_basis(self, band: Band) -> Tensor:
        """Return the directions (n, k) of a band of the shared basis."""
        basis = self.constants.spectra["shared"].basis
        if band == "all":
            return basis
        is_noise = self.constants.partitions["shared"].labels == NOISE
        return basis[:, is_noise if band == "noise" else ~is_noise]


class Term(ABC):
    """A term of `SDELoss` beside the feature domain; each is a frozen dataclass in one file, listed in `TERMS`.

    Its annotations hold the limits of its settings (`Range`, a `Literal`) and a few words on each (`Help`); the
    check, the flat keywords of `SDELossConfig`, the command line, the checkpoint and the help follow from them.

    Attributes:
        name: what it is called in `SDELoss.terms`; also the flat keyword of its weight.
        prefix: of the flat keywords of its other fields.
        weight: its share of the loss, at least 0; a term with weight 0 costs nothing.
    """

    __slots__ = ()

    name: ClassVar[str]
    prefix: ClassVar[str]
    weight: Any

    def __post_init__(self) -> None:
        check_settings(self, self.flat_name)

    @classmethod
    def flat_name(cls, field_name: str) -> str:
        """Return the keyword of a field in `SDELossConfig`."""
        return cls.name if field_name == "weight" else f"{cls.prefix}_{field_name}"

    @property
    def needs(self) -> frozenset[Need]:
        """What the step has to hold for it."""
        return frozenset()

    @abstractmethod
    def __call__(self, batch: Batch) -> Tensor:
        """Return () the term before any weight."""
