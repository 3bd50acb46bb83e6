"""Similarities of two matrices with the same items as rows; widths may differ (docs/method.md, section 6)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_paired_matrices
from sde_core.errors import ConfigError, DataError
from sde_core.spectra.eigen import singular_values, thin_svd

State: TypeAlias = tuple[Tensor, ...]

N_NEIGHBOURS = 10
_KEPT = 0.99  # of the variance, in SVCCA
_EPS = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A similarity as what it needs of each side, and what it makes of two such: shuffles need the first only once.

    Attributes:
        name: of the field.
        prepare: (m, d) float64 -> tensors of one side.
        compare: of two sides -> the similarity, at most 1.
        square: whether the tensors have items along both axes; else along the first.
        fewest: rows that it needs.
    """

    name: str
    prepare: Callable[[Tensor], State]
    compare: Callable[[State, State], float]
    square: bool = field(default=True)
    fewest: int = 4

    def shuffled(self, side: State, order: Tensor) -> State:
        """Return a side with its items in another order."""
        return tuple(t[order][:, order] if self.square else t[order] for t in side)


def similarity(first: MatrixLike, second: MatrixLike, measure: str = "unbiased-cka") -> float:
    """Return how similar two matrices of the same items are: at most 1, reached if they differ by a rotation.

    Raw values are inflated by width and few rows; read `calibrated_similarity`.

    Args:
        first: (m, d) rows.
        second: (m, e) rows of the same items.
        measure: one of `measure_names`: "unbiased-cka" (linear, Song's HSIC), "cknna" (the same over mutual
            neighbours by cosine), "mutual-knn", "svcca" (mean canonical correlation of 99 % of the variance),
            "pwcca" (weighted by what each explains of ``first``: not symmetric), "procrustes" (nuclear norm of
            the cross product, sides of unit size), "rsa" (Spearman's of cosines between centred rows).

    Returns:
        float: NaN where a side does not vary.

    Raises:
        DataError: not finite, other numbers of rows, or too few.
        ConfigError: ``measure`` is unknown.

    Source: docs/method.md, equations (6.41) to (6.46).

    >>> import torch
    >>> x = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    >>> [round(similarity(x, 3 * x.flip(1), name), 6) for name in ("unbiased-cka", "procrustes", "svcca")]
    [1.0, 1.0, 1.0]
    """
    found = measure_of(measure)
    a, b = checked(first, second, found)
    return found.compare(found.prepare(a), found.prepare(b))


def measure_names() -> tuple[str, ...]:
    """Return the names that `similarity` knows."""
    return tuple(_MEASURES)


def measure_of(name: str) -> Measure:
    """Return a measure by name.

    Raises:
        ConfigError: it is unknown (the names are listed).
    """
    if name not in _MEASURES:
        raise ConfigError(f"measure must be one of {', '.join(_MEASURES)}; got {name!r}")
    return _MEASURES[name]


def checked(first: MatrixLike, second: MatrixLike, measure: Measure) -> tuple[Tensor, Tensor]:
    """Return both matrices in float64.

    Raises:
        DataError: not finite, other numbers of rows, or too few for the measure.
    """
    a, b = as_paired_matrices(first, second, ("first", "second"), same_width=False)
    if len(a) < measure.fewest:
        raise DataError(f"{measure.name} needs at least {measure.fewest} rows; got {len(a)}")
    return a.double(), b.to(a.device).double()


def _hsic(k: Tensor, other: Tensor) -> float:
    """Return Song's unbiased HSIC of two (m, m) kernels whose diagonals are 0; CKNNA's are not symmetric."""
    m = len(k)
    total = float((k * other.T).sum()) + float(k.sum()) * float(other.sum()) / ((m - 1) * (m - 2))
    return (total - 2 * float(k.sum(0) @ other.sum(1)) / (m - 2)) / (m * (m - 3))


def _kernel(x: Tensor) -> State:
    centred = x - x.mean(0)
    kernel = centred @ centred.T
    return (kernel.fill_diagonal_(0),)


def _cka(a: State, b: State) -> float:
    return _normalised(_hsic(a[0], b[0]), _hsic(a[0], a[0]), _hsic(b[0], b[0]))


