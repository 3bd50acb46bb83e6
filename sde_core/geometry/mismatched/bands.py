"""What strong, weak and noise directions give to the cosine of each pair."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import DataError
from sde_core.retrieval.links import as_links
from sde_core.vocabulary import BANDS

_BLOCK_ROWS = 8_192


def pair_cosines_by_band(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike | None,
    basis: Float[Tensor, "d r"],
    labels: Int[Tensor, " k"],
) -> Float[Tensor, "l 3"]:
    """Return the parts of each pair's cosine in strong, weak and noise directions; a row adds up to the cosine.

    Args:
        image: (n_images, d) rows, none of zeros.
        text: (n_texts, d) rows, none of zeros.
        text_to_image: as in `pair_scores`.
        basis: (d, r) orthonormal columns; what lies outside of them counts as noise.
        labels: (r,) 0 strong, 1 weak, 2 noise, such as `Partition.labels`.

    Raises:
        DataError: other widths, rows of zeros, or not one label a column.

    Source: docs/method.md, equation (6.28), of one pair.
    """
    x, y = unit_rows(image, "image"), unit_rows(text, "text")
    if not x.shape[1] == y.shape[1] == len(basis) or labels.shape != basis.shape[1:]:
        raise DataError(
            f"image, text and basis must have one width, and basis a label a column; got {tuple(x.shape)}, "
            f"{tuple(y.shape)}, {tuple(basis.shape)} and {tuple(labels.shape)}"
        )
    links = as_links(text_to_image, len(y), len(x))
    turns = basis.double().cpu()
    found = torch.empty(len(links), len(BANDS), dtype=torch.float64)
    for start in range(0, len(links), _BLOCK_ROWS):
        texts, images = torch.from_numpy(links[start : start + _BLOCK_ROWS].T.copy())
        a, b = x[images].cpu().double(), y[texts].cpu().double()
        along = (a @ turns) * (b @ turns)
        parts = torch.stack([along[:, labels == band].sum(dim=1) for band in range(len(BANDS) - 1)], dim=1)
        rest = (a * b).sum(dim=1) - parts.sum(dim=1)
        found[start : start + len(parts)] = torch.cat([parts, rest[:, None]], dim=1)
    return found
