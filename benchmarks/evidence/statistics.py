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
    return _told(by_seed, drawn)


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared:
    """Two methods on one set.

    Attributes:
        first: hits of one, a seed each.
        second: hits of the other on the same queries and seeds.
        clusters: number of each picture query's cluster, and of each caption query's.
    """

    first: Sequence[Hits]
    second: Sequence[Hits]
    clusters: tuple[Ints, Ints]


def mean_difference(sets: Sequence[Compared], *, k: int = 0, seed: int = 0) -> Difference:
    """Return how far the first method is ahead on average over several sets, each of which counts once.

    Seeds are drawn again together for all sets, as a seed is one training; clusters of queries in every set by itself.

    Args:
        sets: of the same seeds in the same order.
        k: cut-off of `KS` whose recall is compared; 0 for the mean of all.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    n_seeds = len(sets[0].first)
    seeds = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=DRAWS) / n_seeds
    by_seed, drawn = [], []
    for one in sets:
        pairs = zip(one.first, one.second, strict=True)
        sums = np.stack([_cluster_sums(_at(a, k), _at(b, k), one.clusters) for a, b in pairs])
        counts = _counts(one.clusters, sums.shape[2])
        ways = counts.sum(axis=1) > 0
        sums, counts = sums[:, ways], counts[ways]
        by_seed.append((sums.sum(axis=2) / counts.sum(axis=1)).mean(axis=1))
        drawn.append(_drawn_clusters(sums, counts, seeds, generator))
    return _told(np.mean(by_seed, axis=0), np.mean(drawn, axis=0))


def _at(hits: Hits, k: int) -> Hits:
    """Return hits in which a query counts all or nothing by one cut-off; as they are for 0."""
    if not k:
        return hits
    least = len(KS) - KS.index(k)
    return Hits(*(np.where(x >= least, len(KS), 0).astype(np.uint8) for x in (hits.image, hits.text)))


def _told(by_seed: Floats, drawn: Floats) -> Difference:
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


def _drawn_clusters(sums: Floats, counts: Floats, seeds: Floats, generator: np.random.Generator) -> Floats:
    """Return (DRAWS,) the mean difference for draws of seeds, clusters drawn with replacement beside them."""
    some = counts.sum(axis=0) > 0
    sums, counts, n_clusters = sums[:, :, some], counts[:, some], int(some.sum())
    found = []
    for start in range(0, DRAWS, _BLOCK):
        part = seeds[start : start + _BLOCK]
        weights = generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=len(part))
        totals = np.einsum("bs,swc,bc->bw", part, sums, weights.astype(float), optimize=True)
        found.append((totals / (weights @ counts.T)).mean(axis=1))
    return np.concatenate(found)
