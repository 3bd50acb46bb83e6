"""R@1 and gap over both thresholds: fitted on one part, chosen on a second, reported on a third."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

import sde_core as sde
from sde_core.partition import Partition, nothing_to_move
from sde_core.spectra.spectrum import Spectrum
from sde_core.treatments.gains import gains_of, treatment_of
from sde_explorer.retrieval.numbers.table import (
    RAW,
    SEED,
    THIRDS,
    Part,
    RecallRow,
    gap_of,
    part_of,
    parts_of,
    recall_rows,
)

FACTORS = tuple(round(2 ** (i / 3), 3) for i in range(-6, 7))
"""Multiples of the rule's thresholds, from a quarter to four times, in thirds of an octave."""

MOST_PICTURES = 3_000
"""Pictures of the validation part; of more, a seeded sample: a cell of the surface then takes half a second."""

OWN, BEST = "rule", "best"

Counts = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a pair of thresholds gives on the validation part.

    Attributes:
        noise: multiple of the rule's noise threshold.
        strong: multiple of the rule's strong threshold.
        image_recall: R@1 text -> image; NaN where the thresholds prune everything.
        text_recall: R@1 image -> text.
        gap: modality gap.
        counts: strong, noise and all directions of the pictures, then of the captions.
    """

    noise: float
    strong: float
    image_recall: float
    text_recall: float
    gap: float
    counts: Counts

    @property
    def is_all_noise(self) -> bool:
        """Whether every direction of both modalities is noise: all are treated alike."""
        return self.counts[1] == self.counts[2] and self.counts[4] == self.counts[5]

    @property
    def recall(self) -> float:
        """Mean R@1 of both ways: by this the best cell is chosen."""
        return (self.image_recall + self.text_recall) / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """The surface and what its best point is worth on pictures that chose nothing.

    Attributes:
        cells: measured so far, noise by noise.
        raw: raw vectors on the validation part.
        n_fit: pictures that were fitted on.
        n_val: pictures that the point was chosen on.
        n_val_all: pictures of the validation part; more than ``n_val`` if those are a sample.
        n_test: pictures that it is reported on; 0 before the end.
        test: rows raw, "rule" (thresholds as they are) and "best" on the test part; empty before the end.
    """

    cells: tuple[Cell, ...]
    raw: Cell
    n_fit: int
    n_val: int
    n_val_all: int
    n_test: int = 0
    test: tuple[RecallRow, ...] = ()

    @property
    def best(self) -> Cell:
        """The cell of the highest mean R@1; of equal ones, the nearest to the rule's own thresholds."""
        known = [c for c in self.cells if not math.isnan(c.recall)]
        return min(known, key=lambda c: (-c.recall, abs(math.log(c.noise)) + abs(math.log(c.strong))))

    @property
    def is_whole(self) -> bool:
        """Whether every cell is measured and the best one tested."""
        return bool(self.test)


def surface(
    embeddings: sde.EmbeddingSet,
    config: sde.TreatmentConfig,
    captions: str,
    report: Callable[[float, str, Surface | None], None],
    *,
    factors: Sequence[float] = FACTORS,
    whole: bool = False,
) -> Surface:
    """Return the surface of one treatment over both thresholds.

    Pairs of thresholds that cut the spectra alike are measured once.

    Args:
        embeddings: the set.
        config: of the treatment; its factors do not matter.
        captions: of the galleries, "primary" or "all".
        report: called with the share that is done, what is done, and what there is so far; an exception that it
            raises stops the work.
        factors: multiples of each threshold.
        whole: whether every picture of the validation part chooses, however many there are.

    Raises:
        DataError: too few pictures for three parts.
        ConfigError: the rule has no thresholds.
    """
    report(0.0, "dividing the pictures", None)
    fit, val, test = parts_of(embeddings, captions, THIRDS)
    n_val_all = len(val.images)
    if n_val_all > MOST_PICTURES and not whole:
        drawn = np.random.default_rng(SEED).permutation(n_val_all)[:MOST_PICTURES]
        val = part_of(embeddings, np.sort(val.images[drawn]), primary=captions == "primary")
    report(0.01, "decomposing the vectors", None)
    sides = _sides(fit, config)
    if not sides[0][1].cuts_by_size:
        raise sde.ConfigError(nothing_to_move(sides[0][1]))
    found = Surface(
        cells=(),
        raw=_cell(val, sde.Treatment(name=RAW), (0,) * 6),
        n_fit=len(fit.images),
        n_val=len(val.images),
        n_val_all=n_val_all,
    )
    for cell in _cells(sides, val, config, factors):
        found = replace(found, cells=(*found.cells, cell))
        share = len(found.cells) / len(factors) ** 2
        report(0.02 + 0.9 * share, f"{len(found.cells)} of {len(factors) ** 2} pairs of thresholds", found)
    rows = [sde.Treatment(name=RAW)]
    best = replace(config, noise_factor=found.best.noise, strong_factor=found.best.strong)
    for name, chosen in ((OWN, config), (BEST, best)):
        rows.append(replace(treatment_of(*_treated(sides, chosen)), name=name))
    tested = recall_rows(
        test, rows, lambda name, share: report(0.92 + 0.08 * share, f"testing: {name}", None)
    )
    return replace(found, n_test=len(test.images), test=tuple(tested))


Side = tuple[Spectrum, Partition]


def _sides(fit: Part, config: sde.TreatmentConfig) -> tuple[Side, Side]:
    made = fit.embeddings
    sides = []
    for rows in (made.image, made.text):
        spectrum = sde.compute_spectrum(rows, center=config.center)
        own = sde.partition_spectrum(
            spectrum, config.rule, features=rows, paired=made.paired(), seed=config.seed
        )
        sides.append((spectrum, own))
    return sides[0], sides[1]


def _treated(
    sides: tuple[Side, Side], config: sde.TreatmentConfig
) -> tuple[sde.FittedGains, sde.FittedGains]:
    image, text = sides
    return gains_of(*image, config), gains_of(*text, config)


def _cells(
    sides: tuple[Side, Side], val: Part, config: sde.TreatmentConfig, factors: Sequence[float]
) -> Iterator[Cell]:
    known: dict[bytes, Cell] = {}
    for noise in factors:
        for strong in factors:
            both = _treated(sides, replace(config, noise_factor=noise, strong_factor=strong))
            image, text = (each.partition for each in both)
            counts = (
                *(image.n_strong, image.n_noise, len(image.labels)),
                *(text.n_strong, text.n_noise, len(text.labels)),
            )
            gains = b"".join(each.gains.numpy().tobytes() for each in both)
            if gains not in known:
                # Where all is pruned only rounding is left: it has no direction to rank by.
                is_empty = not all(bool(each.gains.any()) for each in both)
                known[gains] = _nothing(counts) if is_empty else _cell(val, treatment_of(*both), counts)
            yield replace(known[gains], noise=noise, strong=strong, counts=counts)


def _cell(val: Part, row: sde.Treatment, counts: Counts) -> Cell:
    made = val.embeddings
    metrics = sde.metrics_from_ranks(row.ranks(made.image, made.text, made.links), (1,))
    return Cell(
        noise=1.0,
        strong=1.0,
        image_recall=metrics["image_retrieval_recall@1"],
        text_recall=metrics["text_retrieval_recall@1"],
        gap=gap_of(made, row),
        counts=counts,
    )


def _nothing(counts: Counts) -> Cell:
    return Cell(
        noise=1.0, strong=1.0, image_recall=math.nan, text_recall=math.nan, gap=math.nan, counts=counts
    )
