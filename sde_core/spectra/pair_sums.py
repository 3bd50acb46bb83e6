"""Everything that spectra of paired rows need, from one reading of them: sums of each side, of both and across."""

from pathlib import Path
from typing import Self

import numpy as np

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.errors import DataError
from sde_core.files.in_order import rows_in_order
from sde_core.spectra.cross_spectrum import CrossSpectrum, CrossSpectrumAccumulator
from sde_core.spectra.spectrum import Center, Spectrum, SpectrumAccumulator

_ROWS = 8_192
_FILES = ("image", "text", "cross")


class PairSpectraAccumulator:
    """Running sums of pairs in float64: the spectra of both sides, their joint and their cross spectrum.

    Streamed equals whole, and merged equals whole in any order, up to the rounding of float64 sums; memory O(n^2 +
    chunk).
    To spread rows over workers, add up their sums in a tree.

    Attributes:
        image: of the image rows.
        text: of the text rows.
        cross: of the products of both.

    Source: docs/method.md, equations (1.3) to (1.8).

    >>> import torch
    >>> x = torch.arange(12.0).reshape(4, 3)
    >>> sums = PairSpectraAccumulator(3).update(x, x)
    >>> sums.count, bool(sums.joint_spectrum().n_samples == 8)
    (4, True)
    """

    def __init__(self, n_features: int, *, center: Center = "mean") -> None:
        self.image, self.text = (SpectrumAccumulator(n_features, center=center) for _ in range(2))
        self.cross = CrossSpectrumAccumulator(n_features, n_features, center=center)

    @classmethod
    def of(cls, image: MatrixLike, text: MatrixLike, *, center: Center = "mean") -> Self:
        """Return the sums of all pairs, read once and in order; memory maps too.

        Args:
            image: (m, n) image features.
            text: (m, n) text features, row i belongs to row i of ``image``.
            center: "mean" or None.

        Raises:
            DataError: not finite matrices of one shape.
        """
        a, b = np.asarray(image), np.asarray(text)
        if a.ndim != 2 or a.shape != b.shape or not len(a):
            raise DataError(f"image and text must be matrices of one shape; got {a.shape} and {b.shape}")
        sums = cls(a.shape[1], center=center)
        for (_, x), (_, y) in zip(rows_in_order(a, _ROWS), rows_in_order(b, _ROWS), strict=True):
            sums.update(x, y)
        return sums

    def __repr__(self) -> str:
        return brief(self, n_features=self.image.n_features, center=self.image.center, count=self.count)

    @property
    def count(self) -> int:
        """Pairs seen so far."""
        return self.cross.count

    def update(self, image: MatrixLike, text: MatrixLike) -> Self:
        """Add pairs and return the accumulator itself.

        Args:
            image: (m, n) array or tensor; m at least 1.
            text: (m, n) array or tensor, row i belongs to row i of ``image``.

        Raises:
            DataError: not finite matrices of the width; the state is then unchanged.
        """
        self.cross.update(image, text)  # checks both
        self.image.update(image)
        self.text.update(text)
        return self

    def merge(self, other: "PairSpectraAccumulator") -> Self:
        """Add what ``other`` has seen and return the accumulator itself; ``other`` is not changed.

        Raises:
            DataError: another width or another centring.
        """
        self.image.merge(other.image)
        self.text.merge(other.text)
        self.cross.merge(other.cross)
        return self

    def joint_spectrum(self) -> Spectrum:
        """Return the spectrum of the rows of both sides in one matrix, as `compute_joint_spectrum` gives it.

        Raises:
            DataError: no pair was seen.
        """
        both = SpectrumAccumulator(self.image.n_features, center=self.image.center)
        return both.merge(self.image).merge(self.text).spectrum()

    def cross_spectrum(self) -> CrossSpectrum:
        """Return the cross spectrum, as `compute_cross_spectrum` gives it.

        Raises:
            DataError: no pair was seen.
        """
        return self.cross.spectrum()

    def save(self, folder: str | Path) -> None:
        """Write the sums as three safetensors files of a folder; `load` gives them back bit for bit."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            getattr(self, name).save(place / f"{name}.safetensors")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: a file is missing, or holds something else.
        """
        place = Path(folder)
        image, text = (SpectrumAccumulator.load(place / f"{name}.safetensors") for name in _FILES[:2])
        sums = cls(image.n_features, center=image.center)
        sums.image, sums.text = image, text
        sums.cross = CrossSpectrumAccumulator.load(place / "cross.safetensors")
        return sums
