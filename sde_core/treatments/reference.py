"""What baselines are fitted on, and what several of them read of it: each part is computed once, when first asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.treatments.banks import Banks
from sde_core.treatments.linked_maps import PairCovariances
from sde_core.treatments.maps import joint_directions

# Of the largest entry: what float32 leaves of rows that are equal but for their rounding.
_ROUNDING = 1e-6
_BLOCK_ROWS = 4_096
Paired: TypeAlias = tuple[MatrixLike, MatrixLike]


@dataclass(frozen=True, eq=False)
class Reference:
    """Reference rows of both modalities.

    Attributes:
        image: (a, n) rows.
        text: (b, n) rows.
        paired: (m, n) images and (m, n) texts that belong together, row by row; None where that is not known.
        for_settings: whether many settings are tried on it with one small gallery, whose cosines are then kept.
    """

    image: MatrixLike
    text: MatrixLike
    paired: Paired | None = None
    for_settings: bool = False

    @cached_property
    def spectra(self) -> tuple[Spectrum, Spectrum]:
        """The centred spectrum of images and that of texts."""
        return compute_spectrum(self.image), compute_spectrum(self.text)

    @cached_property
    def joint(self) -> tuple[Spectrum, tuple[Tensor, Tensor]]:
        """The spectrum of both together, and their means."""
        return joint_directions(self.image, self.text)

    @cached_property
    def pairs(self) -> PairCovariances:
        """Means and covariances of rows that belong together.

        Raises:
            ConfigError: that is not known.
        """
        if self.paired is None:
            raise ConfigError(
                "a baseline that is fitted on pairs needs them; give paired=(images, texts), row by row"
            )
        return PairCovariances.of(*self.paired)

    @cached_property
    def constant(self) -> str:
        """The modality of which all rows are equal, of which nothing is left without their mean; "" for none."""
        sides = {"image": self.image, "text": self.text}
        return next((name for name, rows in sides.items() if _are_equal(as_matrix(rows, name))), "")

    @cached_property
    def banks(self) -> Banks:
        """Unit rows, for scores."""
        return Banks(self.image, self.text, keeps_scores=self.for_settings)


def _are_equal(rows: Tensor) -> bool:
    """Return whether all rows are equal; most of the time the first block tells that they are not."""
    first = rows[:1]
    return all(
        bool((block - first).abs().amax() <= _ROUNDING * first.abs().amax())
        for block in torch.split(rows, _BLOCK_ROWS)
    )
