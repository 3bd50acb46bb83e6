"""What a similarity says beyond chance: its null by shuffled pairs, a p-value and a calibrated score."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.similarity.measures import Measure, checked, measure_of

N_PERMUTATIONS = 200
_TIE = 1e-12  # shuffled values this near to the observed one count as equal: they differ by rounding alone


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedSimilarity:
    """A similarity with its null.

    Attributes:
        measure: its name.
        value: as measured; the best or the mean where there were several layers.
        score: max(0, (value - threshold) / (1 - threshold)): 0 where it could be chance, 1 for the same space.
        p_value: (1 + shuffles that reach the value) / (1 + shuffles).
        threshold: the (1 - alpha) order statistic of the value and its shuffles.
        null_mean: mean over the shuffles.
        place: (layer of first, layer of second) of the best; None for a mean.
    """

    measure: str
    value: float
    score: float
    p_value: float
    threshold: float
    null_mean: float
    place: tuple[int, int] | None = (0, 0)

    __repr__ = brief


def calibrated_similarity(
    first: MatrixLike | Sequence[MatrixLike],
    second: MatrixLike | Sequence[MatrixLike],
    measure: str = "unbiased-cka",
    *,
    n_permutations: int = N_PERMUTATIONS,
    alpha: float = 0.05,
    aggregate: str = "max",
    seed: int = 0,
) -> CalibratedSimilarity:
    """Return a similarity with its null of shuffled pairs, p-value and calibrated score.

    Of several layers or checkpoints on a side, the best (or the mean) over all combinations is tested as such: every
    shuffle is one order for all of them, and its own best is taken, so that picking is paid for. Memory O(m²) a layer
    for all measures but svcca, pwcca and procrustes.

    Args:
        first: (m, d) rows, or several such matrices (a list or tuple).
        second: (m, e) rows of the same items, or several.
        measure: as in `similarity`.
        n_permutations: shuffles; p-values are multiples of 1 / (n_permutations + 1).
        alpha: level, in (0, 1).
        aggregate: "max" or "mean", of several.
        seed: of the shuffles.

    Raises:
        DataError: as in `similarity`, no layer, or a side that does not vary.
        ConfigError: ``measure``, ``n_permutations``, ``alpha`` or ``aggregate`` is out of range.

    Source: docs/method.md, equation (6.47); arXiv 2602.14486.

    >>> import torch
    >>> numbers = torch.Generator().manual_seed(0)
    >>> x, y = (torch.randn(60, 40, generator=numbers) for _ in range(2))
    >>> found = calibrated_similarity(x, y, "svcca", n_permutations=39)
    >>> found.value > 0.7, found.score < 0.1, calibrated_similarity(x, x, n_permutations=39).p_value
    (True, True, 0.025)
    """
    found = measure_of(measure)
    if n_permutations < 1:
        raise ConfigError(f"n_permutations must be at least 1; got {n_permutations}")
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie in (0, 1); got {alpha}")
    if aggregate not in ("max", "mean"):
        raise ConfigError(f'aggregate must be "max" or "mean"; got {aggregate!r}')
    layers = [_layers(first), _layers(second)]
    pairs = [checked(a, b, found) for a in layers[0] for b in layers[1]]
    left = [found.prepare(pairs[i * len(layers[1])][0]) for i in range(len(layers[0]))]
    right = [found.prepare(pairs[j][1]) for j in range(len(layers[1]))]

    def table(order: Tensor | None) -> Tensor:
        sides = right if order is None else [found.shuffled(side, order) for side in right]
        return torch.tensor([[found.compare(a, b) for b in sides] for a in left], dtype=torch.float64)

    observed = table(None)
    if bool(observed.isnan().any()):
        raise DataError(f"{measure} needs rows that vary on both sides")
    joined: Callable[[Tensor], float] = lambda t: float(t.max() if aggregate == "max" else t.mean())  # noqa: E731
    m, generator = len(pairs[0][0]), torch.Generator().manual_seed(seed)
    null = torch.tensor(
        [joined(table(torch.randperm(m, generator=generator))) for _ in range(n_permutations)],
        dtype=torch.float64,
    )
    best = divmod(int(observed.argmax()), observed.shape[1]) if aggregate == "max" else None
    return _calibrated(found, joined(observed), null, alpha, best)


def _layers(given: MatrixLike | Sequence[MatrixLike]) -> list[MatrixLike]:
    several = isinstance(given, list | tuple) and len(given) > 0 and getattr(given[0], "ndim", 0) == 2
    if isinstance(given, list | tuple) and not given:
        raise DataError("first and second must hold at least one matrix; got none")
    return list(given) if several else [given]  # type: ignore[arg-type,list-item]


def _calibrated(
    measure: Measure, value: float, null: Tensor, alpha: float, place: tuple[int, int] | None
) -> CalibratedSimilarity:
    k = len(null)
    ordered = torch.cat([null, null.new_tensor([value])]).sort().values
    threshold = float(ordered[min(k, max(0, math.ceil((1 - alpha) * (k + 1)) - 1))])
    return CalibratedSimilarity(
        measure=measure.name,
        value=value,
        score=min(1.0, max(0.0, (value - threshold) / max(1 - threshold, 1e-12))),
        p_value=(1 + int((null >= value - _TIE).sum())) / (k + 1),
        threshold=threshold,
        null_mean=float(null.mean()),
        place=place,
    )
