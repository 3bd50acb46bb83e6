"""How two paired modalities sit beside each other (docs/method.md, section 6)."""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix, as_paired_matrices
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError

# Rows converted to float64 at a time.
_BLOCK_ROWS = 8_192
# Rows whose pairs are all taken for the uniformity: 8.4 million pairs.
UNIFORMITY_ROWS = 4_096
# Under this share of the size of a row, the spread of a coefficient is rounding.
_CONSTANT = 1e-12


def alignment_metrics(image: MatrixLike, text: MatrixLike, *, seed: int = 0) -> dict[str, float]:
    """Return how two paired modalities sit on the sphere; rows are scaled to unit length first.

    Unchanged by one rotation applied to both and by the scale of any row. Float64, in blocks of rows;
    exact, but for the uniformity of more than 4,096 rows, which takes all pairs of a seeded sample.

    Args:
        image: (m, d) image embeddings, no zero row; a row per pair (repeat an image that has more captions).
        text: (m, d) text embeddings, row i belongs to row i of ``image``.
        seed: for the sample of the uniformity and the shuffle of the control.

    Returns:
        dict: ``cone_image`` and ``cone_text`` (mean cosine of two different rows), ``modality_gap`` (distance
            of the two means), ``paired_cosine`` with its control ``random_pair_cosine`` (mean over all
            mismatched pairs, exact), ``alignment`` (mean squared distance of a pair), ``uniformity_image``
            and ``uniformity_text``, ``linear_cka`` with its control ``linear_cka_shuffled`` (pairs
            shuffled). NaN where one row alone has no such number.

    Raises:
        DataError: not finite, a row of zeros, or different shapes.

    Source: docs/method.md, equations (6.7) to (6.11).

    >>> found = alignment_metrics([[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]])
    >>> found["paired_cosine"], found["random_pair_cosine"], found["cone_image"], found["cone_text"]
    (0.5, 0.5, 0.0, 1.0)
    """
    as_paired_matrices(image, text)
    x, y = unit_rows(image, "image", torch.float64), unit_rows(text, "text", torch.float64)
    y = y.to(x.device)
    m = len(x)
    blocks = list(zip(torch.split(x, _BLOCK_ROWS), torch.split(y, _BLOCK_ROWS), strict=True))  # views
    paired = math.fsum(float((a * b).sum()) for a, b in blocks)
    apart = math.fsum(float((a - b).square().sum()) for a, b in blocks)
    mismatched = float(x.sum(0) @ y.sum(0)) - paired
    shuffle = torch.randperm(m, generator=torch.Generator().manual_seed(seed)).to(x.device)
    scale = _gram_size(x) * _gram_size(y)
    return {
        "cone_image": _mean_cosine(x),
        "cone_text": _mean_cosine(y),
        "modality_gap": float(torch.linalg.vector_norm(x.mean(0) - y.mean(0))),
        "paired_cosine": paired / m,
        "random_pair_cosine": mismatched / (m * (m - 1)) if m > 1 else math.nan,
        "alignment": apart / m,
        "uniformity_image": uniformity(x, seed=seed),
        "uniformity_text": uniformity(y, seed=seed),
        "linear_cka": _ratio(_centred_product(x, y), scale),
        "linear_cka_shuffled": _ratio(_centred_product(x, y, shuffle), scale),
    }


def modality_gap(image: MatrixLike, text: MatrixLike) -> float:
    """Return the distance between the mean image and the mean caption, rows scaled to unit length first.

    Args:
        image: (a, d) image embeddings, no zero row.
        text: (b, d) text embeddings, no zero row; they need not be paired.

    Returns:
        float: in [0, 2]; 0 is the same place.

    Raises:
        DataError: not finite, a row of zeros, or other widths.

    Source: docs/method.md, equation (6.8); Liang et al. 2022.

    >>> modality_gap([[1.0, 0.0]], [[-3.0, 0.0]])
    2.0
    """
    x, y = unit_rows(image, "image", torch.float64), unit_rows(text, "text", torch.float64)
    if x.shape[1] != y.shape[1]:
        raise DataError(f"image and text must have the same width; got {x.shape[1]} and {y.shape[1]}")
    return float(torch.linalg.vector_norm(x.mean(0) - y.mean(0).to(x.device)))


