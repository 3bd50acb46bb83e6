"""Singular values of rows as they are, from the spectrum of the rows less their mean, without another decomposition."""

import numpy as np
import torch
from torch import Tensor

from sde_core.spectra.spectrum import Spectrum

_EPS = np.finfo(np.float64).eps


def uncentred_values(spectrum: Spectrum, mean: Tensor) -> Tensor:
    """Return (r + 1,) singular values, ascending, of rows as they are, from the spectrum of them less their mean.

    X^T X = V diag(s^2) V^T + m mean mean^T is a diagonal matrix of rank + 1, in the directions and in what of the
    mean lies outside of them, and one of rank one. Each of its eigenvalues is the root of an equation in O(r) (Golub
    1973), which LAPACK solves for values that differ and a vector without zeros: both are made so within the
    rounding of the largest.

    Args:
        spectrum: of the centred rows.
        mean: (n,) mean row.
    """
    from scipy.linalg import lapack

    inside = spectrum.basis.T @ mean
    outside = (mean - spectrum.basis @ inside).norm()
    along = torch.cat([outside[None], inside.flip(0)]).numpy()
    values = np.concatenate([[0.0], spectrum.singular_values.flip(0).numpy()])
    length = float(np.linalg.norm(along))
    if length <= _EPS * values[-1] / np.sqrt(spectrum.n_samples):
        return torch.from_numpy(values)
    steps = 4 * _EPS * values[-1] * np.arange(len(values))
    apart = np.maximum.accumulate(values - steps) + steps
    unit = np.maximum(np.abs(along) / length, _EPS)
    strength = spectrum.n_samples * length**2
    found = [lapack.dlasd4(i, apart, unit, strength)[1] for i in range(len(values))]
    return torch.tensor(found, dtype=torch.float64)
