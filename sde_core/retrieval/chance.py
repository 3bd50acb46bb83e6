"""What a ranking in any order reaches."""

from collections.abc import Iterable

import numpy as np


def chance_recall(n_relevant: Iterable[int], n_gallery: int, k: int) -> float:
    """Return the mean recall at k of queries whose answers stand in any order, all orders equally likely.

    A query with r right answers among N finds one in the first k with 1 - C(N - r, k) / C(N, k), which is
    1 - prod over i < r of (N - k - i) / (N - i).

    Args:
        n_relevant: right answers of each query, each at least 1 and at most ``n_gallery``.
        n_gallery: items that are ranked.
        k: cut-off, at least 1.

    >>> chance_recall([1, 2], n_gallery=4, k=2)
    0.6666666666666667
    """
    kinds, counts = np.unique(np.fromiter(n_relevant, np.int64), return_counts=True)
    steps = np.arange(kinds.max(initial=0))
    passed = np.cumprod(np.maximum(n_gallery - k - steps, 0) / (n_gallery - steps))
    return 1.0 - float(np.dot(passed[kinds - 1], counts)) / int(counts.sum())
