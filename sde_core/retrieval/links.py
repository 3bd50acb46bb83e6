"""Links of texts to pictures: (n_links, 2) of (text row, image row), grouped by picture."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.errors import DataError

Ints = npt.NDArray[np.int64]


def as_links(given: npt.ArrayLike | None, n_texts: int, n_images: int) -> Ints:
    """Return links, grouped by picture, from what a caller gives.

    Args:
        given: (n_texts,) row of each text's picture, (n_links, 2) rows of (text, image), or None for by row.
        n_texts: rows of texts.
        n_images: rows of pictures.

    Raises:
        DataError: not whole numbers, another shape, or a row that is not there.
    """
    if given is None:
        if n_texts != n_images:
            raise DataError(
                f"text_to_image must be given when counts differ; got {n_texts} texts and {n_images} images"
            )
        return np.repeat(np.arange(n_texts, dtype=np.int64)[:, None], 2, axis=1)
    index: npt.NDArray[Any] = np.asarray(given)
    if index.dtype.kind not in "iu":
        raise DataError(f"text_to_image must hold whole numbers; got dtype {index.dtype}")
    if index.ndim == 1 and len(index) == n_texts:
        index = np.stack([np.arange(n_texts), index], axis=1)
    if index.ndim != 2 or index.shape[1] != 2:
        raise DataError(
            f"text_to_image must have shape ({n_texts},) or (n_links, 2); got {tuple(index.shape)}"
        )
    for column, limit, what in ((0, n_texts, "text"), (1, n_images, "image")):
        if len(index) and not (index[:, column].min() >= 0 and index[:, column].max() < limit):
            raise DataError(
                f"text_to_image must name {what} rows from 0 to {limit - 1}; "
                f"got {index[:, column].min()} to {index[:, column].max()}"
            )
    return grouped(index.astype(np.int64))


def grouped(links: Ints) -> Ints:
    """Return the links ordered by picture; the order of a picture's captions stays."""
    return np.ascontiguousarray(links[np.argsort(links[:, 1], kind="stable")])


def linked_groups(links: Tensor, n_texts: int, n_images: int) -> tuple[Tensor, Tensor]:
    """Return the connected component of every text and of every image in the graph of links (l, 2)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    text, image = links[:, 0].numpy(), links[:, 1].numpy() + n_texts
    size = n_texts + n_images
    _, label = connected_components(coo_array((np.ones(len(links)), (text, image)), shape=(size, size)))
    component = torch.from_numpy(label.astype(np.int64))
    return component[:n_texts], component[n_texts:]


def as_link_pairs(text_to_image: MatrixLike, n_texts: int, n_images: int) -> Tensor:
    """Return (l, 2) distinct pairs (text row, image row)."""
    table = text_to_image.cpu().numpy() if isinstance(text_to_image, Tensor) else np.asarray(text_to_image)
    if table.dtype.kind not in "iu":
        raise DataError(f"text_to_image must hold row numbers; got dtype {table.dtype}")
    links = torch.from_numpy(table.astype(np.int64))  # a copy: the caller's may be read-only
    if links.ndim == 1 and len(links) == n_texts:
        links = torch.stack([torch.arange(n_texts), links], dim=1)
    elif links.ndim != 2 or links.shape[1] != 2 or len(links) == 0:
        raise DataError(
            f"text_to_image must have shape ({n_texts},) or (n_links, 2) with at least one link; "
            f"got {tuple(links.shape)}"
        )
    for column, (name, size) in enumerate((("text", n_texts), ("image", n_images))):
        wrong = ((links[:, column] < 0) | (links[:, column] >= size)).nonzero()
        if len(wrong):
            at = int(wrong[0])
            raise DataError(
                f"text_to_image must name {name} rows in [0, {size}); "
                f"got {int(links[at, column])} at entry {at}"
            )
    code = torch.unique(links[:, 0] * n_images + links[:, 1])
    return torch.stack([code // n_images, code % n_images], dim=1)
