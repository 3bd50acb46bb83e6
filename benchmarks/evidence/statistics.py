"""Paired differences between two methods, their intervals and p-values, and Holm's correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.evidence.evaluation import KS, Hits
from sde_core.retrieval.links import Ints

DRAWS = 5_000
_BLOCK = 250

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference of scores in points.

    Attributes:
        estimate: mean over seeds.
        low: lower end of the 95 % interval.
        high: upper end.
        p: two-sided, uncorrected.
        by_seed: of each seed.
    """

    estimate: float
    low: float
    high: float
    p: float
    by_seed: tuple[float, ...]


def difference(
    first: Sequence[Hits], second: Sequence[Hits], clusters: tuple[Ints, Ints], *, seed: int = 0
) -> Difference:
    """Return how far ``first`` is ahead of ``second``; seeds and clusters of queries are drawn again together.

    Args:
        first: hits of one method, a seed each.
        second: hits of the other on the same queries and seeds.
        clusters: number of each picture query's cluster, and of each caption query's.
        seed: of the draws.
    """
    sums = np.stack([_cluster_sums(a, b, clusters) for a, b in zip(first, second, strict=True)])  # (s, w, c)
    counts = _counts(clusters, sums.shape[2])  # (w, c)
    ways = counts.sum(axis=1) > 0
    sums, counts = sums[:, ways], counts[ways]
    by_seed = (sums.sum(axis=2) / counts.sum(axis=1)).mean(axis=1)
    drawn = _drawn(sums, counts, np.random.default_rng(seed))
    low, high = np.quantile(drawn, (0.025, 0.975))
    tail = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    return Difference(
        estimate=100 * float(by_seed.mean()),
        low=100 * float(low),
        high=100 * float(high),
        p=min(1.0, 2 * (tail + 1) / (DRAWS + 1)),
        by_seed=tuple(100 * by_seed),
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return Holm's corrected p-values of a family.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    found: dict[str, float] = {}
    worst = 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, (len(p_values) - place) * p))
        found[name] = worst
    return found


def _cluster_sums(first: Hits, second: Hits, clusters: tuple[Ints, Ints]) -> Floats:
    """Return (2, c) the sum of score differences in each cluster, picture queries first."""
    n = 1 + max(int(x.max()) for x in clusters if len(x))
    ways = ((first.image, second.image), (first.text, second.text))
    return np.stack(
        [
            np.bincount(numbers, weights=(a.astype(float) - b) / len(KS), minlength=n)
            for (a, b), numbers in zip(ways, clusters, strict=True)
        ]
    )


def _counts(clusters: tuple[Ints, Ints], n: int) -> Floats:
    return np.stack([np.bincount(numbers, minlength=n) for numbers in clusters]).astype(float)


def _drawn(sums: Floats, counts: Floats, generator: np.random.Generator) -> Floats:
    """Return (DRAWS,) the mean difference over seeds and clusters drawn with replacement."""
    n_seeds, _, n_clusters = sums.shape
    some = counts.sum(axis=0) > 0
    sums, counts, n_clusters = sums[:, :, some], counts[:, some], int(some.sum())
    found = []
    for start in range(0, DRAWS, _BLOCK):
        size = min(_BLOCK, DRAWS - start)
        seeds = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=size) / n_seeds
        weights = generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=size)
        # (size, w): the same clusters for all seeds, as the same queries are asked of all.
        totals = np.einsum("bs,swc,bc->bw", seeds, sums, weights.astype(float), optimize=True)
        found.append((totals / (weights @ counts.T)).mean(axis=1))
    return np.concatenate(found)
