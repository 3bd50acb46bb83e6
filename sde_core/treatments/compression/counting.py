"""What stands above the right item of every query, counted while a gallery goes by in blocks.

Scores are float32; what they cannot tell apart from the right item's is compared again in float64, so that equal
items tie in whatever block they stand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.sphere import unit_rows
from sde_core.geometry.projection import sample_rows
from sde_core.retrieval.bootstrap import Resampling, drawn_means
from sde_core.retrieval.links import Ints, linked_groups
from sde_core.retrieval.places import FirstPlaces
from sde_core.treatments.compression.axes import Floats
from sde_core.treatments.compression.cells import Cell, Cells
from sde_core.vocabulary import Direction, Modality

_UNIT = 2.0**-24  # rounding of float32
_SAMPLE = 2_048
"""Rows from which the spread of cosines is told."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Counted:
    """Where the first right item of every query stands.

    Attributes:
        places: of the queries.
        group: (q,) queries that share a right answer have the same number.
    """

    places: FirstPlaces
    group: Tensor

    def drawn(self, ks: Sequence[int], how: Resampling) -> Tensor:
        """Return (k, B + 1) recalls of the cut-offs, of queries as they were drawn and, last, as they are."""
        return drawn_means(torch.stack([self.places.share_within(k) for k in ks]), self.group, how)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Asked:
    """Queries of one direction, and what is right for them.

    Attributes:
        rows: (q, d) unit rows.
        kind: modality of the gallery.
        query: (p,) query of each link, links ordered by their item.
        item: (p,) its row of the gallery.
        right: (p, d) unit rows of these.
        group: (q,) as of `Counted`.
    """

    rows: Tensor
    kind: Modality
    query: Tensor
    item: Tensor
    right: Tensor
    group: Tensor

    @classmethod
    def of(cls, asking: Floats, gallery: Floats, links: Ints, rows: Ints, way: Direction) -> "Asked":
        """Return what the queries of some rows are.

        Args:
            asking: (a, d) vectors of the modality that asks, in memory or mapped.
            gallery: (g, d) of the other.
            links: (l, 2) of (row that asks, row of the gallery).
            rows: (q,) that ask, ascending.
            way: direction.
        """
        kept = links[np.isin(links[:, 0], rows)]
        query, item = np.searchsorted(rows, kept[:, 0]), kept[:, 1]
        order = np.argsort(item, kind="stable")
        query, item = query[order], item[order]
        distinct, at = np.unique(item, return_inverse=True)
        groups, _ = linked_groups(np.stack([query, at], axis=1), len(rows), len(distinct))
        return cls(
            rows=unit_rows(asking[rows], way.query),
            kind=way.gallery,
            query=torch.from_numpy(query),
            item=torch.from_numpy(item),
            right=unit_rows(gallery[distinct], f"{way.gallery}s")[torch.from_numpy(at)],
            group=groups,
        )

    @property
    def asks(self) -> Modality:
        """Modality of the queries."""
        return Modality.TEXT if self.kind is Modality.IMAGE else Modality.IMAGE

    def best(self, own: Tensor) -> Tensor:
        """Return (q,) the highest of the (p,) scores of the links of each query."""
        lowest = own.new_full((len(self.rows),), -math.inf)
        return lowest.scatter_reduce(0, self.query, own, "amax")

    def hide(self, scores: Tensor, start: int) -> Tensor:
        """Take right items out of the (q, b) scores of rows from ``start``, in place."""
        low, high = torch.searchsorted(self.item, torch.tensor([start, start + scores.shape[1]])).tolist()
        scores[self.query[low:high], self.item[low:high] - start] = -math.inf
        return scores