def _neighbour_kernel(x: Tensor) -> State:
    unit = _unit(x)
    kernel = unit @ unit.T
    k = min(N_NEIGHBOURS, len(x) - 1)
    best = kernel.clone().fill_diagonal_(-torch.inf).topk(k, dim=1).indices
    return kernel.fill_diagonal_(0), torch.zeros_like(kernel).scatter_(1, best, 1.0)


def _cknna(a: State, b: State) -> float:
    both = a[1] * b[1]
    shared = _hsic(both * a[0], both * b[0])
    return _normalised(shared, *(_hsic(s[1] * s[0], s[1] * s[0]) for s in (a, b)))


def _mutual_knn(a: State, b: State) -> float:
    return float((a[1] * b[1]).sum(1).mean()) / float(a[1].sum(1).mean())


def _variates(x: Tensor) -> State:
    """Return (m, r) orthonormal columns of what holds 99 % of the variance, and their (m, r) values."""
    left, values, _ = thin_svd(x - x.mean(0))
    held = values.square().cumsum(0)
    kept = int((held < _KEPT * held[-1]).sum()) + 1 if float(held[-1]) > 0 else 0
    return left[:, :kept], left[:, :kept] * values[:kept]


def _svcca(a: State, b: State) -> float:
    if not a[0].shape[1] or not b[0].shape[1]:
        return math.nan
    return float(singular_values(a[0].T @ b[0]).clamp(0, 1).mean())


def _whole_variates(x: Tensor) -> State:
    """Return (m, r) orthonormal columns of all directions, and the (m, d) centred rows."""
    centred = x - x.mean(0)
    left, values, _ = thin_svd(centred)
    return left[:, values > _EPS * values.max()], centred


def _pwcca(a: State, b: State) -> float:
    if not a[0].shape[1] or not b[0].shape[1]:
        return math.nan
    turn, values, _ = thin_svd(a[0].T @ b[0])
    weights = ((a[0] @ turn).T @ a[1]).abs().sum(1)
    return float((weights * values.clamp(0, 1)).sum() / weights.sum())


def _sized(x: Tensor) -> State:
    """Return (m, r) centred rows of size 1, in the r directions that they fill: fewer numbers, the same values."""
    centred = x - x.mean(0)
    left, values, _ = thin_svd(centred)
    kept = values > _EPS * values.max()
    return (left[:, kept] * values[kept] / torch.linalg.vector_norm(values),)


def _procrustes(a: State, b: State) -> float:
    found = a[0].T @ b[0]
    return float(singular_values(found).sum()) if bool(torch.isfinite(found).all()) else math.nan


def _cosine_ranks(x: Tensor) -> State:
    """Return the (m, m) ranks of the cosines between centred rows, about their mean; 0 on the diagonal."""
    from scipy.stats import rankdata

    unit = _unit(x - x.mean(0))
    upper = torch.triu_indices(len(x), len(x), 1)
    ranks = torch.from_numpy(rankdata((unit @ unit.T)[upper[0], upper[1]].cpu().numpy())).to(x)
    table = x.new_zeros(len(x), len(x))
    table[upper[0], upper[1]] = ranks - ranks.mean()
    return (table + table.T,)


def _rsa(a: State, b: State) -> float:
    return _normalised(*(float((x * y).sum()) for x, y in ((a[0], b[0]), (a[0], a[0]), (b[0], b[0]))))


def _normalised(both: float, first: float, second: float) -> float:
    size = first * second
    return both / math.sqrt(size) if size > 0 else math.nan


def _unit(x: Tensor) -> Tensor:
    unit: Tensor = x / torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_min(1e-300)
    return unit


_MEASURES = {
    measure.name: measure
    for measure in (
        Measure(name="unbiased-cka", prepare=_kernel, compare=_cka),
        Measure(name="cknna", prepare=_neighbour_kernel, compare=_cknna),
        Measure(name="mutual-knn", prepare=_neighbour_kernel, compare=_mutual_knn),
        Measure(name="svcca", prepare=_variates, compare=_svcca, square=False),
        Measure(name="pwcca", prepare=_whole_variates, compare=_pwcca, square=False),
        Measure(name="procrustes", prepare=_sized, compare=_procrustes, square=False),
        Measure(name="rsa", prepare=_cosine_ranks, compare=_rsa),
    )
}
