"""The metrics of a set, each with a control: the same number where what it measures was taken away.

Pairs do not matter to most of them, so a random pair is the control of those that compare pairs, and the others get
what leaves everything but their subject: shuffled columns, random signs, modalities mixed, an even sphere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.partition import Bands

SAMPLE = 8_192
"""Pairs that the metrics of rows look at; of more, a seeded sample."""
NEIGHBOURS = 10

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One metric.

    Attributes:
        key: its name in the help texts.
        values: what was measured, by modality or kind of spectrum; "" for the pairs.
        control: the same where the subject was taken away.
    """

    key: str
    values: dict[str, float]
    control: dict[str, float]


def spectrum_readings(reports: list[Bands], chance: dict[str, Floats]) -> tuple[Reading, ...]:
    """Return the metrics of the spectra beside those of their (B, k) spectra of chance, by kind."""
    from sde_core.spectra.metrics import alpha_req, isoscore, participation_ratio, stable_rank

    def of_chance(metric: Callable[[Floats, int], float], report: Bands) -> float:
        cut = chance[report.modality][:, : len(report.values)]
        return float(np.mean([metric(values, report.shape[1]) for values in cut]))

    metrics: dict[str, Callable[[Floats, int], float]] = {
        "effective_rank": lambda values, _: sde.effective_rank(values),
        "stable_rank": lambda values, _: stable_rank(values),
        "participation_ratio": lambda values, _: participation_ratio(values),
        "isoscore": lambda values, width: isoscore(values, width),
        "alpha_req": lambda values, _: alpha_req(values),
    }
    return tuple(
        Reading(
            key=key,
            values={r.modality: r.metrics[key] for r in reports},
            control={r.modality: of_chance(metric, r) for r in reports},
        )
        for key, metric in metrics.items()
    )


def sampled_pairs(image: Floats, text: Floats) -> tuple[Floats, Floats]:
    """Return all pairs, or of more than 8,192 a seeded sample."""
    if len(image) <= SAMPLE:
        return image, text
    rows = np.sort(np.random.default_rng(0).choice(len(image), SAMPLE, replace=False))
    return image[rows], text[rows]


def row_readings(image: Floats, text: Floats) -> Iterator[Reading]:
    """Yield the metrics of the rows of paired modalities, quick ones first.

    Args:
        image: (m, d) pictures.
        text: (m, d) captions, row by row; equal captions count once where neighbours are looked for.

    Raises:
        DataError: a row of zeros, which has no direction.
    """
    rng = np.random.default_rng(0)
    found = sde.alignment_metrics(image, text)
    yield Reading(
        key="cone",
        values={"image": found["cone_image"], "text": found["cone_text"]},
        control={"image": _cone(image, rng), "text": _cone(text, rng)},
    )
    yield Reading(
        key="modality_gap", values={"": found["modality_gap"]}, control={"": _mixed_gap(image, text, rng)}
    )
    yield Reading(
        key="alignment",
        values={"": found["alignment"]},
        control={"": 2 - 2 * found["random_pair_cosine"]},
    )
    even = sde.uniformity(rng.normal(size=image.shape))
    yield Reading(
        key="uniformity",
        values={"image": found["uniformity_image"], "text": found["uniformity_text"]},
        control={"even sphere": even},
    )
    once = np.unique(text, axis=0)
    yield Reading(
        key="hubness",
        values={"image → text": _hubness(image, once), "text → image": _hubness(once, image)},
        control={
            "image → text": _hubness(_shuffled(image, rng), _shuffled(once, rng)),
            "text → image": _hubness(_shuffled(once, rng), _shuffled(image, rng)),
        },
    )
    sides = {"image": image, "text": once}
    yield Reading(
        key="two_nn",
        values={name: sde.two_nn_dimension(side) for name, side in sides.items()},
        control={name: sde.two_nn_dimension(_shuffled(side, rng)) for name, side in sides.items()},
    )


def _unit(rows: Floats) -> npt.NDArray[np.float64]:
    wide = rows.astype(np.float64)
    unit: npt.NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


def _cone(rows: Floats, rng: np.random.Generator) -> float:
    """Return the mean cosine of two rows when each row's sign is a coin: no cone is left, and nothing else changes."""
    m = len(rows)
    total = (_unit(rows) * rng.choice((-1.0, 1.0), size=(m, 1))).sum(axis=0)
    return float(total @ total - m) / (m * (m - 1)) if m > 1 else np.nan


def _mixed_gap(image: Floats, text: Floats, rng: np.random.Generator) -> float:
    """Return the distance of the means when a coin decides for each pair which of the two is called the picture."""
    sign = rng.choice((-1.0, 1.0), size=(len(image), 1))
    return float(np.linalg.norm(((_unit(image) - _unit(text)) * sign).mean(axis=0)))


def _hubness(queries: Floats, gallery: Floats) -> float:
    k = min(NEIGHBOURS, len(gallery))
    return sde.hubness(sde.k_occurrence(queries, gallery, k=k))


def _shuffled(rows: Floats, rng: np.random.Generator) -> Floats:
    return rng.permuted(rows, axis=0)
