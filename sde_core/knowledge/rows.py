"""Rows of one side of a set, the values that each inherits, and parts that keep near twins together."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.knowledge.accumulate import Rows
from sde_core.retrieval.links import linked_groups
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

N_PARTS = 64
"""Parts that the bootstrap draws; each holds whole groups of near twins."""


def rows_of(
    embeddings: "EmbeddingSet",
    side: Modality,
    *,
    inherit: bool,
    twins: npt.ArrayLike | None,
    seed: int,
) -> Rows:
    """Return the rows of one side; ``inherit`` gives each text the values of its images, weighing equally."""
    vectors = embeddings.vectors(side)
    m = len(vectors)
    if inherit:
        links = embeddings.links
        order = np.lexsort((links[:, 1], links[:, 0]))
        row, item = links[order, 0], links[order, 1]
        weight = 1 / np.bincount(row, minlength=m)[row]
    else:
        row = item = np.arange(m)
        weight = np.ones(m)
    groups = twin_groups(embeddings, side) if twins is None else np.asarray(twins)
    if groups.shape != (m,):
        raise DataError(f"twins must have one label for each of {m:,} rows; got shape {groups.shape}")
    _, number = np.unique(groups, return_inverse=True)
    n_groups = int(number.max()) + 1 if m else 0
    n_parts = max(1, min(N_PARTS, n_groups))
    dealt = np.random.default_rng(seed).permutation(n_groups) % n_parts
    return Rows(
        vectors=np.asarray(vectors),
        entry_row=row.astype(np.int64),
        entry_item=item.astype(np.int64),
        entry_weight=weight.astype(np.float64),
        twins=number.astype(np.int64),
        part=dealt[number].astype(np.int64),
        n_parts=n_parts,
    )


def twin_groups(embeddings: "EmbeddingSet", side: Modality) -> npt.NDArray[np.int64]:
    """Return for each row of one side the number of the group that shared captions link it to."""
    by_text, by_image = linked_groups(embeddings.links, embeddings.n_texts, embeddings.n_images)
    found: npt.NDArray[np.int64] = (by_image if side is Modality.IMAGE else by_text).numpy()
    return found
