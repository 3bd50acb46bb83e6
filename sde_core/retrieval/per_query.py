"""From counts per link to places and average precision per query, with ties in random order."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sde_core.retrieval.both_ways import Counts
from sde_core.retrieval.places import FirstPlaces, harmonic_between
from sde_core.retrieval.twins import with_twins


def first_places(links: Int[Tensor, "l 2"], counts: Counts, n_queries: int) -> FirstPlaces:
    """Return where the first right item of each query stands.

    Args:
        links: (l, 2) of (query, item), ordered by query.
        counts: of the wrong items above and beside each link.
        n_queries: q.
    """
    query, (above, tied) = links[:, 0], _tensors(counts)
    is_top = _is_top(query, above, tied, n_queries)
    right = torch.bincount(query[is_top], minlength=n_queries)
    best = torch.zeros(2, n_queries, dtype=torch.int64)
    best[:, query[is_top]] = torch.stack([above, tied])[:, is_top]
    return FirstPlaces(above=best[0], tied_wrong=best[1], tied_right=right)


def any_twin_places(
    links: Int[Tensor, "l 2"], counts: Counts, places: FirstPlaces, classes: Int[Tensor, " g"]
) -> FirstPlaces:
    """Return where the first item stands that is right or equals a right one; equal items score the same.

    Args:
        links: as in `first_places`.
        counts: of `first_places`.
        places: its result.
        classes: of `twin_classes` of the gallery.
    """
    n_queries = len(places.above)
    is_top = _is_top(links[:, 0], *_tensors(counts), n_queries)
    right = torch.bincount(with_twins(links[is_top], classes)[:, 0], minlength=n_queries)
    wrong = places.tied_wrong - (right - places.tied_right)
    return FirstPlaces(above=places.above, tied_wrong=wrong.clamp(min=0), tied_right=right)


def average_precision(
    links: Int[Tensor, "l 2"], counts: Counts, n_relevant: Int[Tensor, " q"]
) -> Float[Tensor, " q"]:
    """Return (q,) mAP@R of single queries, the mean over all orders of their ties; NaN without a right item.

    A tie of t items, r of them right, behind b right and a wrong ones holds a right item at its p-th place with
    chance r / t; before that one stand b + (p - 1)(r - 1) / (t - 1) right ones on average.

    Args:
        links: (l, 2) of (query, item), ordered by query.
        counts: of the wrong items above and beside each link.
        n_relevant: (q,) number R of right items.

    Source: docs/method.md, equation (6.17).
    """
    query, (above, tied) = links[:, 0], _tensors(counts)
    order = _by_place(query, above, tied)
    query, above, tied = query[order], above[order], tied[order]
    place = torch.arange(len(query)) - torch.searchsorted(query, query)  # right ones before it, or beside it
    new = torch.ones(len(query), dtype=torch.bool)
    new[1:] = (
        (query[1:] != query[:-1]) | (above[1:] != above[:-1]) | (tied[1:] != tied[:-1]) | (tied[1:] == 0)
    )
    head = new.nonzero()[:, 0]
    right = torch.diff(head, append=torch.tensor([len(query)]))
    query, wrong_before, size, before = query[head], above[head], tied[head] + right, place[head]
    start = wrong_before + before
    taken = torch.minimum(size, n_relevant[query] - start).clamp(min=0)  # places of the tie in the first R
    slope = (right - 1).double() / (size - 1).clamp(min=1)
    # Sum of (before + 1 + slope (p - 1)) / (start + p) over the places p that are taken.
    many = slope * taken + (before + 1 - slope * (start + 1)) * harmonic_between(start, start + taken)
    total = torch.where(taken == 1, (before + 1).double() / (start + 1), many) * right / size
    found = torch.zeros(len(n_relevant), dtype=torch.float64).index_add_(0, query, total)
    return found / n_relevant


def _tensors(counts: Counts) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(counts.above), torch.from_numpy(counts.tied)


def _by_place(query: Tensor, above: Tensor, tied: Tensor) -> Tensor:
    # Of two with as many above, the one without a tie scores higher: the other's tie lies below it.
    order = tied.argsort(stable=True)
    order = order[above[order].argsort(stable=True)]
    return order[query[order].argsort(stable=True)]


def _is_top(query: Tensor, above: Tensor, tied: Tensor, n_queries: int) -> Tensor:
    """Return (l,) links that share the best score of their query."""
    order = _by_place(query, above, tied)
    ordered = query[order]
    first = torch.ones(len(order), dtype=torch.bool)
    first[1:] = ordered[1:] != ordered[:-1]
    best = torch.zeros(n_queries, dtype=torch.int64)
    best[ordered[first]] = order[first]
    of = best[query]
    return (above == above[of]) & (tied == tied[of])
