"""What lies along a direction, and along which directions a sample lies (docs/method.md, section 6)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.vectors import as_vector
from sde_core.errors import DataError
from sde_core.spectra.spectrum import Spectrum

# Rows converted to float64 at a time: few enough for the processor's cache.
_BLOCK_ROWS = 1_024
N_BANDS = 3


def direction_coefficients(
    x: MatrixLike, basis: MatrixLike, mean: MatrixLike | None = None
) -> Float[Tensor, "m k"]:
    """Return the coordinates of every row along each direction, (x - mean) V; float64, in blocks of rows.

    Args:
        x: (m, n) rows.
        basis: (n, k) directions as columns.
        mean: (n,) taken off every row first, such as `Spectrum.mean`; None takes nothing off.

    Raises:
        DataError: not finite, or widths that do not fit.

    Source: docs/method.md, equation (6.24).

    >>> direction_coefficients([[3.0, 4.0], [0.0, 1.0]], [[0.0], [1.0]], mean=[0.0, 1.0])
    tensor([[3.],
            [0.]], dtype=torch.float64)
    """
    rows = as_matrix(x, "x")
    directions = _of_width(basis, rows, "basis")
    shift = 0.0 if mean is None else as_vector(mean, "mean").to(rows.device) @ directions
    found = torch.empty(len(rows), directions.shape[1], dtype=torch.float64, device=rows.device)
    for start in range(0, len(rows), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        found[part] = rows[part].double() @ directions - shift
    return found


def energy_shares(x: MatrixLike, spectrum: Spectrum) -> Float[Tensor, "m r"]:
    """Return which share of each row's energy lies along each direction; float32, in blocks of rows.

    The energy of a row is its squared length after the spectrum's centring. A row of the matrix behind the
    spectrum lies in its span, so its shares add up to 1; of other rows a part may lie outside. A row equal
    to the mean has no energy and is NaN. Memory O(m r).

    Args:
        x: (m, n) rows.
        spectrum: with r directions.

    Raises:
        DataError: not a finite matrix of the spectrum's width.

    Source: docs/method.md, equation (6.25).
    """
    rows = as_matrix(x, "x")
    basis = _of_width(spectrum.basis, rows, "the spectrum").float() if spectrum.rank else None
    # Stored by direction: a band is then a block of memory.
    found = torch.empty(spectrum.rank, len(rows), dtype=torch.float32, device=rows.device).T
    for start in range(0, len(rows), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        block = rows[part].double()
        size = block.square().sum(dim=1)
        if spectrum.mean is not None:
            block = block - spectrum.mean.to(rows.device)
        energy = block.square().sum(dim=1)
        # Under this share of the uncentred energy, what centring leaves is rounding.
        length = torch.where(energy > 1e-20 * size, energy, torch.nan).sqrt()
        if basis is not None:
            found[part] = ((block / length[:, None]).float() @ basis).square()
    return found


def band_shares(shares: Float[Tensor, "m r"], labels: Int[Tensor, " k"]) -> Float[Tensor, "m 3"]:
    """Return each row's energy in strong, weak and noise; every row adds up to 1.

    What lies outside the span of the spectrum counts as noise: the set has no energy there.

    Args:
        shares: (m, r) from `energy_shares`.
        labels: (r,) 0 strong, 1 weak, 2 noise, such as `Partition.labels`.

    Returns:
        (m, 3) in the dtype of ``shares``; NaN for a row without energy, and if there is no direction.

    Raises:
        DataError: one label per direction is needed.

    Source: docs/method.md, equation (6.26).

    >>> band_shares(torch.tensor([[0.5, 0.25, 0.25]]), torch.tensor([0, 1, 2]))
    tensor([[0.5000, 0.2500, 0.2500]])
    """
    if labels.shape != shares.shape[1:]:
        raise DataError(f"labels must have {shares.shape[1]} entries, one a direction; got {len(labels)}")
    # A row without energy is NaN along every direction; without directions no row has any.
    lost = (
        shares[:, 0].isnan()
        if shares.shape[1]
        else torch.ones_like(shares[:, :0].sum(dim=1), dtype=torch.bool)
    )
    strong, weak = (_rows_of(shares.T, labels == band).sum(dim=0) for band in range(N_BANDS - 1))
    # Rounding may carry two float32 sums a little beyond the whole.
    found = torch.stack([strong, weak, (1 - strong - weak).clamp_min(0)], dim=1)
    return torch.where(lost[:, None], torch.nan, found)


def _rows_of(matrix: Tensor, mask: Tensor) -> Tensor:
    """Return the rows of a mask, without a copy where they follow each other."""
    rows = mask.nonzero()[:, 0].tolist()
    if rows and rows[-1] - rows[0] + 1 == len(rows):
        return matrix[rows[0] : rows[-1] + 1]
    return matrix[mask.to(matrix.device)]


def _of_width(basis: MatrixLike, rows: Tensor, name: str) -> Tensor:
    directions = as_matrix(basis, name).to(rows.device).double()
    if len(directions) != rows.shape[1]:
        raise DataError(
            f"{name} must have {rows.shape[1]} rows, one per feature of the samples; "
            f"got shape {tuple(directions.shape)}"
        )
    return directions
