"""Several treatments of the same test set in one table, each beside raw with paired intervals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.threads import side_by_side
from sde_core.errors import ConfigError
from sde_core.retrieval.bootstrap import DrawnMetrics, Interval, Resampling, drawn_metrics
from sde_core.retrieval.ranking import (
    BlockScore,
    RetrievalRanks,
    Score,
    check_ks,
    metrics_beside_medians,
    ranks_of,
)
from sde_core.retrieval.scores import TransductiveScore, score_for
from sde_core.retrieval.sides import UnitPairs
from sde_core.treatments.banks import is_small
from sde_core.treatments.sweep import SettingSweep
from sde_core.treatments.treatment import Treatment
from sde_core.vocabulary import DIRECTIONS, KS, Direction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedRetrieval:
    """One row of the table.

    Attributes:
        name: of the treatment.
        ranks: of every query.
        metrics: names of `retrieval_metrics` -> values.
        intervals: the same names -> interval of the value.
        differences: the same names -> this row minus the first, paired; empty for the first row.
        sweep: the settings that were tried on held-out pairs of the reference; None where nothing was chosen.
        transductive: whether the row read all queries of the test before it ranked any.
    """

    name: str
    ranks: RetrievalRanks
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    differences: dict[str, Interval]
    sweep: SettingSweep | None = None
    transductive: bool = False

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the ranks as plain values."""
        chosen = {} if self.sweep is None else {"sweep": self.sweep.as_dict()}
        return {
            "treatment": self.name,
            "transductive": self.transductive,
            "metrics": self.metrics,
            "intervals": {key: [i.low, i.high] for key, i in self.intervals.items()},
            "differences": {key: [i.estimate, i.low, i.high] for key, i in self.differences.items()},
            **chosen,
        }


class Comparison(list[ComparedRetrieval]):
    """The rows of a table, each compared with the first."""

    __slots__ = ()

    def __repr__(self) -> str:
        return brief(self, rows=tuple(row.name for row in self))

    _repr_html_ = drawn
    plot = plotted


