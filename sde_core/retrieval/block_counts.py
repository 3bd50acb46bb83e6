"""What stands above and beside each right answer, from scores of any kind, a block of queries at a time."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.both_ways import Counts
from sde_core.retrieval.scores import BlockScore


def count_by_blocks(
    queries: Tensor, score: BlockScore, link_sets: Sequence[Tensor], n_gallery: int, block_entries: int
) -> list[Counts]:
    """Return counts for each set of links, all from one pass over the scores.

    Args:
        queries: (q, d) unit rows.
        score: of a block of queries against the whole gallery.
        link_sets: each (l, 2) of (query, item), ordered by query.
        n_gallery: items.
        block_entries: scores held at once; at least one row of queries is always taken.

    Returns:
        For each set, counts in the order of its links.

    Raises:
        ConfigError: ``block_entries`` is below 1.
        DataError: ``score`` returns NaN or another shape.
    """
    if block_entries < 1:
        raise ConfigError(f"block_entries must be at least 1; got {block_entries}")
    found = [Counts(*np.zeros((2, len(links)), np.int64)) for links in link_sets]
    rows = max(1, block_entries // n_gallery)
    for start in range(0, len(queries), rows):
        stop = min(start + rows, len(queries))
        ends = torch.tensor([start, stop], device=queries.device)
        spans = [slice(*torch.searchsorted(links[:, 0].contiguous(), ends).tolist()) for links in link_sets]
        if all(span.start == span.stop for span in spans):
            continue
        scores = score(queries[start:stop])
        _check_scores(scores, stop - start, n_gallery)
        scores = scores if scores.dtype == torch.float64 else scores.float()  # numpy has no bfloat16
        for counts, links, span in zip(found, link_sets, spans, strict=True):
            if span.start < span.stop:
                above, tied = _link_counts(scores, links[span, 0] - start, links[span, 1])
                counts.above[span], counts.tied[span] = above.numpy(), tied.numpy()
    return found


def _link_counts(scores: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Return (l,) wrong columns above each linked one, and equal to it; on the CPU.

    ``rows`` is ascending. One pass over the block for the first link of every row, one for the second ...
    """
    own = scores[rows, columns]
    # NaN is neither above nor equal: with relevant scores out of the way, only irrelevant ones are counted.
    scores = scores.clone()
    scores[rows, columns] = torch.nan
    above, tied = torch.empty(2, len(rows), dtype=torch.int64)
    links = torch.arange(len(rows), device=rows.device)
    place = links - torch.searchsorted(rows, rows)
    for nth in range(int(place.max()) + 1):
        some = links[place == nth]
        against = scores if len(some) == len(scores) else scores[rows[some]]
        at = some.cpu()
        above[at], tied[at] = _counts(against, own[some, None])
    return above, tied


def _counts(scores: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Return (b,) scores above ``own`` (b, 1), and those equal to it."""
    if scores.is_cpu:  # numpy counts truth values ten times faster than torch
        s, o = scores.numpy(), own.numpy()
        return torch.from_numpy(np.count_nonzero(s > o, axis=1)), torch.from_numpy(
            np.count_nonzero(s == o, axis=1)
        )
    return (scores > own).sum(dim=1).cpu(), (scores == own).sum(dim=1).cpu()


def _check_scores(scores: Tensor, n_queries: int, n_gallery: int) -> None:
    if scores.shape != (n_queries, n_gallery):
        raise DataError(
            f"score must return shape ({n_queries}, {n_gallery}), queries by gallery; "
            f"got {tuple(scores.shape)}"
        )
    if bool(scores.amax().isnan()):  # the largest of numbers with a NaN is NaN
        raise DataError("score must return numbers; got NaN")
