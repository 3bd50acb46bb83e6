"""Each pair's energy in strong, weak and noise, and pairs of which one side is signal and the other is not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

KINDS = ("all", "image-signal", "text-signal")
"""Every pair; picture in its upper and caption in its lower quarter by signal; the reverse."""

BY_CHANCE = 1 / 16
"""Share of pairs of a kind if pictures and captions had nothing to do with each other."""


@dataclass(frozen=True, kw_only=True)
class PairEnergies:
    """Energy by band of both sides of each pair.

    Attributes:
        images: (p,) rows of the pictures.
        texts: (p,) rows of their primary captions.
        image: (p, 3) energy of the picture in strong, weak and noise; NaN without energy.
        text: (p, 3) energy of the caption.
        kind: (p,) 0 neither, 1 picture signal and caption noise, 2 the reverse.
    """

    images: Ints
    texts: Ints
    image: Floats
    text: Floats
    kind: npt.NDArray[np.int8]

    def where(self, kind: str) -> Ints:
        """Return the positions of the pairs of a kind of `KINDS`, ascending."""
        if kind == "all":
            return np.arange(len(self.images))
        return np.flatnonzero(self.kind == KINDS.index(kind))

    def widest(self, positions: Ints, most: int) -> Ints:
        """Return those of ``positions`` whose sides lie furthest apart, at most ``most``, the widest first."""
        apart = -np.nan_to_num(np.abs(self.apart[positions]), nan=-1.0)
        if len(positions) > most:
            nearest = np.argpartition(apart, most)[:most]
            positions, apart = positions[nearest], apart[nearest]
        return positions[np.argsort(apart, kind="stable")]

    @property
    def apart(self) -> Floats:
        """(p,) how much more of the picture's energy is signal than of the caption's."""
        return self.text[:, 2] - self.image[:, 2]


def pair_energies(images: Ints, texts: Ints, image: Floats, text: Floats) -> PairEnergies:
    """Return the pairs with their kinds.

    A side counts as signal in the upper quarter of its own modality by strong and weak energy, as noise in
    the lower quarter: the modalities differ in how much of their energy is signal at all.

    Args:
        images: (p,) rows of the pictures.
        texts: (p,) rows of the captions.
        image: (p, 3) band shares.
        text: (p, 3) band shares.
    """
    kind = np.zeros(len(images), np.int8)
    known = [side[np.isfinite(side[:, 2]), 2] for side in (image, text)]
    if all(len(side) for side in known):
        signal, noise = zip(*(np.quantile(side, (0.25, 0.75)) for side in known), strict=True)
        # Strict, so that sides that are all alike flag nobody.
        kind[(image[:, 2] < signal[0]) & (text[:, 2] > noise[1])] = 1
        kind[(image[:, 2] > noise[0]) & (text[:, 2] < signal[1])] = 2
    return PairEnergies(images=images, texts=texts, image=image, text=text, kind=kind)


def triangle(shares: Floats) -> tuple[Floats, Floats]:
    """Return where shares lie in a triangle of side 1: strong above, weak left below, noise right below.

    >>> triangle(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32))[0].tolist()
    [0.5, 0.0, 1.0]
    """
    return (shares[:, 2] + shares[:, 0] / 2).astype(np.float32), (shares[:, 0] * np.float32(3**0.5 / 2))
