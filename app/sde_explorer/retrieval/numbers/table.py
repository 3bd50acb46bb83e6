"""What retrieval changes: every row of the table on pictures that nothing was fitted on, each beside raw."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.retrieval.bootstrap import DrawnMetrics, drawn_metrics
from sde_core.treatments.comparison import compared_row
from sde_core.vocabulary import DIRECTIONS, KS, Centring, Direction
from sde_explorer.readings.gains import curriculum_of, kind_of
from sde_explorer.retrieval.numbers.parts import HALVES as HALVES
from sde_explorer.retrieval.numbers.parts import SEED as SEED
from sde_explorer.retrieval.numbers.parts import THIRDS as THIRDS
from sde_explorer.retrieval.numbers.parts import Part as Part
from sde_explorer.retrieval.numbers.parts import part_of as part_of
from sde_explorer.retrieval.numbers.parts import parts_of as parts_of
from sde_explorer.retrieval.numbers.sampled import sampled_ranks

if TYPE_CHECKING:
    from torch import Tensor

    from sde_explorer.retrieval.state import RetrievalState

Ints = npt.NDArray[np.int64]

HOW = sde.Resampling(seed=SEED)
QUICK_SCORES = 1 << 23
"""Of a part with so many scores a row takes a tenth of a second."""
RAW = "raw"
TREATED = ("sde-enhanced", "sde-pruned")
"""Rows that follow the thresholds of the page."""

WAYS = {way.label: way for way in DIRECTIONS}
METRICS = {
    "R@1": "recall@1",
    "R@5": "recall@5",
    "R@10": "recall@10",
    "MRR": "mrr",
    "median rank": "median_rank",
}
"""Names that people see, and how they end in the table of `sde_core`."""


def treatment_config(state: "RetrievalState") -> sde.TreatmentConfig:
    """Return what the state's rows are fitted with; the strong mode that follows a loss amplifies here."""
    curriculum = curriculum_of(state)
    if curriculum.strong == "adversarial":
        curriculum = replace(curriculum, strong="amplify")
    return sde.TreatmentConfig(
        kind="prune" if kind_of(state) == "pruned" else "enhance",
        rule=state.rule,
        center=Centring(state.center),
        noise_factor=state.noise,
        strong_factor=state.strong,
        progress=state.t,
        curriculum=curriculum,
        seed=SEED,
    )


def baseline_rows() -> tuple[str, ...]:
    """Return the rows that follow no threshold, raw left out, in the order of the table."""
    return tuple(name for name in sde.comparison_names() if name not in (RAW, *TREATED))


@dataclass(frozen=True, kw_only=True, eq=False)
class RecallRow:
    """One row of the table.

    Attributes:
        compared: ranks, metrics, intervals, and differences to raw.
        firsts: return what stands first for every query, by direction: (q,) rows of the part's gallery.
        gap: distance between the mean picture and the mean caption of the part, as this row maps them.
        moves: whether the row moves vectors; one that only scores leaves the gap as it is.
    """

    compared: sde.ComparedRetrieval
    firsts: Callable[[], dict[Direction, Ints]]
    gap: float
    moves: bool

    @property
    def name(self) -> str:
        """Name of the row."""
        return self.compared.name

    @property
    def first(self) -> dict[Direction, Ints]:
        """What stands first for every query; of a small part it is looked up when somebody asks."""
        return self.firsts()


def recall_rows(
    part: Part,
    treatments: Sequence[sde.Treatment],
    report: Callable[[str, float], None],
    *,
    raw: DrawnMetrics | None = None,
) -> Iterator[RecallRow]:
    """Yield each row as soon as it is measured; at most some megabytes of scores are held at once.

    Of a part with few scores both directions are ranked from one product, in half of the time, and nothing is told
    before a row's end.

    Args:
        part: that no treatment was fitted on.
        treatments: the rows.
        report: called with the row's name and the share of all rows that is done, after each block of queries, or
            each row of a part with few scores; an exception that it raises stops the work.
        raw: what `drawn_of` says of the row that rows are compared with; None takes the first row.
    """
    made, how = part.embeddings, HOW
    views = [
        _Firsts(part, partial(_report_row, report, treatment.name, done, len(treatments)))
        for done, treatment in enumerate(treatments)
    ]
    gap = _gaps(part)
    is_quick = part.asked is None and made.n_images * made.n_texts <= QUICK_SCORES
    if is_quick:
        rows = sde.compared_rows(
            made.image, made.text, made.links, treatments, raw=raw, ks=KS, resampling=how
        )
    elif part.asked is None:  # raw is drawn once for all rows
        seen = [sde.watched(treatment, view) for treatment, view in zip(treatments, views, strict=True)]
        rows = sde.compared_rows(made.image, made.text, made.links, seen, raw=raw, ks=KS, resampling=how)
    else:
        rows = _sampled_rows(part, treatments, views, raw)
    for done, (treatment, view) in enumerate(zip(treatments, views, strict=True)):
        report(treatment.name, done / len(treatments))
        compared = next(rows)
        if is_quick:
            report(treatment.name, (done + 1) / len(treatments))
        yield RecallRow(
            compared=compared,
            firsts=cache(partial(first_of, part, treatment)) if is_quick else view.all,
            gap=gap(treatment),
            moves=treatment.moves,
        )