class Coded:
    """One way to keep less, as far as the gallery has gone by.

    Args:
        asked: the queries.
        rows: (q, k) as they are compared.
        right: (p, k) right items as they are stored.
        signs: whether both are signs, whose products are whole numbers.
        rescore: how many of the best are scored again by whole vectors.
    """

    def __init__(self, asked: Asked, rows: Tensor, right: Tensor, *, signs: bool, rescore: int = 0) -> None:
        self._asked, self._rows, self._signs = asked, rows, signs
        self._own = torch.einsum("pk,pk->p", rows[asked.query].double(), right.double())
        self._best = asked.best(self._own)
        k = rows.shape[1]
        size = float(rows.norm(dim=1).max()) * float(right.norm(dim=1).max()) + 1e-30
        # Six standard deviations of a sum of k roundings; whole numbers are not rounded.
        self._doubt = 0.5 if signs else (6 * math.sqrt(k) + 4) * _UNIT * size
        self._equal = 4 * k * np.finfo(np.float64).eps * size
        self._above, self._tied = np.zeros((2, len(rows)), np.int64)
        self._kept = _Best.none(len(rows), rescore)

    @classmethod
    def of(cls, asked: Asked, cells: Cells, cell: Cell) -> "Coded":
        """Return a way of the table before anything has gone by."""
        rows = cells.asked(asked.rows, asked.asks, cell)
        right = cells.stored(asked.right, asked.kind)(cell)
        signs = cell.code == "1bit" and not cell.float_query
        return cls(asked, rows, right, signs=signs, rescore=cell.rescore)

    def add(self, stored: Tensor, start: int) -> Tensor:
        """Count a block of the gallery, and return its (q, b) scores without those of right items.

        Args:
            stored: (b, k) rows as they are stored.
            start: number of the first.
        """
        scores = self._asked.hide(self._rows @ stored.T, start)
        self._kept = self._kept.joined(scores, start)
        found = scores.numpy()
        low, high = ((self._best + by).float().numpy()[:, None] for by in (-self._doubt, self._doubt))
        maybe = found >= low
        surely = found > high
        above, beside = (np.count_nonzero(each, axis=1) for each in (surely, maybe))
        self._above += above
        if self._signs:
            self._tied += beside - above
            return scores
        doubtful = np.flatnonzero(beside > above)
        query, item = np.nonzero(maybe[doubtful] & ~surely[doubtful])
        query = doubtful[query]
        lead = (
            np.einsum("nk,nk->n", self._rows[query].double().numpy(), stored[item].double().numpy())
            - self._best[query].numpy()
        )
        np.add.at(self._above, query[lead > self._equal], 1)
        np.add.at(self._tied, query[np.abs(lead) <= self._equal], 1)
        return scores

    def counted(self, gallery: Floats) -> Counted:
        """Return what was counted, after scoring the best again where that is asked for.

        Args:
            gallery: (g, d) whole vectors.
        """
        at_best = (self._own >= self._best[self._asked.query] - self._equal).long()
        right = torch.zeros(len(self._rows), dtype=torch.int64).scatter_add_(0, self._asked.query, at_best)
        places = FirstPlaces(
            above=torch.from_numpy(self._above), tied_wrong=torch.from_numpy(self._tied), tied_right=right
        )
        if self._kept.size:
            places = self._kept.scored_again(places, self._asked, self._own, self._best, gallery)
        return Counted(places=places, group=self._asked.group)


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """The wrong items of the highest scores so far: what is scored again."""

    size: int
    scores: Tensor  # (q, n)
    rows: Tensor  # (q, n) of the gallery

    @classmethod
    def none(cls, n_queries: int, size: int) -> "_Best":
        return cls(size, torch.empty(n_queries, 0), torch.empty(n_queries, 0, dtype=torch.int64))

    def joined(self, scores: Tensor, start: int) -> "_Best":
        if not self.size:
            return self
        # Sums of signs are whole numbers: less than one more puts equal ones in random order.
        lots = torch.rand(scores.shape, generator=torch.Generator().manual_seed(start)) / 2
        new = (scores + lots).topk(min(self.size, scores.shape[1]), dim=1)
        both = torch.cat([self.scores, new.values], dim=1)
        rows = torch.cat([self.rows, new.indices + start], dim=1)
        best = both.topk(min(self.size, both.shape[1]), dim=1)
        return _Best(self.size, best.values, rows.gather(1, best.indices))

    def scored_again(
        self, places: FirstPlaces, asked: Asked, own: Tensor, best: Tensor, gallery: Floats
    ) -> FirstPlaces:
        """Return the places where the best so many, right ones among them, are ordered by cosines."""
        above, tied, right = (each.clone() for each in (places.above, places.tied_wrong, places.tied_right))
        cosine = torch.einsum("pd,pd->p", asked.rows[asked.query].double(), asked.right.double())
        numbers = torch.Generator().manual_seed(0)
        for query in range(len(asked.rows)):
            mine = (asked.query == query).nonzero()[:, 0]
            wrong = self.scores[query][self.scores[query] > -math.inf].double()
            lots = own[mine] + torch.rand(len(mine), generator=numbers) / 2
            order = torch.cat([lots, wrong]).argsort(descending=True)[: self.size]
            of_right, of_wrong = order[order < len(mine)], order[order >= len(mine)] - len(mine)
            if not len(of_right):
                among = int((wrong[of_wrong] < best[query] + 0.5).sum())
                above[query] += among
                tied[query] -= among
                continue
            rows = unit_rows(gallery[self.rows[query][of_wrong].numpy()], "gallery").double()
            first = cosine[mine[of_right]].max()
            lead = rows @ asked.rows[query].double() - first
            above[query], tied[query] = int((lead > 1e-9).sum()), int((lead.abs() <= 1e-9).sum())
            right[query] = int((cosine[mine[of_right]] >= first - 1e-9).sum())
        return FirstPlaces(above=above, tied_wrong=tied, tied_right=right)


@dataclass(slots=True, eq=False)
class Blurred:
    """Cosines with noise that leaves them a correlation with themselves: the recall that is predicted."""

    asked: Asked
    best: Tensor  # (q,)
    spread: float  # of the noise
    above: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.above = torch.zeros(len(self.best), dtype=torch.int64)

    @classmethod
    def of(cls, asked: Asked, gallery: Floats, fidelity: float, seed: int) -> "Blurred":
        """Return the blur of one fidelity before anything has gone by; its spread is told from a sample.

        Args:
            asked: the queries.
            gallery: (g, d) vectors.
            fidelity: in (0, 1].
            seed: of the noise of the right items.
        """
        some = unit_rows(gallery[sample_rows(len(gallery), _SAMPLE)], "gallery")
        rho = min(1.0, max(fidelity, 1e-3))
        spread = float((asked.rows @ some.T).std()) * math.sqrt(1 / rho**2 - 1)
        own = torch.einsum("pd,pd->p", asked.rows[asked.query], asked.right)
        noise = torch.randn(len(own), generator=torch.Generator().manual_seed(seed))
        return cls(asked, asked.best(own + spread * noise), spread)

    def add(self, scores: Tensor, noise: Tensor) -> None:
        """Count a block of cosines (q, b), right ones taken out, with standard Gaussian noise of the same shape."""
        blurred = torch.add(scores, noise, alpha=self.spread).numpy()
        self.above += torch.from_numpy(np.count_nonzero(blurred > self.best.numpy()[:, None], axis=1))

    def counted(self) -> Counted:
        """Return what was counted; noise has no ties."""
        none = torch.zeros_like(self.above)
        return Counted(
            places=FirstPlaces(above=self.above, tied_wrong=none, tied_right=none + 1), group=self.asked.group
        )
