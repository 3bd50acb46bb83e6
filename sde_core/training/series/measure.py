"""A row of checkpoints as one object: each a look at the same pairs, and how far it is from the first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from sde_core.checks.brief import brief
from sde_core.errors import DataError
from sde_core.geometry.alignment import linear_cka
from sde_core.geometry.neighbourhoods import principal_angles
from sde_core.partition import partition_spectrum
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.evaluation import evaluate_retrieval
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.measurement import measured_look
from sde_core.vocabulary import BANDS, MODALITIES, Modality

ANGLES = 16
"""First directions whose subspace is compared with that of the first checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesPoint:
    """A checkpoint.

    Attributes:
        step: as its name says.
        look: spectra, bands, ranks, gap and first directions of the probe pairs.
        recall: CLIP_benchmark's names -> recall of the whole probe set, each image's first caption.
        cka: modality -> linear CKA with the first checkpoint, [0, 1].
        angles: modality -> principal angles of the first `ANGLES` directions with those of the first checkpoint,
            ascending; radians; empty where the widths differ.
        in_first_bands: modality -> share of the centred energy inside each band of the first checkpoint, what lies
            outside of its span as noise; empty where the widths differ.
    """

    step: int
    look: Look
    recall: Mapping[str, float]
    cka: Mapping[str, float]
    angles: Mapping[str, tuple[float, ...]]
    in_first_bands: Mapping[str, Mapping[str, float]]

    __repr__ = brief

    def turned(self, modality: str) -> float:
        """Return the median principal angle of a modality's first directions to the start, in degrees, or NaN."""
        angles = sorted(self.angles[modality])
        return math.degrees(angles[len(angles) // 2]) if angles else math.nan

    def as_dict(self) -> dict[str, Any]:
        """Return the point as plain values."""
        return {
            "step": self.step,
            "recall": dict(self.recall),
            "cka": dict(self.cka),
            "angles": {name: list(values) for name, values in self.angles.items()},
            "in_first_bands": {name: dict(shares) for name, shares in self.in_first_bands.items()},
            "look": self.look.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class _Side:
    """One modality of a set of unit rows, with its spectrum and bands."""

    rows: torch.Tensor
    spectrum: Spectrum
    labels: torch.Tensor


def measure_series(
    sets: Sequence[EmbeddingSet], steps: Sequence[int], *, rule: str = "mp-iqr"
) -> tuple[SeriesPoint, ...]:
    """Return a point for each checkpoint, all against the first.

    Args:
        sets: of the same pairs, in the order of the training.
        steps: of the checkpoints.
        rule: the partition rule.

    Raises:
        DataError: fewer than two sets, or the sets do not hold the same images and captions.
    """
    if len(sets) < 2 or len(sets) != len(steps):
        raise DataError(
            f"a series must have two sets or more, each with its step; got {len(sets)} and {len(steps)}"
        )
    first = sets[0]
    for other in sets[1:]:
        if list(other.image_ids) != list(first.image_ids) or list(other.captions) != list(first.captions):
            raise DataError(
                f"{other.name} must hold the pairs of {first.name}; its pictures or captions are others"
            )
    start = _sides(first, rule)
    return tuple(_point(embeddings, step, start, rule) for embeddings, step in zip(sets, steps, strict=True))


def _point(embeddings: EmbeddingSet, step: int, start: Mapping[Modality, _Side], rule: str) -> SeriesPoint:
    image, text = (torch.from_numpy(rows.copy()) for rows in embeddings.paired())
    now = _sides(embeddings, rule)
    recall = dict(evaluate_retrieval(embeddings, captions="primary").metrics)
    return SeriesPoint(
        step=step,
        look=replace(
            measured_look(step, image, text, rule=rule),
            recall_image=recall["image_retrieval_recall@1"],  # of the whole probe set
            recall_text=recall["text_retrieval_recall@1"],
        ),
        recall=recall,
        cka={m.value: linear_cka(start[m].rows, now[m].rows) for m in MODALITIES},
        angles={m.value: _angles(start[m], now[m]) for m in MODALITIES},
        in_first_bands={m.value: _in_bands(start[m], now[m].rows) for m in MODALITIES},
    )


def _sides(embeddings: EmbeddingSet, rule: str) -> dict[Modality, _Side]:
    found = {}
    for modality, rows in zip(MODALITIES, embeddings.paired(), strict=True):
        unit = torch.nn.functional.normalize(torch.from_numpy(rows.copy()).double(), dim=1)
        spectrum = compute_spectrum(unit)
        found[modality] = _Side(unit, spectrum, partition_spectrum(spectrum, rule, features=unit).labels)
    return found


def _angles(first: _Side, now: _Side) -> tuple[float, ...]:
    a, b = (side.spectrum.basis[:, :ANGLES] for side in (first, now))
    if len(a) != len(b) or not a.shape[1] or not b.shape[1]:
        return ()
    return tuple(float(angle) for angle in principal_angles(a, b))


def _in_bands(first: _Side, rows: torch.Tensor) -> dict[str, float]:
    """Return how the energy of rows, about their own mean, lies in the bands of the first checkpoint."""
    basis = first.spectrum.basis
    if len(basis) != rows.shape[1]:
        return {}
    centred = rows - rows.mean(dim=0)
    total = float(centred.square().sum())
    along = (centred @ basis).square().sum(dim=0)
    shares = {
        band.value: float(along[first.labels == band.code].sum()) / total if total else math.nan
        for band in BANDS
    }
    outside = 1 - sum(shares.values())
    return shares | {BANDS[-1].value: shares[BANDS[-1].value] + outside}
