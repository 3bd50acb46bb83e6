"""What every width, kind of axes and code costs in recall, beside what the spectrum predicts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import plotted
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.retrieval.bootstrap import Interval, Resampling, drawn_metrics, intervals_of
from sde_core.retrieval.ranking import BlockScore, RetrievalRanks, Score, check_ks, retrieval_ranks
from sde_core.treatments.compression.axes import AXES, Axes
from sde_core.treatments.compression.cells import Cell, Cells
from sde_core.treatments.compression.codes import BITS, CODES, Code, coded_score
from sde_core.vocabulary import DIRECTIONS, KS, Direction

HARMLESS = 0.01
"""Loss of mean recall, in [0, 1], that the recommendation lets pass where its interval reaches zero."""
_TRAP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedRetrieval(Cell):
    """One way to keep less, and what it costs.

    Attributes:
        recall: mean of the recalls, both ways, in [0, 1], with its interval over queries.
        change: that less the recall of whole vectors, paired.
        fidelity: predicted correlation of its scores with those of whole vectors.
        predicted: recall of whole vectors whose scores are blurred to that correlation; NaN with ``rescore``.
        bytes_per_million: of the codes of a million vectors.
    """

    recall: Interval
    change: Interval
    fidelity: float
    predicted: float
    bytes_per_million: int

    __repr__ = brief

    @classmethod
    def of(
        cls, cell: Cell, drawn: Tensor, before: Tensor, fidelity: float, predicted: float, how: Resampling
    ) -> Self:
        """Return the row of a way to keep less.

        Args:
            cell: the way.
            drawn: (B + 1,) mean recalls, drawn and, last, as they are.
            before: the same of whole vectors.
            fidelity: predicted correlation.
            predicted: recall.
            how: queries were drawn.
        """
        found = intervals_of({"recall": drawn, "change": drawn - before}, how)
        return cls(
            **asdict(cell),
            recall=found["recall"],
            change=found["change"],
            fidelity=fidelity,
            predicted=predicted,
            bytes_per_million=1_000_000 * math.ceil(cell.width * BITS[cell.code] / 8),
        )

    @classmethod
    def whole(cls, width: int, drawn: Tensor, how: Resampling) -> Self:
        """Return the row of whole vectors; arguments as of `of`."""
        cell = Cell(axes="own", width=width, code="float32", float_query=True, rescore=0)
        return cls.of(cell, drawn, drawn, 1.0, float(drawn[-1]), how)

    @property
    def name(self) -> str:
        """What it is called: axes, width, code, and how it is asked."""
        asked = ", float query" if self.float_query else ""
        return f"{self.axes} {self.width} {self.code}{asked}" + (
            f", best {self.rescore} again" if self.rescore else ""
        )


class CompressionTable(list[CompressedRetrieval]):
    """The rows of a table, whole vectors first."""

    __slots__ = ()

    def __repr__(self) -> str:
        return brief(self, rows=tuple(f"{row.axes}:{row.width}:{row.code}" for row in self))

    plot = plotted


def compression_table(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike,
    reference: tuple[MatrixLike, MatrixLike],
    *,
    widths: Sequence[int] | None = None,
    axes: Sequence[Axes] = AXES,
    codes: Sequence[Code] = CODES,
    rescore: int = 0,
    ks: Sequence[int] = KS,
    resampling: Resampling | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    each: Callable[[CompressedRetrieval], None] | None = None,
) -> CompressionTable:
    """Return what is lost for every width, kind of axes and code; the first row is whole vectors.

    Axes, ranges and covariances are of the reference, recalls of the other rows. Codes that are read back exactly or
    nearly so are asked by float queries alone; "1bit" both ways, and with ``rescore`` also with the best scored again.

    Args:
        image: (n_images, d) vectors that nothing is fitted on.
        text: (n_texts, d) vectors that nothing is fitted on.
        text_to_image: as in `retrieval_metrics`.
        reference: (m, d) images and (m, d) their texts.
        widths: None takes d, d / 2, d / 3 and d / 6.
        axes: out of `AXES`.
        codes: out of `CODES`.
        rescore: how many of the best are scored again by whole vectors; 0 leaves these rows out.
        ks: cut-offs of the recalls.
        resampling: of the intervals; None takes 95 %, 2,000 draws and seed 0.
        seed: of random rotations and of the blur of the prediction.
        progress: called with name, rows done and rows in all; an exception that it raises stops the work.
        each: called with every row as soon as it is measured.

    Raises:
        DataError: as in `retrieval_ranks` and `fit_axes`.
        ConfigError: a width, a kind of axes, a code, ``ks`` or ``rescore`` is out of range.

    Source: docs/decide.md.
    """
    check_ks(ks)
    d = unit_rows(image, "image").shape[1]
    cells = Cells(reference, d, widths, axes, codes, rescore, seed=seed)
    work = _Work((image, text, text_to_image), cells, ks, resampling or Resampling())
    rows = CompressionTable()

    def take(row: CompressedRetrieval) -> None:
        rows.append(row)
        if each is not None:
            each(row)

    take(work.whole())
    for done, cell in enumerate(cells):
        if progress is not None:
            progress(f"{cell.axes} {cell.width} {cell.code}", done, len(cells))
        take(work.row(cell))
    if progress is not None:
        progress("", len(cells), len(cells))
    return rows


def recommendation(rows: Sequence[CompressedRetrieval]) -> str:
    """Return, in words, the smallest row that loses nothing, the same with rescoring, and the worst trap.

    Nothing is lost where a loss of a point or less was measured and the interval reaches zero; of many rows one is
    picked after looking, so its own interval is a little too good. A trap loses ten points or more, and twice as
    much as another row of its width and code.

    Args:
        rows: of `compression_table`, the first that of whole vectors.
    """
    whole = rows[0]
    said = []
    for again in (False, True):
        best = smallest_harmless(rows, rescored=again)
        if best is not whole:
            saved = whole.bytes_per_million / best.bytes_per_million
            aside = ", whole vectors kept aside" if again else ""
            said.append(
                f"{best.name} loses nothing ({_points(best.change)}), {saved:.3g} times smaller{aside}."
            )
    if not said:
        said.append("Keep whole vectors: everything smaller loses recall.")
    trap = worst_trap(rows)
    if trap is not None:
        said.append(f"{trap.name} is a trap: {_points(trap.change)}.")
    return " ".join(said)


def smallest_harmless(rows: Sequence[CompressedRetrieval], *, rescored: bool = False) -> CompressedRetrieval:
    """Return the smallest row that loses nothing, as `recommendation` says it; whole vectors where none does.

    Args:
        rows: as of `recommendation`.
        rescored: whether among the rows that are scored again, or the others.
    """
    good = [row for row in rows if bool(row.rescore) == rescored and _is_harmless(row.change)]
    return min(good, key=lambda row: (row.bytes_per_million, -row.recall.estimate), default=rows[0])


def worst_trap(rows: Sequence[CompressedRetrieval]) -> CompressedRetrieval | None:
    """Return the row that loses most, where it is a trap as `recommendation` says it; else None."""
    trap = min(rows, key=lambda row: row.change.estimate)
    twins = [r.change.estimate for r in rows if (r.width, r.code) == (trap.width, trap.code)]
    is_trap = trap.change.estimate < -_TRAP and max(twins) > trap.change.estimate / 2
    return trap if is_trap else None


def _is_harmless(change: Interval) -> bool:
    return change.estimate >= -HARMLESS and change.high >= 0


def _points(change: Interval) -> str:
    return f"{100 * change.estimate:+z.1f} points [{100 * change.low:+z.1f}, {100 * change.high:+z.1f}]"


class _Work:
    """What all rows of the table share."""

    def __init__(
        self,
        tested: tuple[MatrixLike, MatrixLike, MatrixLike],
        cells: Cells,
        ks: Sequence[int],
        how: Resampling,
    ) -> None:
        self._tested, self._cells, self._ks, self._how = tested, cells, ks, how
        self._before = self._draws(retrieval_ranks(*tested))
        self._blurred: dict[float, float] = {}

    def whole(self) -> CompressedRetrieval:
        return CompressedRetrieval.whole(self._cells.width, self._before, self._how)

    def row(self, cell: Cell) -> CompressedRetrieval:
        onto, coder = self._cells.map(cell), self._cells.coder(cell)
        score = coded_score(onto, coder, float_query=cell.float_query, rescore=cell.rescore)
        after = self._draws(retrieval_ranks(*self._tested, score=score))
        fidelity = self._cells.fidelity(cell)
        predicted = math.nan if cell.rescore else self._predicted(fidelity)
        return CompressedRetrieval.of(cell, after, self._before, fidelity, predicted, self._how)

    def _draws(self, ranks: RetrievalRanks) -> Tensor:
        """Return the (B + 1,) mean recalls, drawn and, last, as they are."""
        values = drawn_metrics(ranks, self._ks, resampling=self._how, with_medians=False).values
        return torch.stack([values[f"{way}_recall@{k}"] for way in DIRECTIONS for k in self._ks]).mean(0)

    def _predicted(self, fidelity: float) -> float:
        key = round(fidelity, 4)
        if key not in self._blurred:
            ranks = retrieval_ranks(*self._tested, score=_blurred_score(fidelity, self._cells.seed))
            self._blurred[key] = float(self._draws(ranks)[-1])
        return self._blurred[key]


def _blurred_score(fidelity: float, seed: int) -> Score:
    """Return cosines with Gaussian noise that leaves them a correlation with themselves of ``fidelity``."""
    rho = min(1.0, max(fidelity, 1e-3))

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        numbers = torch.Generator().manual_seed(seed)

        def block(queries: Tensor) -> Tensor:
            scores = queries @ gallery.T
            noise = torch.randn(scores.shape, generator=numbers)
            return scores + noise * scores.std() * math.sqrt(1 / rho**2 - 1)

        return block

    return score