def compare_retrieval(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike,
    treatments: Sequence[Treatment],
    *,
    ks: Sequence[int] = KS,
    resampling: Resampling | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """Return one row for each treatment, all on the same queries; differences are to the first row.

    The intervals cover the choice of queries. They do not cover the choice of the reference set, nor that the
    best of many rows is picked after looking.

    Args:
        image: (n_images, n) image embeddings that no treatment was fitted on.
        text: (n_texts, n) text embeddings that no treatment was fitted on.
        text_to_image: as in `retrieval_metrics`.
        treatments: at least one; the first is what the others are compared with.
        ks: cut-offs of the recalls.
        resampling: of the intervals; None takes 95 %, 2,000 draws and seed 0.
        progress: called with name, rows done and rows in all, before each row and at the end; an exception
            it raises stops the work.

    Raises:
        ConfigError: no treatment, or ``ks`` out of range.
        DataError: as in `retrieval_ranks`.

    Source: docs/method.md, equations (6.22) and (6.23).
    """
    report = progress or (lambda name, done, total: None)
    rows = Comparison()
    each = compared_rows(
        image, text, text_to_image, treatments, ks=ks, resampling=resampling, ahead=is_small(image, text)
    )
    for done, treatment in enumerate(treatments):
        report(treatment.name, done, len(treatments))
        rows.append(next(each))
    report("", len(treatments), len(treatments))
    return rows


def compared_rows(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike,
    treatments: Sequence[Treatment],
    *,
    raw: RetrievalRanks | DrawnMetrics | None = None,
    ks: Sequence[int] = KS,
    resampling: Resampling | None = None,
    ahead: bool = False,
) -> Iterator[ComparedRetrieval]:
    """Return the rows of `compare_retrieval` one by one, each as soon as it is measured.

    Args:
        image: (n_images, n) image embeddings that no treatment was fitted on.
        text: (n_texts, n) text embeddings that no treatment was fitted on.
        text_to_image: as in `retrieval_metrics`.
        treatments: at least one.
        raw: ranks of the same queries that every row is compared with, or what was drawn of them in the same way;
            None takes those of the first row.
        ks: cut-offs of the recalls.
        resampling: of the intervals.
        ahead: whether the next rows are computed meanwhile, one a core, which holds their vectors at once.

    Raises:
        ConfigError: no treatment, or ``ks`` out of range.
        DataError: as in `retrieval_ranks`, or ``raw`` is of other queries.
    """
    if not treatments:
        raise ConfigError("treatments must hold at least one; got none")
    check_ks(ks)
    return _rows((image, text, text_to_image), treatments, raw, ks, resampling, ahead=ahead)


def _rows(
    pairs: tuple[MatrixLike, MatrixLike, MatrixLike],
    treatments: Sequence[Treatment],
    raw: RetrievalRanks | DrawnMetrics | None,
    ks: Sequence[int],
    resampling: Resampling | None,
    *,
    ahead: bool,
) -> Iterator[ComparedRetrieval]:
    before = drawn_metrics(raw, ks, resampling=resampling) if isinstance(raw, RetrievalRanks) else raw

    # Rows that leave the vectors share them at unit length, their twins and, of few, their scores.
    several = sum(not treatment.moves for treatment in treatments) > 1
    unmoved = UnitPairs.of(*pairs, keeps_scores=True) if several else None

    def measured(treatment: Treatment) -> DrawnMetrics:
        if unmoved is not None and not treatment.moves:
            ranks = ranks_of(unmoved, treatment.score)
        else:
            ranks = treatment.ranks(*pairs)
        return drawn_metrics(ranks, ks, resampling=resampling)

    found = side_by_side(measured, treatments) if ahead else map(measured, treatments)
    for treatment, metrics in zip(treatments, found, strict=True):
        yield _row(treatment.name, metrics, before, ks, treatment.sweep, treatment.transductive)
        before = before or metrics


def compared_row(
    name: str,
    ranks: RetrievalRanks,
    *,
    raw: RetrievalRanks | DrawnMetrics | None = None,
    ks: Sequence[int] = KS,
    resampling: Resampling | None = None,
    sweep: SettingSweep | None = None,
    transductive: bool = False,
) -> ComparedRetrieval:
    """Return a row of `compare_retrieval` from ranks that are known already.

    Args:
        name: of the treatment.
        ranks: of every query under it.
        raw: ranks of the same queries that it is compared with, or what was drawn of them in the same way; None is
            nothing.
        ks: cut-offs of the recalls.
        resampling: of the intervals.
        sweep: of the treatment.
        transductive: whether the treatment reads the queries of the test.

    Raises:
        ConfigError: ``ks`` out of range.
        DataError: ``raw`` is of other queries.
    """
    before = drawn_metrics(raw, ks, resampling=resampling) if isinstance(raw, RetrievalRanks) else raw
    return _row(name, drawn_metrics(ranks, ks, resampling=resampling), before, ks, sweep, transductive)


def _row(
    name: str,
    drawn: DrawnMetrics,
    before: DrawnMetrics | None,
    ks: Sequence[int],
    sweep: SettingSweep | None,
    transductive: bool,
) -> ComparedRetrieval:
    medians = {way: float(drawn.values[f"{way}_median_rank"][-1]) for way in DIRECTIONS}
    return ComparedRetrieval(
        name=name,
        ranks=drawn.ranks,
        metrics=metrics_beside_medians(drawn.ranks, medians, ks),
        intervals=drawn.intervals(),
        differences={} if before is None else drawn.differences(before),
        sweep=sweep,
        transductive=transductive,
    )


def watched(treatment: Treatment, see: Callable[[Direction, Tensor], None]) -> Treatment:
    """Return a treatment that reports each block of scores to ``see`` before it is ranked.

    For progress, for stopping (an exception that ``see`` raises stops the work), and for what stands first.

    Args:
        treatment: fitted.
        see: called with the direction and the (b, g) scores of the next b queries, in their order; it leaves
            them as they are.
    """

    def seen(score: Score) -> Score:
        def watching(gallery: Tensor, direction: Direction) -> BlockScore:
            inner = score(gallery, direction)

            def block(queries: Tensor) -> Tensor:
                scores = inner(queries)
                see(direction, scores)
                return scores

            return block

        return watching

    score = treatment.score
    if isinstance(score, TransductiveScore):
        whole = score
        return replace(treatment, score=TransductiveScore(lambda i, t: seen(score_for(whole, i, t))))
    return replace(treatment, score=seen(score))
