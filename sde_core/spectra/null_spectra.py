"""What singular values would be by chance, and how far those found would move with other rows.

Each function yields one spectrum at a time, so that a caller can show progress and stop. Which chance is asked
about differs: the spectrum of one matrix does not know its pairs, so columns are shuffled; the cross spectrum is
about nothing but pairs, so pairs are shuffled.

Source: docs/method.md, equations (1.9) to (1.11).
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix, as_paired_matrices
from sde_core.errors import ConfigError
from sde_core.spectra.eigen import singular_values, symmetric_eigenvalues
from sde_core.spectra.spectrum import Center, as_center

# Sums of this many entries are held at one time for the bootstrap: 128 MiB in float64.
_GROUP_ENTRIES = 1 << 24
_FEWEST_GROUPS, _MOST_GROUPS = 32, 256
_BLOCK_ROWS = 16_384
_PRODUCT_ROWS = 2_048


def shuffled_column_spectra(
    x: MatrixLike, *, n_shuffles: int = 19, seed: int = 0
) -> Iterator[Float[Tensor, " k"]]:
    """Yield the singular values of ``x`` with each of its columns shuffled on its own, columns centred first.

    Every column keeps its distribution and loses what it shares with the others. Products of float32 or less are
    taken in float32 and summed in float64, in blocks: values are right to 1e-6 of the largest.

    Args:
        x: (m, n) features.
        n_shuffles: how many spectra.
        seed: of the shuffles.

    Yields:
        (min(m, n),) float64, descending.

    Raises:
        DataError: not a finite matrix.
        ConfigError: ``n_shuffles`` is below 1.

    Source: docs/method.md, equation (1.9); Horn 1965.
    """
    _check_count(n_shuffles, "n_shuffles")
    columns = _centred_columns(as_matrix(x, "x"))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_shuffles):
        yield _singular_values(_shuffled(columns, generator))


def shuffled_pair_spectra(
    image: MatrixLike, text: MatrixLike, *, n_shuffles: int = 19, seed: int = 0
) -> Iterator[Float[Tensor, " k"]]:
    """Yield the singular values of the cross-covariance of shuffled pairs, both sides centred first.

    Each modality stays as it is; only the pairing is lost.

    Args:
        image: (m, n) image features.
        text: (m, p) text features, row i belongs to row i of ``image``.
        n_shuffles: how many spectra.
        seed: of the shuffles.

    Yields:
        (min(n, p),) float64, descending.

    Raises:
        DataError: not finite matrices with the same number of rows.
        ConfigError: ``n_shuffles`` is below 1.

    Source: docs/method.md, equation (1.10).
    """
    _check_count(n_shuffles, "n_shuffles")
    a, b = (_centred(side) for side in as_paired_matrices(image, text, same_width=False))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_shuffles):
        order = torch.randperm(len(a), generator=generator).to(b.device)
        yield singular_values(a.T @ b[order]) / len(a)


def resampled_spectra(
    *sides: MatrixLike, center: Center = "mean", cross: bool = False, n_resamples: int = 100, seed: int = 0
) -> Iterator[Float[Tensor, " k"]]:
    """Yield singular values of bootstrap samples: of the rows of one matrix, or of pairs.

    Rows are dealt at random into groups of equal size, at most one row each, and groups are drawn: a
    resample then costs a weighted sum of their Gram matrices, whatever m is. The largest singular values of
    a resample lie above those of the matrix and the smallest below, because drawing again repeats rows: read
    the spread, not the centre.

    Args:
        sides: one (m, n) matrix; or image and text rows that are drawn in pairs.
        center: "mean" or None, as for the spectrum; of both sides together, or of each if ``cross``.
        cross: of two sides, whether to take the cross-covariance and not the joint matrix.
        n_resamples: how many spectra.
        seed: of the groups and the draws.

    Yields:
        (n,) float64, descending; the numerical rank is not cut.

    Raises:
        DataError: not finite matrices with the same number of rows.
        ConfigError: ``n_resamples`` is below 1, or not one or two sides.

    Source: docs/method.md, equation (1.11).
    """
    _check_count(n_resamples, "n_resamples")
    center = as_center(center)
    if len(sides) not in ((2,) if cross else (1, 2)):
        raise ConfigError(f"sides must be {'two' if cross else 'one or two'} matrices; got {len(sides)}")
    if len(sides) == 2:
        rows = list(as_paired_matrices(sides[0], sides[1], same_width=not cross))
    else:
        rows = [as_matrix(sides[0], "x")]
    generator = torch.Generator().manual_seed(seed)
    products, sums, counts = _groups(rows, cross=cross, generator=generator)
    for _ in range(n_resamples):
        drawn = torch.randint(len(counts), (len(counts),), generator=generator)
        weights = torch.bincount(drawn, minlength=len(counts)).to(products)
        yield _weighted(products, sums, counts, weights, center=center, cross=cross)


def _groups(
    rows: list[Tensor], *, cross: bool, generator: torch.Generator
) -> tuple[Float[Tensor, "g n p"], list[Float[Tensor, "g n"]], Float[Tensor, " g"]]:
    """Return the products, the sums of each side and the number of rows of each group."""
    m, widths = len(rows[0]), [side.shape[1] for side in rows]
    entries = widths[0] * widths[-1]
    count = min(m, max(_FEWEST_GROUPS, min(_MOST_GROUPS, _GROUP_ENTRIES // entries)))
    order = torch.randperm(m, generator=generator)
    parts = [part.to(rows[0].device) for part in order.tensor_split(count)]
    products = torch.zeros(count, widths[0], widths[-1], dtype=torch.float64, device=rows[0].device)
    sums = [torch.zeros(count, width, dtype=torch.float64, device=rows[0].device) for width in widths]
    for g, part in enumerate(parts):
        for block in torch.split(part, _BLOCK_ROWS):
            taken = [side[block.to(side.device)].to(products) for side in rows]
            products[g] += taken[0].T @ taken[1] if cross else sum(side.T @ side for side in taken)
            for total, side in zip(sums, taken, strict=True):
                total[g] += side.sum(dim=0)
    counts = torch.tensor([len(part) for part in parts]).to(products)
    return products, sums, counts


def _weighted(
    products: Tensor, sums: list[Tensor], counts: Tensor, weights: Tensor, *, center: Center, cross: bool
) -> Float[Tensor, " k"]:
    """Return the singular values of one resample."""
    total = float(weights @ counts)
    product = torch.tensordot(weights, products, dims=1)
    means = [weights @ side / total for side in sums]
    if cross:
        middle = torch.outer(means[0], means[1]) if center == "mean" else 0.0
        return singular_values(product / total - middle)
    if center == "mean":
        mean = torch.stack(means).mean(dim=0)  # both sides have as many rows
        product = product - len(means) * total * torch.outer(mean, mean)
    return symmetric_eigenvalues((product + product.T) / 2).clamp_min(0).sqrt().flip(0)


def _check_count(count: int, name: str) -> None:
    if count < 1:
        raise ConfigError(f"{name} must be at least 1; got {count}")


def _centred(side: Tensor) -> Tensor:
    rows = side.to(torch.float64)
    return rows - rows.mean(dim=0)


def _centred_columns(matrix: Tensor) -> Float[Tensor, "n m"]:
    """Return the centred columns as rows, each in one piece; float64 where the matrix is, else float32."""
    exact = torch.float64 if matrix.dtype == torch.float64 else torch.float32
    out = torch.empty(matrix.shape[1], matrix.shape[0], dtype=exact, device=matrix.device)
    for rows in torch.split(torch.arange(len(matrix), device=matrix.device), _BLOCK_ROWS):
        out[:, rows] = matrix[rows].to(exact).T
    for column in out:
        column -= column.mean(dtype=torch.float64).to(exact)
    return out


def _shuffled(columns: Tensor, generator: torch.Generator) -> Tensor:
    # Column by column: sorting random keys for the whole matrix takes ten times as long.
    out = torch.empty_like(columns)
    for i, column in enumerate(columns):
        torch.index_select(
            column, 0, torch.randperm(len(column), generator=generator).to(column.device), out=out[i]
        )
    return out


def _singular_values(matrix: Tensor) -> Tensor:
    # `_shuffled` gives columns as rows: the smaller Gram matrix has the same values.
    n, m = matrix.shape
    if n > m:
        matrix = matrix.double()
        gram = matrix.T @ matrix
    elif matrix.dtype == torch.float64:
        gram = matrix @ matrix.T
    else:
        gram = torch.zeros(n, n, dtype=torch.float64, device=matrix.device)
        for block in torch.split(matrix, _PRODUCT_ROWS, dim=1):
            gram += block @ block.T
    return symmetric_eigenvalues(gram).clamp_min(0).sqrt().flip(0)
