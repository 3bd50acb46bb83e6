"""Images and texts ranked in one list: what a gap between the modalities does to search."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedRanking:
    """How well texts find things in a list of which half are images and half are texts.

    Attributes:
        ndcg: NDCG@k over all queries, in [0, 1].
        ndcg_image: over the queries whose thing is in the list as an image.
        ndcg_text: over those whose thing is there as a text.
        images_first: share of images among the first k, half of the list being images.
        n_queries: texts that asked.
    """

    ndcg: float
    ndcg_image: float
    ndcg_text: float
    images_first: float
    n_queries: int

    __repr__ = brief


def mixed_ranking(
    image: MatrixLike, text: MatrixLike, query: MatrixLike, *, k: int = 10, seed: int = 0
) -> MixedRanking:
    """Return NDCG@k of text queries over one list in which each thing stands either as its image or as its text.

    Halves are drawn twice, the second the complement of the first, so that every query asks for its image once and
    for its text once. One thing is right for a query: its gain is 1 / log2(1 + rank) up to rank k; ties stand behind.

    Args:
        image: (m, d) images, no zero row.
        text: (m, d) a text of each.
        query: (m, d) another text of each, which asks.
        k: cut-off.
        seed: of the halves.

    Raises:
        DataError: not finite, a row of zeros, or other shapes.
        ConfigError: ``k`` is below 1.

    Source: docs/method.md, equation (6.40); GR-CLIP 2025.
    """
    if k < 1:
        raise ConfigError(f"k must be at least 1; got {k}")
    x, y, q = (unit_rows(z, name) for z, name in ((image, "image"), (text, "text"), (query, "query")))
    if not x.shape == y.shape == q.shape:
        raise DataError(
            f"image, text and query must have one shape; got {tuple(x.shape)}, {tuple(y.shape)}, {tuple(q.shape)}"
        )
    half = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed)) % 2 == 0
    gains, firsts = torch.zeros(2, len(x), dtype=torch.float64), []
    for as_image in (half, ~half):
        found, first = _gains(q, torch.where(as_image[:, None], x, y), as_image, k)
        gains[0, as_image], gains[1, ~as_image] = found[as_image], found[~as_image]
        firsts.append(first)
    return MixedRanking(
        ndcg=float(gains.mean()),
        ndcg_image=float(gains[0].mean()),
        ndcg_text=float(gains[1].mean()),
        images_first=sum(firsts) / 2,
        n_queries=len(x),
    )


def _gains(queries: Tensor, gallery: Tensor, as_image: Tensor, k: int) -> tuple[Tensor, float]:
    gains, images = [], 0.0
    for start in range(0, len(queries), 1024):
        scores = queries[start : start + 1024] @ gallery.T
        own = scores.diagonal(start)[:, None]
        rank = (scores >= own).sum(1).double()  # itself is one of them
        gains.append(torch.where(rank <= k, 1 / torch.log2(1 + rank), 0.0))
        best = scores.topk(min(k, len(gallery)), dim=1).indices
        images += float(as_image[best].double().mean(1).sum())
    return torch.cat(gains), images / len(queries)