def uniformity(x: MatrixLike, *, sample: int = UNIFORMITY_ROWS, seed: int = 0) -> float:
    """Return log mean exp(-2 ||a - b||²) over pairs of different unit rows: 0 collapsed, near -4 even.

    Args:
        x: (m, d) no zero row; rows are scaled to unit length.
        sample: rows whose pairs are all taken, at least 2; of more rows, a seeded sample without repetition.
        seed: of that sample.

    Returns:
        float: at most 0; NaN for one row.

    Raises:
        DataError: not a finite matrix, or a row of zeros in the sample.
        ConfigError: ``sample`` is below 2.

    Source: docs/method.md, equation (6.10); Wang and Isola 2020.
    """
    if sample < 2:
        raise ConfigError(f"sample must be at least 2; got {sample}")
    matrix = as_matrix(x, "x")
    if len(matrix) > sample:
        chosen = torch.randperm(len(matrix), generator=torch.Generator().manual_seed(seed))[:sample]
        matrix = matrix[chosen.to(matrix.device)]
    rows = unit_rows(matrix, "x", torch.float64)
    m = len(rows)
    if m < 2:
        return math.nan
    total = 0.0
    for start in range(0, m, 512):  # each pair once, but for those inside a block
        block = rows[start : start + 512]
        kernel = (block @ rows[start:].T).mul_(4).sub_(4).clamp_max_(0).exp_()
        kernel.diagonal().zero_()  # a row with itself is no pair
        total += 2 * float(kernel.sum()) - float(kernel[:, : len(block)].sum())
    return min(0.0, math.log(total / (m * (m - 1))))


def linear_cka(first: MatrixLike, second: MatrixLike) -> float:
    """Return linear CKA of paired rows: 1 if one side is a rotation and scaling of the other.

    ||X^T Y||_F² / (||X^T X||_F ||Y^T Y||_F) with columns centred; widths may differ. With few rows it is
    far above 0 even for unrelated rows, so read it beside a shuffled control. NaN if a side is constant.

    Args:
        first: (m, d) features.
        second: (m, e) features of the same samples.

    Raises:
        DataError: not finite matrices with the same number of rows.

    Source: docs/method.md, equation (6.11); Kornblith et al. 2019.
    """
    x, y = as_paired_matrices(first, second, ("first", "second"), same_width=False)
    return _ratio(_centred_product(x, y), _gram_size(x) * _gram_size(y))


def linear_cka_chance(first: MatrixLike, second: MatrixLike) -> float:
    """Return the mean of linear CKA over all shuffles of the pairs, exact: what unrelated rows reach.

    It is sqrt(PR_x PR_y) / (m - 1) with the participation ratios of both sides: few rows, or many directions,
    make it large. NaN if a side is constant or there is one row.

    Args:
        first: (m, d) features.
        second: (m, e) features of as many samples, in any order.

    Raises:
        DataError: not finite matrices with the same number of rows.

    Source: docs/method.md, equation (6.30).

    >>> linear_cka_chance([[1.0], [-1.0]], [[1.0], [-1.0]])
    1.0
    """
    x, y = as_paired_matrices(first, second, ("first", "second"), same_width=False)
    return _chance(len(x), _spread(x) * _spread(y), _gram_size(x) * _gram_size(y))


def linear_cka_table(
    spaces: Sequence[MatrixLike], *, progress: Callable[[int, int], object] | None = None
) -> tuple[Float[Tensor, "s s"], Float[Tensor, "s s"]]:
    """Return `linear_cka` and `linear_cka_chance` of every two of several spaces; each one's size is taken once.

    Args:
        spaces: s matrices of the same samples, (m, d) each; widths may differ.
        progress: called with the places of two spaces before they are compared.

    Returns:
        (s, s) linear CKA and (s, s) its mean over all shuffles, float64, 1 on both diagonals.

    Raises:
        DataError: not finite matrices with the same number of rows.
    """
    rows = [
        as_paired_matrices(spaces[0], x, ("spaces[0]", f"spaces[{i}]"), same_width=False)[1]
        for i, x in enumerate(spaces)
    ]
    sizes, spreads = [_gram_size(x) for x in rows], [_spread(x) for x in rows]
    found, chance = torch.eye(len(rows), dtype=torch.float64), torch.eye(len(rows), dtype=torch.float64)
    for i, j in itertools.combinations(range(len(rows)), 2):
        if progress is not None:
            progress(i, j)
        size = sizes[i] * sizes[j]
        found[i, j] = found[j, i] = _ratio(_centred_product(rows[i], rows[j]), size)
        chance[i, j] = chance[j, i] = _chance(len(rows[0]), spreads[i] * spreads[j], size)
    return found, chance