def drawn_of(row: RecallRow) -> DrawnMetrics:
    """Return the metrics of a row, of its queries as they are and as they were drawn; other rows compare with it."""
    return drawn_metrics(row.compared.ranks, KS, resampling=HOW)


def _sampled_rows(
    part: Part,
    treatments: Sequence[sde.Baseline],
    views: "Sequence[_Firsts]",
    raw: DrawnMetrics | None,
) -> Iterator[sde.ComparedRetrieval]:
    for treatment, view in zip(treatments, views, strict=True):
        ranks = sampled_ranks(part, treatment, view.take)
        yield compared_row(
            treatment.name,
            ranks,
            raw=raw,
            ks=KS,
            resampling=HOW,
            sweep=treatment.sweep,
            transductive=treatment.transductive,
        )
        raw = raw or drawn_metrics(ranks, KS, resampling=HOW)


def _report_row(report: Callable[[str, float], None], name: str, done: int, total: int, share: float) -> None:
    report(name, (done + share) / total)


def first_of(part: Part, treatment: sde.Baseline) -> dict[Direction, Ints]:
    """Return what stands first for every query of a part, by direction: (q,) rows of its gallery."""
    made, view = part.embeddings, _Firsts(part, lambda _: None)
    sde.watched(treatment, view).ranks(made.image, made.text, made.links)
    return view.first


class _Firsts:
    """What stands first for each query, taken from the scores as they pass by.

    Written into arrays that are there from the start: small pieces that are kept between large ones that are not
    would hold on to gigabytes of freed memory.
    """

    def __init__(self, part: Part, report: Callable[[float], None]) -> None:
        sizes = {way: len(part.queries(way)) for way in DIRECTIONS}
        self.first = {way: np.empty(size, np.int64) for way, size in sizes.items()}
        self._done: dict[Direction, int] = dict.fromkeys(sizes, 0)
        self._report = report

    def all(self) -> dict[Direction, Ints]:
        """Return what stands first, once every query has asked."""
        return self.first

    def __call__(self, way: Direction, scores: "Tensor") -> None:
        self.take(way, scores.argmax(dim=1).cpu().numpy())

    def take(self, way: Direction, first: Ints) -> None:
        """Take what stands first for the next queries of a direction."""
        start = self._done[way]
        self._done[way] = start + len(first)
        self.first[way][start : start + len(first)] = first
        self._report(sum(self._done.values()) / sum(map(len, self.first.values())))


def _gap_pairs(part: Part) -> sde.EmbeddingSet:
    """Return the pictures whose pairs give the gap: those that ask, where they are a sample."""
    if part.asked is None:
        return part.embeddings
    return part.embeddings.select(part.asked[Direction.TEXT_RETRIEVAL])


def _gaps(part: Part) -> Callable[[sde.Treatment], float]:
    """Return what gives the gap of a row as `gap_of`; rows that leave the vectors where they are share theirs."""
    pairs = cache(lambda: _gap_pairs(part).paired())
    as_they_are = cache(lambda: sde.modality_gap(*pairs()))
    return lambda row: sde.modality_gap(*row.mapped(*pairs())) if row.moves else as_they_are()


def gap_of(embeddings: sde.EmbeddingSet, treatment: sde.Treatment) -> float:
    """Return the modality gap of the pairs of a set as a treatment maps them."""
    return sde.modality_gap(*treatment.mapped(*embeddings.paired()))


def in_order(rows: Sequence[RecallRow]) -> list[RecallRow]:
    """Return the rows in the order of the table, raw first."""
    order = {name: i for i, name in enumerate(sde.comparison_names())}
    return sorted(rows, key=lambda row: order[row.name])
