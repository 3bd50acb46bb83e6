"""What a decomposition leaves behind: singular values, directions, the mean taken off (docs/method.md, section 1)."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.errors import ConfigError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.vocabulary import Centring

Center: TypeAlias = Literal["mean"] | Centring | None
"""How to centre: "mean" takes the column means off, None leaves the cone in; a `Centring` says either."""

Route = Literal["svd", "gram", "mixed"]

ROUTES: tuple[Route, ...] = ("svd", "gram", "mixed")
_TENSORS = ("singular_values", "basis", "mean", "relative_errors")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spectrum:
    """Thin SVD of F (m, n), without U: singular values, right singular vectors and the mean that was subtracted.

    Attributes:
        singular_values: (r,) float64, descending, strictly above the rank cut; same unit as F.
        basis: (n, r) float64, orthonormal columns; in each the entry of largest size is positive.
        mean: (n,) float64 that was subtracted from every row, or None if F was not centred.
        n_samples: m, rows of F.
        n_features: n, columns of F.
        route: "svd" (thin SVD of F), "gram" (eigenvectors of the Gram matrix accumulated in float64) or "mixed"
            (of one accumulated from float32 products, with further passes where that is not enough).
        relative_errors: (r,) bound of the relative error of each singular value, or None where none was taken.
    """

    singular_values: Float[Tensor, " r"]
    basis: Float[Tensor, "n r"]
    mean: Float[Tensor, " n"] | None
    n_samples: int
    n_features: int
    route: Route
    relative_errors: Float[Tensor, " r"] | None = None

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    @property
    def rank(self) -> int:
        """r, the number of singular values above the rank cut."""
        return len(self.singular_values)

    @property
    def center(self) -> Literal["mean"] | None:
        """How F was centred: "mean" or None."""
        return None if self.mean is None else "mean"

    @property
    def energies(self) -> Float[Tensor, " r"]:
        """(r,) squared singular values; they add up to ||F||_F^2."""
        return self.singular_values.square()

    @property
    def aspect(self) -> float:
        """Aspect b of the noise, in (0, 1]: r / N, which is min(m, n) / max(m, n) at full rank.

        Noise lives where the data lives: with columns of zeros or repeated rows, r takes the place of the
        smaller side. m counts the mean's lost degree of freedom. Source: docs/method.md, equation (2.1).
        """
        return max(1, self.rank) / self.larger_side

    @property
    def larger_side(self) -> int:
        """N = max(m, n), m without the degree of freedom that the mean takes."""
        return max(self.degrees_of_freedom, self.n_features)

    @property
    def degrees_of_freedom(self) -> int:
        """Rows that vary freely: m, or m - 1 after centring, at least 1."""
        return max(1, self.n_samples - (self.mean is not None))

    def to(self, device: torch.device | str) -> "Spectrum":
        """Return the same spectrum on ``device``."""
        moved = {name: getattr(self, name) for name in _TENSORS}
        moved = {name: None if each is None else each.to(device) for name, each in moved.items()}
        return replace(self, **moved)

    def save(self, path: str | Path) -> None:
        """Write the spectrum as safetensors; `load` gives it back bit for bit."""
        tensors = {name: getattr(self, name) for name in _TENSORS}
        header = {
            "n_samples": str(self.n_samples),
            "n_features": str(self.n_features),
            "route": self.route,
        }
        write_tensors(path, tensors, kind="sde.spectrum", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a spectrum written by `save`.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.spectrum", writer="Spectrum.save")
        return cls(
            singular_values=tensors["singular_values"],
            basis=tensors["basis"],
            mean=tensors.get("mean"),
            n_samples=int(header["n_samples"]),
            n_features=int(header["n_features"]),
            route=next((route for route in ROUTES if route == header["route"]), "gram"),
            relative_errors=tensors.get("relative_errors"),
        )


def with_fixed_signs(basis: Float[Tensor, "n r"]) -> Float[Tensor, "n r"]:
    """Return (n, r) columns flipped so that the entry of largest size is positive in each.

    Source: docs/method.md, equation (1.4).
    """
    if basis.numel() == 0:
        return basis.contiguous()
    leading = basis.gather(0, basis.abs().argmax(dim=0, keepdim=True))
    return (basis * torch.where(leading < 0, -1.0, 1.0)).contiguous()


def as_center(center: Center | str) -> Literal["mean"] | None:
    """Return a centring as "mean" or None, whichever spelling of `Centring` it is given in.

    Raises:
        ConfigError: ``center`` is neither.
    """
    try:
        return "mean" if Centring("none" if center is None else center) is Centring.MEAN else None
    except ValueError:
        raise ConfigError(f'center must be "mean" or None; got {center!r}') from None