def direction_correlations(image: MatrixLike, text: MatrixLike, basis: MatrixLike) -> Float[Tensor, " r"]:
    """Return, for each direction, the correlation of paired image and text coefficients along it.

    Pearson's correlation over the pairs of the image row and the text row projected on the direction; its
    sign does not depend on the sign of the direction.

    Args:
        image: (m, n) image features.
        text: (m, n) text features, row i belongs to row i of ``image``.
        basis: (n, r) directions as columns; their length does not matter.

    Returns:
        (r,) float64 in [-1, 1]; NaN where a side does not vary.

    Raises:
        DataError: not finite, or shapes that do not fit.

    Source: docs/method.md, equation (6.12).
    """
    x, y = as_paired_matrices(image, text)
    directions = as_matrix(basis, "basis").to(x.device).double()
    if len(directions) != x.shape[1]:
        raise DataError(
            f"basis must have {x.shape[1]} rows, one per feature; got shape {tuple(directions.shape)}"
        )
    means = [z.mean(dim=0, dtype=torch.float64) for z in (x, y)]
    sums = torch.zeros(5, directions.shape[1], dtype=torch.float64, device=x.device)
    for start in range(0, len(x), _BLOCK_ROWS):
        raw = [z[start : start + _BLOCK_ROWS].to(x.device).double() for z in (x, y)]
        a, b = ((z - mean) @ directions for z, mean in zip(raw, means, strict=True))
        parts = [a * b, a.square(), b.square(), *((z @ directions).square() for z in raw)]
        sums += torch.stack([part.sum(dim=0) for part in parts])
    both, varying_x, varying_y, size_x, size_y = sums
    correlation = both / (varying_x.sqrt() * varying_y.sqrt())
    varies = (varying_x > _CONSTANT**2 * size_x) & (varying_y > _CONSTANT**2 * size_y)
    return torch.where(varies, correlation.clamp(-1, 1), torch.nan)


def _centred_product(x: Tensor, y: Tensor, order: Tensor | None = None) -> Tensor:
    """Return X^T Y of centred columns, (d, e) float64, in blocks; ``order`` (m,) permutes the rows of y."""
    x_mean, y_mean = (z.mean(dim=0, dtype=torch.float64) for z in (x, y))
    total = torch.zeros(x.shape[1], y.shape[1], dtype=torch.float64, device=x.device)
    for start in range(0, len(x), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        other = y[part] if order is None else y[order[part]]
        total.addmm_((x[part].double() - x_mean).T, (other.double() - y_mean).to(x.device))
    return total


def _gram_size(x: Tensor) -> float:
    """Return ||X^T X||_F of centred columns; 0 where only rounding is left."""
    gram = _centred_product(x, x)
    size = float(torch.linalg.matrix_norm(gram))
    whole = float(x.double().square().sum())
    return size if size > (_CONSTANT * math.sqrt(len(x))) ** 2 * whole else 0.0


def _spread(x: Tensor) -> float:
    """Return the trace of X^T X of centred columns."""
    mean = x.mean(dim=0, dtype=torch.float64)
    return math.fsum(float((block.double() - mean).square().sum()) for block in torch.split(x, _BLOCK_ROWS))


def _chance(m: int, spread: float, size: float) -> float:
    return spread / ((m - 1) * size) if size > 0 and m > 1 else math.nan


def _ratio(cross: Tensor, scale: float) -> float:
    return float(cross.square().sum()) / scale if scale > 0 else math.nan


def _mean_cosine(unit: Tensor) -> float:
    m = len(unit)
    return float(unit.sum(0).square().sum() - m) / (m * (m - 1)) if m > 1 else math.nan
