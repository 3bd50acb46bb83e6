"""Subspaces, neighbours and dimension of a set of embeddings (docs/method.md, section 6)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.sphere import unit_rows
from sde_core.checks.vectors import as_vector
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.ranking import BLOCK_ENTRIES, Score, cosine_score
from sde_core.spectra.eigen import singular_values
from sde_core.vocabulary import Direction, as_direction

# Columns of a basis are orthonormal to this: float32 bases of a few thousand rows pass.
_ORTHONORMAL = 1e-4
# Points whose neighbours are looked up for the intrinsic dimension; its relative error is about 1/sqrt of it.
TWO_NN_POINTS = 2_048


def subspace_overlap(first: MatrixLike, second: MatrixLike) -> float:
    """Return ||V_a^T V_b||_F² / k: 1 if one subspace holds the other, 0 if they are orthogonal.

    Depends on the two subspaces only, not on signs or rotations of their bases. Two random subspaces of
    dimensions k and l in n dimensions overlap by max(k, l) / n on average.

    Args:
        first: (n, k) orthonormal columns.
        second: (n, l) orthonormal columns; the smaller of k and l is what is divided by.

    Raises:
        DataError: not finite, other numbers of rows, or columns that are not orthonormal.

    Source: docs/method.md, equation (6.18).

    >>> import torch
    >>> subspace_overlap(torch.eye(4)[:, :2], torch.eye(4)[:, 1:3])
    0.5
    """
    a, b = _bases(first, second)
    return float((a.T @ b).square().sum()) / min(a.shape[1], b.shape[1])


def principal_angles(first: MatrixLike, second: MatrixLike) -> Float[Tensor, " k"]:
    """Return the principal angles between two subspaces, ascending; accurate for small angles too.

    Angles below 45° are read from their sines: the cosine of 1e-9 is 1 in float64.

    Args:
        first: (n, k) orthonormal columns.
        second: (n, l) orthonormal columns.

    Returns:
        (min(k, l),) float64 angles in [0, pi/2]; radians.

    Raises:
        DataError: as in `subspace_overlap`.

    Source: docs/method.md, equation (6.19); Bjorck and Golub 1973.
    """
    a, b = _bases(first, second)
    if a.shape[1] < b.shape[1]:
        a, b = b, a
    inner = a.T @ b
    cosines = singular_values(inner).clamp(0, 1)
    sines = singular_values(b - a @ inner).flip(0).clamp(0, 1)  # ascending, like the angles
    return torch.where(cosines.square() >= 0.5, sines.asin(), cosines.acos())


def k_occurrence(
    image: MatrixLike,
    text: MatrixLike,
    *,
    direction: Direction | str = Direction.TEXT_RETRIEVAL,
    k: int = 10,
    score: Score = cosine_score,
) -> Tensor:
    """Return how many queries have each gallery item among their k best; the counts add up to k queries.

    A few items that are everybody's neighbour (hubs) spoil retrieval; `hubness` is one number for it.
    Ties at the k-th place are broken by no stated rule. Scores are float32, in blocks of bounded memory.

    Args:
        image: (n_images, d) image embeddings, no zero row.
        text: (n_texts, d) text embeddings, no zero row.
        direction: "text_retrieval" counts texts found by images, "image_retrieval" images found by texts.
        k: neighbours per query, at most the number of gallery items.
        score: as in `retrieval_metrics`.

    Returns:
        (n_gallery,) int64 counts, on the CPU.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: ``k`` or ``direction`` is out of range.

    Source: docs/method.md, equation (6.20); Radovanovic et al. 2010.
    """
    way = as_direction(direction)
    images, texts = unit_rows(image, "image"), unit_rows(text, "text")
    if images.shape[1] != texts.shape[1]:
        raise DataError(
            f"image and text must have the same width; got {images.shape[1]} and {texts.shape[1]}"
        )
    texts = texts.to(images.device)
    queries, gallery = (images, texts) if way is Direction.TEXT_RETRIEVAL else (texts, images)
    if not 1 <= k <= len(gallery):
        raise ConfigError(f"k must lie in [1, {len(gallery)}], the size of the gallery; got {k}")
    block_score = score(gallery, way)
    counts = torch.zeros(len(gallery), dtype=torch.int64, device=images.device)
    for block in torch.split(queries, max(1, BLOCK_ENTRIES // len(gallery))):
        best = block_score(block).topk(k, dim=1).indices.flatten()
        counts += torch.bincount(best, minlength=len(gallery))
    return counts.cpu()


def neighbourhood_overlap(first: MatrixLike, second: MatrixLike) -> Float[Tensor, " m"]:
    """Return, for each row, the share of its k nearest neighbours that it keeps in another space.

    The spaces may differ in width: only which rows are near which is compared. Neighbours drawn at random, out of the
    m - 1 others, overlap by k / (m - 1) on average. The mean over rows is the mutual k-NN measure.

    Args:
        first: (m, k) whole numbers, the k nearest rows of each row in the first space, in any order.
        second: (m, k) the same of the second space.

    Returns:
        (m,) float64 in [0, 1], on the CPU.

    Raises:
        DataError: not two tables of whole numbers of one shape, or a row that names a neighbour twice.

    Source: docs/method.md, equation (6.29); Huh et al. 2024.

    >>> neighbourhood_overlap([[1, 2], [0, 2]], [[2, 1], [2, 3]]).tolist()
    [1.0, 0.5]
    """
    tables = [torch.as_tensor(table).cpu() for table in (first, second)]
    for name, table in zip(("first", "second"), tables, strict=True):
        if table.ndim != 2 or table.is_floating_point() or 0 in table.shape:
            raise DataError(
                f"{name} must be a table (rows, neighbours) of whole numbers; "
                f"got shape {tuple(table.shape)} and dtype {table.dtype}"
            )
        ordered = table.sort(dim=1).values
        twice = (ordered[:, 1:] == ordered[:, :-1]).any(dim=1).nonzero()
        if len(twice):
            raise DataError(f"{name} must name each neighbour once; row {int(twice[0])} names one twice")
    a, b = tables
    if a.shape != b.shape:
        raise DataError(
            f"first and second must have the same shape; got {tuple(a.shape)} and {tuple(b.shape)}"
        )
    rows = max(1, BLOCK_ENTRIES // a.shape[1] ** 2)
    blocks = zip(torch.split(a, rows), torch.split(b, rows), strict=True)
    shared = [(x[:, :, None] == y[:, None, :]).sum(dim=(1, 2)) for x, y in blocks]
    return torch.cat(shared).double() / a.shape[1]


def hubness(occurrence: MatrixLike) -> float:
    """Return the skewness of the k-occurrence: 0 if no item is favoured, well above 1 with hubs.

    Args:
        occurrence: (g,) counts from `k_occurrence`.

    Raises:
        DataError: not a vector of finite numbers.

    Source: docs/method.md, equation (6.20).

    >>> round(hubness([0, 0, 0, 4]), 4), hubness([1, 1, 1, 1])
    (1.1547, 0.0)
    """
    counts = as_vector(occurrence, "occurrence")
    if len(counts) == 0:
        raise DataError("occurrence must have at least one item; got none")
    deviation = counts - counts.mean()
    spread = float(deviation.square().mean().sqrt())
    return float(deviation.pow(3).mean()) / spread**3 if spread > 0 else 0.0


def two_nn_dimension(
    x: MatrixLike, *, points: int = TWO_NN_POINTS, discard: float = 0.1, seed: int = 0
) -> float:
    """Return the intrinsic dimension by TwoNN: from the ratio of second to first neighbour distance.

    Unchanged by rotation, shift and scale. Neighbours are searched among all rows; with more than
    ``points`` rows the ratios of a seeded sample of them are taken. Rows with an exact duplicate have no
    ratio and are left out. Cost O(points m n).

    Args:
        x: (m, n) features; Euclidean distances between rows as they are.
        points: how many rows give a ratio.
        discard: share of the largest ratios left out of the fit, in [0, 1).
        seed: of the sample.

    Returns:
        float: dimension; NaN with fewer than two ratios left, or if all of them are 1.

    Raises:
        DataError: not a finite matrix.
        ConfigError: ``points`` is below 3 or ``discard`` outside [0, 1).

    Source: docs/method.md, equation (6.21); Facco et al. 2017.
    """
    if points < 3:
        raise ConfigError(f"points must be at least 3; got {points}")
    if not 0.0 <= discard < 1.0:
        raise ConfigError(f"discard must lie in [0, 1); got {discard}")
    rows = as_matrix(x, "x").double()
    rows = rows - rows.mean(dim=0)
    chosen = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[:points]
    first, second = _two_nearest(rows, chosen.to(rows.device))
    log_ratio = (second / first)[first > 0].log().sort().values
    kept = log_ratio[: int(len(log_ratio) * (1 - discard))]
    below = torch.arange(1, len(kept) + 1, dtype=torch.float64, device=rows.device) / max(1, len(log_ratio))
    kept, below = kept[below < 1], below[below < 1]
    size = float(kept.square().sum())
    return float(kept @ -(1 - below).log()) / size if len(kept) > 1 and size > 0 else math.nan


def _two_nearest(rows: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the (p,) distances from the chosen rows to their nearest and second nearest other row."""
    if len(rows) < 3:
        empty = rows.new_empty(0)
        return empty, empty
    squares = rows.square().sum(dim=1)
    found = []
    for block in torch.split(chosen, max(1, BLOCK_ENTRIES // len(rows))):
        apart = squares - 2 * (rows[block] @ rows.T)  # plus a constant per row: the order is right
        apart[torch.arange(len(block)), block] = torch.inf
        # The expanded square loses digits for close rows: a few candidates, then exact differences.
        near = apart.topk(min(8, len(rows) - 1), dim=1, largest=False).indices
        exact = torch.linalg.vector_norm(rows[near] - rows[block][:, None], dim=2)
        found.append(exact.topk(2, dim=1, largest=False).values)
    both = torch.cat(found)
    return both[:, 0], both[:, 1]


def _bases(first: MatrixLike, second: MatrixLike) -> tuple[Tensor, Tensor]:
    a = as_matrix(first, "first").double()
    b = as_matrix(second, "second").to(a.device).double()
    if len(a) != len(b):
        raise DataError(f"first and second must have the same number of rows; got {len(a)} and {len(b)}")
    for name, basis in (("first", a), ("second", b)):
        off = float((basis.T @ basis - torch.eye(basis.shape[1]).to(basis)).abs().max())
        if off > _ORTHONORMAL:
            raise DataError(f"{name} must have orthonormal columns; got V^T V off by {off:.2g}")
    return a, b
