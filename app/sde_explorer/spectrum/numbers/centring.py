"""What taking the mean off does to a spectrum: the cone's share of the first singular value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_explorer.readings.matrices import Matrix, Sides, spectrum_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Centring:
    """A spectrum with the mean kept and with the mean removed.

    Attributes:
        kind: of the matrix.
        kept: (r,) singular values with the mean.
        removed: (q,) singular values without it.
        cone_of_first: share of the first energy (of the first value of the cross spectrum) that is the mean's.
        cone_of_all: share of all energy that is the mean's; of the cross spectrum of all its squared values.
    """

    kind: str
    kept: npt.NDArray[np.float64]
    removed: npt.NDArray[np.float64]
    cone_of_first: float
    cone_of_all: float


def centring(sides: Sides, kind: str) -> Centring:
    """Return both spectra of the rows, and what the mean holds of the uncentred one.

    s_1^2 = m (mu^T v_1)^2 + the centred energy along v_1, so the first term over s_1^2 is the cone's share.
    """
    removed = spectrum_of(sides, Matrix(kind=kind))
    if kind == "cross":
        whole = sde.compute_cross_spectrum(*sides, center=None)
        kept = whole.singular_values.cpu().numpy()
        means = [side.astype(np.float64, copy=False).mean(axis=0) for side in sides]
        first = 0.0
        if len(kept):
            along = [
                float(mean @ basis[:, 0].cpu().numpy())
                for mean, basis in zip(means, (whole.image_basis, whole.text_basis), strict=True)
            ]
            first = along[0] * along[1] / float(kept[0])
        energy = float(np.prod([mean @ mean for mean in means]))
    else:
        spectrum = spectrum_of(sides, Matrix(kind=kind, center="kept"))
        kept = spectrum.singular_values.cpu().numpy()
        mean = removed.mean
        first = energy = 0.0
        if len(kept) and mean is not None:
            cone = float(mean @ spectrum.basis[:, 0])
            first = spectrum.n_samples * cone**2 / float(kept[0]) ** 2
            energy = spectrum.n_samples * float(mean @ mean)
    total = float((kept**2).sum())
    return Centring(
        kind=kind,
        kept=kept,
        removed=removed.singular_values.cpu().numpy(),
        cone_of_first=min(max(first, 0.0), 1.0),
        cone_of_all=min(energy / total, 1.0) if total > 0 else 0.0,
    )
