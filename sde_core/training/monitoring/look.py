"""What one look at a training sees: both modalities' spectra, how they stand to each other, a few scalars."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.vocabulary import BANDS, Modality

Floats = npt.NDArray[np.float32]
_MORE_THAN_CHANCE = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModalityLook:
    """One modality at a step, rows scaled to unit length.

    Attributes:
        values: (r,) singular values of the centred rows over sqrt(rows), descending: the standard deviation along
            each direction, so that looks at more and fewer rows compare.
        labels: (r,) 0 strong, 1 weak, 2 noise.
        effective_rank: exp of the entropy of the values, in directions.
        rankme: the same of the rows that are not centred (Garrido et al. 2023).
        alpha: decay exponent of the energies (6.5); NaN with fewer than two values.
        top_share: share of the centred energy in the first direction, [0, 1].
        cone: mean cosine of two different rows.
        norm: mean length of the rows before they were scaled.
        copies: share of the last batch's rows that equal another row of it, [0, 1].
        not_finite: rows left out because they hold NaN or infinity.
        mean: (d,) mean row.
        directions: (d, k) the first right singular vectors, k at most `TRACKED`.
        agreement: (k,) correlation of the paired image and text coefficient along each of them; NaN if unpaired.
    """

    values: Floats
    labels: npt.NDArray[np.int8]
    effective_rank: float
    rankme: float
    alpha: float
    top_share: float
    cone: float
    norm: float
    copies: float
    not_finite: int
    mean: Floats
    directions: Floats
    agreement: Floats

    __repr__ = brief

    @property
    def counts(self) -> dict[str, int]:
        """Directions in each band."""
        return {band.value: int((self.labels == band.code).sum()) for band in BANDS}

    @property
    def spread(self) -> float:
        """Mean squared distance of a row from the mean row; 1 - |mean|²."""
        return float((self.values.astype(np.float64) ** 2).sum())

    def energy_shares(self) -> dict[str, float]:
        """Return the share of the energy in each band; NaN where there is none."""
        energies = self.values.astype(np.float64) ** 2
        total = energies.sum()
        return {
            band.value: float(energies[self.labels == band.code].sum() / total) if total > 0 else math.nan
            for band in BANDS
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A training at one step.

    Attributes:
        step: of the trainer.
        time: seconds since 1970 by the writer's clock.
        n_rows: pairs that the look rests on.
        image: the images' side, or None where no row was finite.
        text: the texts' side, or None.
        gap: squared distance of the two means; 0 the same place.
        gap_trace: squared difference of the square roots of the two spreads.
        gap_shape: what is left of the squared Fréchet distance of the two Gaussians; the three add up to it.
        cross: (r,) singular values of the cross-covariance of the pairs, descending.
        recall_image: share of the last batch's texts whose image comes first, or NaN.
        recall_text: share of the last batch's images whose text comes first, or NaN.
        logit_scale: 1 / temperature as the trainer gave it, or NaN.
        scalars: further numbers of the trainer, such as its loss.
        remarks: what was odd about this look, each a sentence.
        alarms: kinds of alarm that began at this look.
        n_last: rows of the last batch, in which recall is measured; 0 where that is not known.
    """

    step: int
    time: float
    n_rows: int
    image: ModalityLook | None
    text: ModalityLook | None
    gap: float = math.nan
    gap_trace: float = math.nan
    gap_shape: float = math.nan
    cross: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    recall_image: float = math.nan
    recall_text: float = math.nan
    logit_scale: float = math.nan
    scalars: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    n_last: int = 0

    __repr__ = brief

    def side(self, modality: Modality) -> ModalityLook | None:
        """Return one modality's part."""
        return self.image if modality is Modality.IMAGE else self.text

    @property
    def finds(self) -> bool:
        """Whether more pairs of the last batch find each other than chance gives; True where that is not known.

        By chance each side finds one, whatever their number: six have a probability of 0.0006 (Poisson).
        """
        hits = (self.recall_image + self.recall_text) / 2 * self.n_last
        return not hits < min(_MORE_THAN_CHANCE, self.n_last)

    @property
    def gap_share(self) -> float:
        """Share of the joint energy that tells only which modality a row is, [0, 1]; NaN where a side is missing."""
        if self.image is None or self.text is None:
            return math.nan
        between = self.gap / 4
        whole = between + (self.image.spread + self.text.spread) / 2
        return between / whole if whole > 0 else math.nan

    def numbers(self) -> dict[str, float]:
        """Return the scalars under stable names, as sinks log them: "image/effective_rank", "gap/centroid"."""
        found = {"gap/centroid": self.gap, "gap/trace": self.gap_trace, "gap/shape": self.gap_shape}
        found |= {
            "gap/share": self.gap_share,
            "recall/image": self.recall_image,
            "recall/text": self.recall_text,
        }
        found["logit_scale"] = self.logit_scale
        for modality in Modality:
            side = self.side(modality)
            if side is not None:
                found |= {f"{modality.value}/{name}": value for name, value in _of_side(side).items()}
        return found | {f"trainer/{name}": value for name, value in self.scalars.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return what a program reads, as plain values: the numbers, the spectra, remarks and alarms."""
        spectra = {
            modality.value: [] if side is None else side.values.tolist()
            for modality in Modality
            for side in (self.side(modality),)
        }
        return {
            "step": self.step,
            "time": self.time,
            "n_rows": self.n_rows,
            "numbers": self.numbers(),
            "singular_values": spectra,
            "remarks": list(self.remarks),
            "alarms": list(self.alarms),
        }


def _of_side(side: ModalityLook) -> dict[str, float]:
    names = ("effective_rank", "rankme", "alpha", "top_share", "cone", "norm", "copies")
    found = {name: float(getattr(side, name)) for name in names}
    found |= {f"{band}_directions": float(count) for band, count in side.counts.items()}
    return found | {f"{band}_energy": share for band, share in side.energy_shares().items()}
