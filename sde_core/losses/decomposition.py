"""The spectrum of a batch as constants, and its singular values as a differentiable function."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sde_core.spectra.spectrum import Spectrum, _with_fixed_signs

_EPS = torch.finfo(torch.float64).eps
# Rows are of unit length in training: below this there is nothing, and slopes that grow as 1 / s end.
_SMALLEST = 1e-12
# Of a Gram matrix, whose upper half nobody reads: 5/8 of the products.
_STRIPS = 4


def decompose(rows: Tensor, mean: Tensor | None = None) -> Spectrum:
    """Return the spectrum of ``rows``, detached; no checks, no host copy, cheaper than an SVD.

    The smaller of the two Gram matrices, in float64 because squaring costs half of the digits: values
    are exact above sqrt(eps max(m, n)) s_1 (about 5e-7 s_1), and what lies below is cut, as is anything
    below 1e-12.

    Args:
        rows: (m, n) finite, any floating dtype; with ``mean`` already taken off.
        mean: (n,) to note in the result.
    """
    work = rows.detach().to(torch.float64)
    m, n = work.shape
    if m >= n:
        return decompose_gram(_lower_gram(work.T), n_samples=m, mean=mean)
    values, left = _eigen(_lower_gram(work), larger=n)
    # QR makes the columns orthonormal to rounding again, which the division by small values is not.
    basis = torch.linalg.qr((work.T @ left) / values).Q
    return _spectrum(values, basis, n_samples=m, mean=mean)


def decompose_gram(gram: Tensor, *, n_samples: int, mean: Tensor | None = None) -> Spectrum:
    """Return the spectrum behind a Gram matrix (n, n) in float64 of ``n_samples`` rows; only its lower half is read."""
    values, basis = _eigen(gram, larger=max(n_samples, len(gram)))
    return _spectrum(values, basis, n_samples=n_samples, mean=mean)


def singular_values(rows: Tensor, spectrum: Spectrum) -> Tensor:
    """Return the singular values of ``rows`` (r,) float64, differentiable in ``rows``.

    ``spectrum`` must be ``decompose(rows)``. The gradient U diag(g) V^T needs no gap between values, so
    repeated values are harmless to every function that treats them alike; values below the cut have
    none.

    Source: docs/method.md, equation (4.4).
    """
    values: Tensor = _SingularValues.apply(rows, spectrum.singular_values, spectrum.basis)
    return values


class _SingularValues(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, values: Tensor, basis: Tensor) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(rows, values, basis)
        return values.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        rows, values, basis = ctx.saved_tensors
        directions, scale = basis.to(rows), (gradient / values).to(rows)
        (m, n), r = rows.shape, len(values)
        if n * (r + m) < 2 * m * r:  # fewer products through the (n, n) matrix of V
            return rows @ ((directions * scale) @ directions.T), None, None
        return ((rows @ directions) * scale) @ directions.T, None, None


def _lower_gram(rows: Tensor) -> Tensor:
    """Return ``rows @ rows.T`` (m, m) but for most of its upper half, which is left 0."""
    size = len(rows)
    found = rows.new_zeros(size, size)
    step = -(-size // _STRIPS)
    for start in range(0, size, step):
        stop = min(start + step, size)
        torch.mm(rows[start:stop], rows[:stop].T, out=found[start:stop, :stop])
    return found


def _eigen(gram: Tensor, *, larger: int) -> tuple[Tensor, Tensor]:
    energies, vectors = torch.linalg.eigh(gram)
    values = energies.clamp_min(0).sqrt().flip(0)
    keep = values > ((_EPS * larger) ** 0.5 * values[0]).clamp_min(_SMALLEST)
    return values[keep], vectors.flip(1)[:, keep]


def _spectrum(values: Tensor, basis: Tensor, *, n_samples: int, mean: Tensor | None) -> Spectrum:
    return Spectrum(
        singular_values=values,
        basis=_with_fixed_signs(basis),
        mean=mean,
        n_samples=n_samples,
        n_features=len(basis),
        route="gram",
    )
