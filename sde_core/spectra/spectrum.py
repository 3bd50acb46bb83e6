"""The singular spectrum of a feature matrix (docs/method.md, section 1)."""

import math

import torch

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError
from sde_core.spectra.accumulator import SpectrumAccumulator as SpectrumAccumulator
from sde_core.spectra.eigen import SMALL, thin_svd
from sde_core.spectra.mixed import mixed_eigen
from sde_core.spectra.result import ROUTES, Route
from sde_core.spectra.result import Center as Center
from sde_core.spectra.result import Spectrum as Spectrum
from sde_core.spectra.result import as_center as as_center
from sde_core.spectra.result import with_fixed_signs as with_fixed_signs
from sde_core.spectra.row_blocks import RowBlocks

_EPS = torch.finfo(torch.float64).eps


def compute_spectrum(
    x: MatrixLike,
    *,
    center: Center = "mean",
    device: torch.device | str | None = None,
    route: Route | None = None,
) -> Spectrum:
    """Return the singular spectrum of ``x``; squared values and basis rebuild its Gram matrix.

    A matrix that is small, wide or nearly square goes through a thin SVD in float64. A tall one of float64 goes
    through its Gram matrix in float64, which costs O(m n^2) once. A tall one of float32 or less on the CPU takes the
    products of that matrix in float32 first, bounds the error of every value from rounding that it measures, and
    looks again where the bound is not met: every value above 1e-6 of the largest is right to 1e-6 of itself
    (`Spectrum.relative_errors`). It is read once, in order, never copied whole; a memory map too. ``route="gram"``
    asks for float64 throughout.
    Rank cut (strict): eps max(m, n) times the largest singular value of F before centring, because the rounding of
    the mean is of that size; for the route "gram", whose eigenvalues are squares and so carry half of the digits,
    also sqrt(eps max(m, n)) ||F||_F, F about a provisional mean. eps is that of float64.
    Vectors of equal singular values are not unique, only their span is.
    Not differentiable: the result is detached (`SDELoss` has its own gradients).

    Args:
        x: (m, n) features, one sample a row; array or tensor, any real dtype and device.
        center: "mean" subtracts the column means first; None leaves the cone in.
        device: where to compute; None stays where ``x`` is.
        route: "svd", "gram" or "mixed" (CPU only) to force one; None chooses by shape and dtype.

    Returns:
        Spectrum: on the device of the computation.

    Raises:
        DataError: ``x`` is empty, not two-dimensional, not real or not finite.
        ConfigError: ``center`` or ``route`` is unknown.

    Source: docs/method.md, equations (1.1) to (1.4).

    >>> import torch
    >>> compute_spectrum(torch.diag(torch.tensor([3.0, 2.0, 0.0])), center=None).singular_values
    tensor([3., 2.], dtype=torch.float64)
    """
    center = as_center(center)
    if route not in (None, *ROUTES):
        raise ConfigError(f'route must be "svd", "gram", "mixed" or None; got {route!r}')
    found = mixed_spectrum(x, center=center, forced=route == "mixed") if _may_mix(route, device) else None
    if found is not None:
        return found
    matrix = as_matrix(x, "x")
    matrix = matrix if device is None else matrix.to(device)
    m, n = matrix.shape
    if route in (None, "mixed"):
        route = "gram" if is_tall(m, n) else "svd"
    if route == "gram":
        return SpectrumAccumulator(n, center=center, device=matrix.device).update(matrix).spectrum()
    matrix = matrix.to(torch.float64)
    mean = matrix.mean(dim=0) if center == "mean" else None
    cone = 0.0
    if mean is not None:
        matrix = matrix - mean
        cone = math.sqrt(m) * float(torch.linalg.vector_norm(mean))
    _, values, rows = thin_svd(matrix)
    size = math.hypot(float(values[0]), cone)
    keep = values > _EPS * max(m, n) * size
    return Spectrum(
        singular_values=values[keep],
        basis=with_fixed_signs(rows[keep].T),
        mean=mean,
        n_samples=m,
        n_features=n,
        route="svd",
    )


def mixed_spectrum(*matrices: MatrixLike, center: Center, forced: bool = False) -> Spectrum | None:
    """Return the spectrum of the rows of all matrices by route "mixed", or None where it does not apply.

    Args:
        matrices: of one width.
        center: "mean" or None.
        forced: whether to take it for small, wide and float64 matrices too.
    """
    rows = RowBlocks.of(*matrices, widest=8 if forced else 4)
    if rows is None or not (forced or is_tall(rows.n_rows, rows.width)):
        return None
    found = mixed_eigen(rows, centred=center == "mean")
    if found is None:
        return None
    return Spectrum(
        singular_values=found.energies.sqrt(),
        basis=with_fixed_signs(found.vectors),
        mean=found.mean if center == "mean" else None,
        n_samples=rows.n_rows,
        n_features=rows.width,
        route="mixed",
        relative_errors=found.relative_errors,
    )


def is_tall(m: int, n: int) -> bool:
    """Return whether the Gram matrix of (m, n) is much smaller than the matrix, and that is not small."""
    return m >= 2 * n and m * n > SMALL  # an SVD of fewer takes milliseconds, and is the more exact route


def _may_mix(route: Route | None, device: torch.device | str | None) -> bool:
    return route in (None, "mixed") and (device is None or torch.device(device).type == "cpu")


# The name under which the losses import it.
_with_fixed_signs = with_fixed_signs
