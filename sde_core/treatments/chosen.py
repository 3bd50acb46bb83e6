"""Settings of a baseline chosen on held-out pairs of its reference: the rest fits, the held-out ones ask."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_paired_matrices
from sde_core.retrieval.sides import first_right_places
from sde_core.retrieval.twins import twin_classes
from sde_core.treatments.sweep import Setting, SettingSweep
from sde_core.treatments.treatment import Treatment
from sde_core.vocabulary import KS

Paired: TypeAlias = tuple[MatrixLike, MatrixLike]
Tensors: TypeAlias = tuple[Tensor, Tensor]

FEWEST = 40
"""Held-out pairs that choose anything."""
_MOST_ASKING = 1_000
_MOST_FITTED = 10_000
_SHARE = 0.25


def held_out_pairs(paired: Paired, *, seed: int = 0) -> tuple[Tensors, Tensors] | None:
    """Return pairs to fit on and pairs that ask: a seeded quarter, pairs of one text or one image on one side.

    At most 10,000 pairs fit and 1,000 ask.

    Args:
        paired: (m, d) images and (m, d) texts of the reference, row by row.
        seed: of the draw.

    Returns:
        Both parts, or None where fewer than `FEWEST` pairs would ask.

    Raises:
        DataError: not finite matrices of one shape.
    """
    image, text = as_paired_matrices(*paired)
    text = text.to(image.device)
    generator = torch.Generator().manual_seed(seed)
    groups = _groups(image, text)
    names = torch.unique(groups)
    drawn = names[torch.randperm(len(names), generator=generator)[: int(_SHARE * len(names))]]
    asks = torch.isin(groups, drawn)
    parts = []
    for rows, most in ((~asks, _MOST_FITTED), (asks, _MOST_ASKING)):
        places = rows.nonzero()[:, 0]
        places = places[torch.randperm(len(places), generator=generator)[:most]].sort().values
        parts.append((image[places.to(image.device)], text[places.to(image.device)]))
    return (parts[0], parts[1]) if len(parts[1][0]) >= FEWEST and len(parts[0][0]) else None


def choose_setting(
    fit: Callable[[Setting], Treatment], settings: Sequence[Setting], asking: Tensors, *, n_fitted: int
) -> SettingSweep:
    """Return how well each setting finds held-out pairs; the best is taken.

    Args:
        fit: a setting -> the treatment, fitted on the other pairs.
        settings: at least one, from the one that changes least.
        asking: (k, d) images and (k, d) texts that nothing was fitted on, row by row.
        n_fitted: pairs that ``fit`` uses.

    Source: docs/method.md, section 7.
    """
    recalls = tuple(_mean_recall(fit(setting), asking) for setting in settings)
    best = max(range(len(recalls)), key=lambda place: (recalls[place], -place))
    return SettingSweep(
        settings=tuple(settings), recalls=recalls, chosen=best, n_fitted=n_fitted, n_asking=len(asking[0])
    )


def _mean_recall(treatment: Treatment, asking: Tensors) -> float:
    image, text = treatment.mapped(*asking)
    of_text, of_image = first_right_places(image, text, torch.arange(len(image)), score=treatment.score)
    # The recalls of `retrieval_metrics`, where every query has its answer.
    values = [float(first.share_within(k).mean()) for first in (of_image, of_text) for k in KS]
    return sum(values) / len(values)


def _groups(image: Tensor, text: Tensor) -> Tensor:
    """Return a number for each pair, the same where pairs hang together by equal texts or equal images."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    m = len(image)
    sides = [twin_classes(x.float().contiguous()).cpu().numpy() for x in (image, text)]
    graph = coo_array((np.ones(m), (sides[0], m + sides[1])), shape=(2 * m, 2 * m))
    _, label = connected_components(graph)
    return torch.from_numpy(label[sides[0]].astype(np.int64))
