"""Which rows are near twins: linked by captions, by equal captions, by near-equal vectors, or by a column."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from sde_core.errors import DataError
from sde_core.knowledge.rows import twin_groups
from sde_core.retrieval.links import linked_groups
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

TWINS = ("captions", "links", "vectors")
"""Ways to tell twins; any other word is the name of a metadata column."""

NEARLY_EQUAL = 0.98
"""Cosine of centred vectors from which rows count as twins."""

Ints = npt.NDArray[np.int64]
_BLOCK_ENTRIES = 1 << 24


def twin_labels(embeddings: "EmbeddingSet", side: Modality, by: str | npt.ArrayLike, rows: Ints) -> Ints:
    """Return for each of ``rows`` the number of its group of near twins, from 0.

    Args:
        embeddings: a set.
        side: whose rows.
        by: "links" (shared captions), "captions" (those, and captions that are equal but for case and spaces),
            "vectors" (chains of rows whose centred vectors have a cosine of `NEARLY_EQUAL` or more), the name of a
            metadata column (of texts: of their first image), or one label a row of that side.
        rows: (s,) of that side.

    Raises:
        DataError: an unknown column, or not one label a row.
    """
    m = embeddings.n_images if side is Modality.IMAGE else embeddings.n_texts
    if not isinstance(by, str):
        labels = np.asarray(by)
        if labels.shape != (m,):
            raise DataError(f"twins must have one label for each of {m:,} rows; got shape {labels.shape}")
    elif by == "vectors":
        return _near(np.asarray(embeddings.vectors(side)[rows]))
    elif by == "captions":
        labels = _of_captions(embeddings, side)
    elif by == "links":
        labels = twin_groups(embeddings, side)
    else:
        labels = _of_column(embeddings, side, by)
    numbers: Ints = np.unique(labels[rows], return_inverse=True)[1].astype(np.int64)
    return numbers


def _of_captions(embeddings: "EmbeddingSet", side: Modality) -> Ints:
    """Return groups where equal captions are one; a text without words is only itself."""
    said = [" ".join(caption.casefold().split()) for caption in embeddings.captions]
    first: dict[str, int] = {}
    same = np.array([first.setdefault(text, i) if text else i for i, text in enumerate(said)], dtype=np.int64)
    links = embeddings.links.copy()
    if len(links):
        links[:, 0] = same[links[:, 0]]
    by_text, by_image = linked_groups(links, embeddings.n_texts, embeddings.n_images)
    found: Ints = by_image.numpy() if side is Modality.IMAGE else by_text.numpy()[same]
    return found


def _of_column(embeddings: "EmbeddingSet", side: Modality, name: str) -> npt.NDArray[np.str_]:
    """Return the column's values; a gap, and a text without an image, is only itself."""
    if name not in embeddings.metadata:
        ways = ", ".join((*TWINS, *embeddings.metadata))
        raise DataError(f"twins must be one of {ways}; got {name!r}")
    values = np.asarray(embeddings.metadata[name]).astype(str)
    if side is Modality.TEXT:
        of_texts = np.full(embeddings.n_texts, "", dtype=values.dtype)
        order = np.lexsort((embeddings.links[:, 1], embeddings.links[:, 0]))[::-1]
        of_texts[embeddings.links[order, 0]] = values[embeddings.links[order, 1]]
        values = of_texts
    alone = np.isin(values, ("", "nan", "None"))
    return np.where(alone, [f"\0{i}" for i in range(len(values))], values)


def _near(vectors: npt.NDArray[np.floating]) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    x = torch.from_numpy(vectors).double()
    x = x - x.mean(dim=0)
    x = x / torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_min(1e-300)
    one, other = [], []
    step = max(1, _BLOCK_ENTRIES // max(1, len(x)))
    for start in range(0, len(x), step):
        left, right = (x[start : start + step] @ x.T >= NEARLY_EQUAL).nonzero(as_tuple=True)
        one.append(left.numpy() + start)
        other.append(right.numpy())
    a, b = np.concatenate([*one, []]).astype(int), np.concatenate([*other, []]).astype(int)
    links = coo_array((np.ones(len(a)), (a, b)), shape=(len(x), len(x)))
    labels: Ints = connected_components(links, directed=False)[1].astype(np.int64)
    return labels
