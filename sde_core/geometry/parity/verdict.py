"""Whether two matrices of vectors hold the same space, and if not, what was done to the second."""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.parity.figures import figures_of
from sde_core.geometry.parity.reading import Ints, Reading, read
from sde_core.geometry.parity.rows import RELATED
from sde_core.glossary.formats import percent
from sde_core.vocabulary import Modality

Floats = npt.NDArray[np.floating[Any]]
Same = Literal[
    "identical",
    "rescaled",
    "shifted",
    "rotated",
    "quantised",
    "other precision",
    "reordered",
    "broken rows",
    "truncated captions",
    "other preprocessing",
    "other checkpoint",
    "other model",
    "not enough",
]
VERDICTS: tuple[Same, ...] = get_args(Same)
"""What can be said, the harmless first."""

TOLERANCE = 1e-3
"""Distance of a row, in units of the spread of all, up to which it counts as explained."""

FEWEST = 8  # rows
_FEWEST_RELATED = 30  # rows, where no map explains them
_PRECISION = 0.02
_UNEVEN = 0.25  # sd of the log of the residuals: where preprocessing meets unlike images; chosen by trial
_TURNED = 0.95
_SURE = 0.7
_DRAWS = 200
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Whether two sets of vectors are the same space.

    Attributes:
        verdict: one of `VERDICTS`.
        detail: a clause on what was seen.
        confidence: in [0, 1]; 1 where a map explains every row, else the share of 200 draws of the rows with the same
            verdict, or, where some rows differ, the probability that most of those differ in the way that is named.
        n_rows: rows compared.
        odd_rows: rows that the map does not explain although it explains the others; the first 20.
        n_odd: how many there are.
        bits: that a rounding left, or None.
        figures: name -> number: "residual" (median distance from the map, in units of the spread), "row_cosine",
            "centred_cosine" (medians), "mean_distance" (of the means, in the same units), "scale" (spread of b over
            that of a), "spectrum_distance" (Hellinger, of the energies), "neighbours_kept" (of 10; NaN below 12 rows),
            "uneven" (sd of the log of the residuals).
    """

    verdict: Same
    detail: str
    confidence: float
    n_rows: int
    odd_rows: tuple[int, ...] = ()
    n_odd: int = 0
    bits: int | None = None
    figures: dict[str, float]

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    @property
    def is_same(self) -> bool:
        """Whether one may stand for the other as it is."""
        return self.verdict == "identical"

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        sure = "" if self.verdict == "not enough" else f"{percent(self.confidence)} sure, "
        return f"{self.verdict} ({sure}{self.n_rows:,} rows): {self.detail}."


def matrix_parity(
    first: MatrixLike,
    second: MatrixLike,
    *,
    modality: Modality | str | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> Parity:
    """Return whether two matrices hold the same space, and if not, what was most likely done to the second.

    Maps are tried from the simplest on: none, lengths, one shift, a shift before lengths were changed, one rotation
    with a scale and a shift (orthogonal Procrustes). The first that explains at least half of the rows is taken; what
    it leaves is looked at row by row. Rows that it does not explain are broken where they have nothing in common
    with their twins, else their input changed. What no map explains may be a rounding (its errors are uniform
    between two levels), a lower precision of the computation (below 2 % of the spread), another preprocessing
    (uneven over the rows), another checkpoint (even), or another model (centred cosine below 0.3). From images
    alone a strong change of their normalisation is as even as another checkpoint: `sde.parity` of sets looks at
    the texts, too. Of more than 20,000 rows a seeded sample is compared.

    Args:
        first: (m, d) vectors, the reference.
        second: (m, d) vectors of the same things in the same order; rows may be broken.
        modality: what the rows are; without it changed inputs are never called truncated captions.
        tolerance: distance of a row from a map, in units of the spread, up to which it is explained.
        seed: of the sample and of the draws.

    Raises:
        DataError: not matrices of the same shape, or fewer than two rows that differ.
        ConfigError: ``tolerance`` is not above 0.

    Source: docs/decide.md; Schönemann 1966 (Procrustes).
    """
    if not 0 < tolerance < 1:
        raise ConfigError(f"tolerance must lie in (0, 1); got {tolerance}")
    a, b = _pair(first, second)
    numbers = np.random.default_rng(seed)
    chosen = np.arange(len(a))
    if len(a) > _MOST_ROWS:
        chosen = np.sort(numbers.permutation(len(a))[:_MOST_ROWS])
    a, b = a[chosen].astype(np.float64), b[chosen].astype(np.float64)
    found = read(a, b, tolerance)
    verdict, confidence, odd = _decided(found, modality, tolerance, numbers)
    all_odd = chosen[np.sort(np.concatenate([odd, found.broken]))]
    return Parity(
        verdict=verdict,
        detail=_detail(verdict, found, len(all_odd), tolerance),
        confidence=confidence,
        n_rows=len(a),
        odd_rows=tuple(int(i) for i in all_odd[:20]),
        n_odd=len(all_odd),
        bits=found.rounding.bits if verdict == "quantised" and found.rounding else None,
        figures=figures_of(a[found.rows], b[found.rows], found.found[found.base].residuals),
    )


def _pair(first: MatrixLike, second: MatrixLike) -> tuple[Floats, Floats]:
    a, b = (np.asarray(x.detach().cpu() if hasattr(x, "detach") else x) for x in (first, second))
    for name, x in (("first", a), ("second", b)):
        if x.ndim != 2 or x.dtype.kind not in "fiu" or 0 in x.shape:
            raise DataError(
                f"{name} must be a matrix of numbers (rows, features); got shape {x.shape} and dtype {x.dtype}"
            )
    if a.shape[1] != b.shape[1]:
        raise DataError(
            f"first and second must have the same width; got {a.shape[1]} and {b.shape[1]}: "
            "vectors of other widths are never the same space"
        )
    if len(a) != len(b):
        raise DataError(
            f"first and second must have one row for each thing; got {len(a)} and {len(b)} rows: "
            "keep the rows that both have, in one order"
        )
    return a, b


def _decided(
    found: Reading, modality: Modality | str | None, tolerance: float, numbers: np.random.Generator
) -> tuple[Same, float, Ints]:
    """Return verdict, confidence, and the usable rows that are odd."""
    none = np.empty(0, np.int64)
    n = len(found.rows)
    if n < FEWEST:
        return "not enough", 1.0, none
    shares = np.array([(e.residuals <= tolerance).mean() for e in found.found])
    if min(np.median(e.residuals) for e in found.found[:-1]) <= _PRECISION:
        shares[-1] = 0.0  # nothing is left to turn, and of few rows a rotation takes noise along
    exact = np.flatnonzero((shares >= 0.5) & (shares >= shares.max() - 0.02))
    if len(exact):
        return _of_rows(found, int(exact[0]), modality, tolerance)
    if found.reordered:
        return "reordered", 1.0, none
    if found.rounding is not None:
        return ("rotated" if _is_turned(found) else "quantised"), 1.0, none
    if n < _FEWEST_RELATED:
        return "not enough", 1.0, none
    if _is_turned(found) and np.median(found.found[found.base].residuals) <= _PRECISION:
        return "rotated", 1.0, none
    cosines, residuals = found.cosines[found.unturned], found.found[found.unturned].residuals
    verdict = _of_residuals(cosines, residuals)
    if verdict == "other model" and found.geometry > _TURNED:
        return "rotated", 1.0, none
    draws = [numbers.integers(n, size=n) for _ in range(_DRAWS)]
    share = float(np.mean([_of_residuals(cosines[rows], residuals[rows]) == verdict for rows in draws]))
    return (verdict if share >= _SURE else "not enough"), share, none


def _is_turned(found: Reading) -> bool:
    return found.found[found.base].name == "rotated"


def _of_rows(
    found: Reading, number: int, modality: Modality | str | None, tolerance: float
) -> tuple[Same, float, Ints]:
    """Return the verdict where one map explains most rows."""
    chosen = found.found[number]
    odd = np.flatnonzero(chosen.residuals > tolerance)
    n_odd = len(odd) + len(found.broken)
    if not n_odd:
        if found.rounding is not None:
            return "quantised", 1.0, odd
        name = chosen.name
        return ("shifted" if name == "shifted and rescaled" else name), 1.0, odd
    unrelated = int((found.cosines[number][odd] < RELATED).sum()) + len(found.broken)
    is_broken = 2 * unrelated > n_odd
    votes = unrelated if is_broken else n_odd - unrelated
    changed: Same = "truncated captions" if modality == "text" else "other preprocessing"
    return ("broken rows" if is_broken else changed), _majority(votes, n_odd), found.rows[odd]


def _majority(votes: int, of: int) -> float:
    """Return the probability that a share is above one half after ``votes`` of ``of``, all shares being as likely."""
    from scipy.stats import beta

    return float(beta.sf(0.5, votes + 1, of - votes + 1))


def _of_residuals(cosines: Floats, residuals: Floats) -> Same:
    """Return the verdict where no map explains the rows."""
    if np.median(cosines) < RELATED:
        return "other model"
    logs = np.log(np.maximum(residuals, 1e-6 * residuals.max()))
    if logs.std() > _UNEVEN:
        return "other preprocessing"
    return "other precision" if np.median(residuals) <= _PRECISION else "other checkpoint"


def _detail(verdict: Same, found: Reading, n_odd: int, tolerance: float) -> str:
    base = found.found[found.base]
    left = float(np.median(base.residuals))
    after = "" if base.name == "identical" else f" after it was {base.name}"
    cosine = float(np.median(found.cosines[found.unturned]))
    if verdict == "identical":
        return f"every row is the same but for {base.residuals.max():.1g} of the spread"
    if verdict == "rotated" and base.name == "rotated" and left > tolerance:
        less = "" if found.rounding is None else f", a rounding to {found.rounding.words}"
        return f"one rotation leaves {left:.1g} of the spread{less}"
    if verdict == "rotated" and base.residuals.max() > tolerance:
        return f"cosines between the rows are kept (correlation {found.geometry:.3f}), coordinates are not"
    if verdict in ("rescaled", "shifted", "rotated"):
        scale = "" if math.isclose(base.factor, 1, rel_tol=1e-3) else f", lengths times {base.factor:.4g}"
        return f"{_MAPS[base.name]}{scale}, explains every row to {base.residuals.max():.1g} of the spread"
    if verdict == "quantised" and found.rounding is not None:
        return f"what is left{after}, {left:.1g} of the spread, is a rounding to {found.rounding.words}"
    if verdict == "not enough":
        return f"{len(found.rows)} rows and a centred cosine of {cosine:.2f} do not tell what was done"
    if n_odd:
        return f"{n_odd:,} of {len(found.rows) + len(found.broken):,} rows differ, the others are the same{after}"
    plain = found.found[found.unturned]
    return _WORDS[verdict].format(left=float(np.median(plain.residuals)), cosine=cosine)


_MAPS = {
    "rescaled": "another length of each row",
    "shifted": "one shift",
    "shifted and rescaled": "one shift, then another length of each row",
    "rotated": "one rotation",
}
_WORDS = {
    "reordered": "the rows of the first stand in other places of the second",
    "other precision": "every row is off by about {left:.1g} of the spread, as half precision or TF32 leave it",
    "other preprocessing": "rows changed unevenly, by {left:.2f} of the spread, centred cosine {cosine:.2f}",
    "other checkpoint": "all rows changed alike, by {left:.2f} of the spread, centred cosine {cosine:.2f}",
    "other model": "no map explains the rows, centred cosine {cosine:.2f}",
}
