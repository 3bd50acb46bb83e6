"""Every direction of a spectrum in numbers, and what lies at the two ends of one."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

import sde_core as sde

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NULL_PAIRS = 20_000
"""Pairs that are shuffled for the null of one direction; of more, a seeded sample."""

N_ENDS = 12
"""Pictures and captions that are kept for each end of a direction."""


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The directions of a spectrum, for pictures and for captions.

    Attributes:
        basis: "image", "text", "joint" or "cross".
        values: (r,) singular values.
        image: (n, r) directions for pictures.
        text: (n, r) directions for captions; the same ones but for "cross".
    """

    basis: str
    values: Floats
    image: torch.Tensor
    text: torch.Tensor


def axes_of(basis: str, spectrum: "sde.Spectrum | sde.CrossSpectrum") -> Axes:
    """Return the directions of a spectrum of any kind."""
    values = spectrum.singular_values.cpu().numpy()
    if isinstance(spectrum, sde.CrossSpectrum):
        return Axes(basis=basis, values=values, image=spectrum.image_basis, text=spectrum.text_basis)
    return Axes(basis=basis, values=values, image=spectrum.basis, text=spectrum.basis)


@dataclass(frozen=True, kw_only=True)
class DirectionTable:
    """What each direction of a spectrum holds; NaN where a number is not defined.

    Attributes:
        basis: "image", "text", "joint" or "cross".
        values: (r,) singular values.
        energy: (r,) share of the energy.
        correlation: (r,) of paired picture and caption coefficients.
        gap: (r,) share of the squared modality gap; with ``gap_outside`` they add up to 1.
        gap_outside: share outside all directions.
        gap_size: the modality gap.
        cosine: (r,) part of the mean paired cosine; with ``cosine_outside`` they add up to it.
        cosine_outside: part outside all directions.
        paired_cosine: mean paired cosine.
    """

    basis: str
    values: Floats
    energy: Floats
    correlation: Floats
    gap: Floats
    gap_outside: float
    gap_size: float
    cosine: Floats
    cosine_outside: float
    paired_cosine: float

    def most(self, what: str) -> int:
        """Return the number, from 1, of the direction with the most "correlation" or "gap"; 0 if it has none."""
        column = self.correlation if what == "correlation" else self.gap
        return 0 if not len(column) or np.isnan(column).all() else int(np.nanargmax(column)) + 1


def direction_table(
    axes: Axes, moments: "sde.PairMoments | None", unit_moments: "sde.PairMoments | None"
) -> DirectionTable:
    """Return the table of all directions.

    Args:
        axes: of the spectrum.
        moments: of the pairs; None if there are none.
        unit_moments: of the pairs with rows of unit length.
    """
    count = len(axes.values)
    none = np.full(count, np.nan)
    energy = axes.values**2
    correlation, gap, cosine = none, none, none
    gap_outside = gap_size = cosine_outside = paired = math.nan
    if moments is not None and unit_moments is not None and count:
        correlation = moments.correlations(axes.image, axes.text).cpu().numpy()
        if axes.basis != "cross":  # two bases have no parts that add up
            parts = unit_moments.shares(axes.image)
            squared = float(parts.gap.sum()) + parts.gap_outside
            gap_size, paired = math.sqrt(squared), float(unit_moments.cross.trace())
            gap = parts.gap.cpu().numpy() / squared if squared > 0 else none
            gap_outside = parts.gap_outside / squared if squared > 0 else math.nan
            cosine, cosine_outside = parts.cosine.cpu().numpy(), parts.cosine_outside
    return DirectionTable(
        basis=axes.basis,
        values=axes.values,
        energy=energy / energy.sum() if count else energy,
        correlation=correlation,
        gap=gap,
        gap_outside=gap_outside,
        gap_size=gap_size,
        cosine=cosine,
        cosine_outside=cosine_outside,
        paired_cosine=paired,
    )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One direction, read along all pictures and captions.

    Attributes:
        number: of the direction, from 1.
        image: (n_images,) coefficient of every picture.
        text: (n_texts,) coefficient of every caption.
        images: (2, k) rows of the pictures at the low and at the high end, outermost first.
        texts: (2, k) rows of the captions, likewise.
        correlation: of paired coefficients; NaN where a side does not vary.
        null: (b,) the same for shuffled pairs.
        p_value: of the correlation, one-sided.
        n_pairs: pairs in the test.
        total: pairs that there are.
    """

    number: int
    image: Floats
    text: Floats
    images: tuple[Ints, Ints]
    texts: tuple[Ints, Ints]
    correlation: float
    null: Floats
    p_value: float
    n_pairs: int
    total: int


def read_direction(
    embeddings: sde.EmbeddingSet,
    axes: Axes,
    number: int,
    *,
    centred: bool,
    most: int = NULL_PAIRS,
    seed: int = 0,
) -> Reading:
    """Return what lies along direction ``number``, its ends, and its correlation with the null.

    Args:
        embeddings: the set.
        axes: of the spectrum.
        number: of the direction, from 1.
        centred: whether each modality's mean is taken off its coefficients.
        most: pairs in the test; of more, a seeded sample; 0 takes all.
        seed: of the shuffles and of the sample.
    """
    from sde_core.geometry.projection import sample_rows

    image, text = (
        sde.direction_coefficients(rows, basis[:, [number - 1]])[:, 0].cpu().numpy()
        for rows, basis in ((embeddings.image, axes.image), (embeddings.text, axes.text))
    )
    if centred:
        image, text = image - image.mean(), text - text.mean()
    primary = embeddings.primary_text
    paired = np.flatnonzero(primary >= 0)
    pairs = paired[sample_rows(len(paired), most or len(paired), seed=seed)]
    test = sde.correlation_test(image[pairs], text[primary[pairs]], seed=seed) if len(pairs) else None
    return Reading(
        number=number,
        image=image,
        text=text,
        images=_ends(image),
        texts=_ends(text),
        correlation=test.correlation if test else math.nan,
        null=test.null.numpy() if test else np.zeros(0),
        p_value=test.p_value if test else 1.0,
        n_pairs=len(pairs),
        total=len(paired),
    )


def _ends(coefficient: Floats) -> tuple[Ints, Ints]:
    """Return the rows of lowest and of highest coefficient, outermost first; no row is at both ends."""
    k = min(N_ENDS, len(coefficient) // 2) or min(1, len(coefficient))
    order = np.argsort(coefficient, kind="stable")
    return order[:k], order[::-1][:k]
