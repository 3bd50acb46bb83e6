"""What every width, kind of axes and code costs in recall, beside what the spectrum predicts."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import plotted
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError
from sde_core.retrieval.bootstrap import Interval, Resampling, drawn_metrics
from sde_core.retrieval.ranking import BlockScore, RetrievalRanks, Score, check_ks, retrieval_ranks
from sde_core.treatments.compression.axes import AXES, Axes, CompressionMap, fit_axes
from sde_core.treatments.compression.codes import BITS, CODES, Code, Coder, coded_score, reference_rows
from sde_core.treatments.compression.prediction import predicted_fidelity
from sde_core.vocabulary import DIRECTIONS, Direction

KS = (1, 5, 10)
HARMLESS = 0.01
"""Loss of mean recall, in [0, 1], that the recommendation lets pass where its interval reaches zero."""
_TRAP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedRetrieval:
    """One way to keep less.

    Attributes:
        axes: one of `AXES`.
        width: numbers kept of each vector.
        code: one of `CODES`.
        float_query: whether queries stay float.
        rescore: how many of the best are scored again by whole vectors.
        recall: mean of the recalls, both ways, in [0, 1], with its interval over queries.
        change: that less the recall of whole vectors, paired.
        fidelity: predicted correlation of its scores with those of whole vectors.
        predicted: recall of whole vectors whose scores are blurred to that correlation; NaN with ``rescore``.
        bytes_per_million: of the codes of a million vectors.
    """

    axes: Axes
    width: int
    code: Code
    float_query: bool
    rescore: int
    recall: Interval
    change: Interval
    fidelity: float
    predicted: float
    bytes_per_million: int

    __repr__ = brief

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
        reference: (m, d) pictures and (m, d) their texts.
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
    if unknown := [c for c in codes if c not in CODES]:
        raise ConfigError(f"codes must be out of {', '.join(CODES)}; got {unknown[0]!r}")
    if rescore < 0:
        raise ConfigError(f"rescore must be at least 0; got {rescore}")
    d = unit_rows(image, "image").shape[1]
    sizes = list(widths or sorted({d, max(1, d // 2), max(1, d // 3), max(1, d // 6)}, reverse=True))
    work = _Work(image, text, text_to_image, reference, ks, resampling, seed)
    rows = CompressionTable()

    def take(row: CompressedRetrieval) -> None:
        rows.append(row)
        if each is not None:
            each(row)

    take(work.whole(d))
    cells = [(a, w, *way) for a, w in product(axes, sizes) for way in _ways(codes, rescore)]
    cells = [cell for cell in cells if cell[:4] != ("own", d, "float32", True)]
    for done, (kind, width, code, float_query, again) in enumerate(cells):
        if progress is not None:
            progress(f"{kind} {width} {code}", done, len(cells))
        take(work.row(kind, width, code, float_query, again))
    if progress is not None:
        progress("", len(cells), len(cells))
    return rows


def recommendation(rows: Sequence[CompressedRetrieval]) -> str:
    """Return in words the smallest row that loses nothing, the same with scoring again, and the worst trap.

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


def _ways(codes: Sequence[Code], rescore: int) -> Iterator[tuple[Code, bool, int]]:
    for code in codes:
        if code != "1bit":
            yield code, True, 0
            continue
        yield code, False, 0
        yield code, True, 0
        if rescore:
            yield code, False, rescore


class _Work:
    """What all rows of the table share."""

    def __init__(
        self,
        image: MatrixLike,
        text: MatrixLike,
        text_to_image: MatrixLike,
        reference: tuple[MatrixLike, MatrixLike],
        ks: Sequence[int],
        resampling: Resampling | None,
        seed: int,
    ) -> None:
        self._tested = (image, text, text_to_image)
        self._reference, self._ks, self._seed = reference, ks, seed
        self._how = resampling or Resampling()
        self._of_image, self._of_text = (
            _covariance(unit_rows(x, "reference", torch.float64)) for x in reference
        )
        self._maps: dict[tuple[Axes, int], CompressionMap] = {}
        self._before = self._draws(retrieval_ranks(*self._tested))
        self._blurred: dict[float, float] = {}

    def whole(self, width: int) -> CompressedRetrieval:
        recall = self._interval(self._before)
        none = Interval(estimate=0.0, low=0.0, high=0.0, level=self._how.level)
        return CompressedRetrieval(
            axes="own", width=width, code="float32", float_query=True, rescore=0, recall=recall, change=none,
            fidelity=1.0, predicted=recall.estimate, bytes_per_million=4_000_000 * width,
        )  # fmt: skip

    def row(self, axes: Axes, width: int, code: Code, float_query: bool, rescore: int) -> CompressedRetrieval:
        key = (axes, width)
        if key not in self._maps:
            self._maps[key] = fit_axes(*self._reference, axes, width, seed=self._seed)
        onto = self._maps[key]
        coder = Coder(code, reference_rows(onto, self._reference))
        score = coded_score(onto, coder, float_query=float_query, rescore=rescore)
        after = self._draws(retrieval_ranks(*self._tested, score=score))
        fidelity = predicted_fidelity(self._of_image, self._of_text, onto, code, float_query=float_query)
        return CompressedRetrieval(
            axes=axes,
            width=width,
            code=code,
            float_query=float_query,
            rescore=rescore,
            recall=self._interval(after),
            change=self._interval(after - self._before),
            fidelity=fidelity,
            predicted=math.nan if rescore else self._predicted(fidelity),
            bytes_per_million=1_000_000 * math.ceil(width * BITS[code] / 8),
        )

    def _draws(self, ranks: RetrievalRanks) -> Tensor:
        """Return the (B + 1,) mean recalls, drawn and, last, as they are."""
        values = drawn_metrics(ranks, self._ks, resampling=self._how, with_medians=False).values
        return torch.stack([values[f"{way}_recall@{k}"] for way in DIRECTIONS for k in self._ks]).mean(0)

    def _interval(self, drawn: Tensor) -> Interval:
        tail = (1 - self._how.level) / 2
        low, high = (float(drawn[:-1].quantile(q)) for q in (tail, 1 - tail))
        return Interval(estimate=float(drawn[-1]), low=low, high=high, level=self._how.level)

    def _predicted(self, fidelity: float) -> float:
        key = round(fidelity, 4)
        if key not in self._blurred:
            ranks = retrieval_ranks(*self._tested, score=_blurred_score(fidelity, self._seed))
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


def _covariance(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(0)
    return centred.T @ centred / len(rows)
