"""What decides about two sets: the same space or not, similarities beyond chance, groups that one of them separates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_explorer.compare.numbers.rows import MOST_ROWS, Items
from sde_explorer.compare.numbers.treated import Source, taken

Ints = npt.NDArray[np.int64]
Progress = Callable[[float, str], None]

CALIBRATED_ROWS, MOST_CALIBRATED = 500, 4_000
"""Rows that similarities are told from chance by, and so many on request; memory and time grow with their square."""
SHUFFLES = 99
FIRST_ROWS = 300
"""Rows of a verdict, and of similarities, that are shown until those of more rows are there."""
DIFFERENCE_ROWS = 4_000
N_GROUPS = 2
"""Groups of each side."""
GROUP_SIZE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SameSpace:
    """The verdict on two sets.

    Attributes:
        parity: what it is; None where the widths differ.
        widths: of A and B.
        total: pictures that both have; of more than were compared a seeded sample.
    """

    parity: sde.Parity | None
    widths: tuple[int, int]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """Every similarity of one modality of A with the same of B, beside shuffled rows.

    Attributes:
        modality: "image" or "text".
        found: one a measure.
        n_rows: rows compared.
        total: rows that both sets have.
    """

    modality: str
    found: tuple[sde.CalibratedSimilarity, ...]
    n_rows: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one set separates and the other does not, one modality.

    Attributes:
        modality: "image" or "text".
        values: of the difference of both kernels, descending: above 0 A separates more, below 0 B.
        groups: of A and of B, `N_GROUPS` at most each, the largest first: rows of A's set.
        sizes: the values of these groups.
        n_rows: rows compared.
        total: rows that both sets have.
    """

    modality: str
    values: npt.NDArray[np.float64]
    groups: tuple[tuple[Ints, ...], tuple[Ints, ...]]
    sizes: tuple[tuple[float, ...], tuple[float, ...]]
    n_rows: int
    total: int


def same_space(first: Source, second: Source, most: int = MOST_ROWS) -> SameSpace:
    """Return whether B is the space of A, and if not what was done to it.

    Args:
        first: A.
        second: B, its pictures those of A row by row.
        most: pictures; of more, a seeded sample; 0 takes all.
    """
    widths, total = (first.width, second.width), first.n_images
    if widths[0] != widths[1]:
        return SameSpace(parity=None, widths=widths, total=total)
    rows = sample_rows(total, most or total)
    parity = sde.parity(first.select(rows), second.select(rows))
    return SameSpace(parity=parity, widths=widths, total=total)


def calibrated(
    modality: str,
    first: Source,
    second: Source,
    items: Items,
    progress: Progress,
    most: int = CALIBRATED_ROWS,
) -> Calibrated:
    """Return every similarity of a modality with its null.

    Args:
        modality: "image" or "text".
        first: A.
        second: B.
        items: rows that both have.
        progress: called with the share that is done.
        most: rows; of more, a seeded sample.

    Raises:
        DataError: too few rows, or a side that does not vary.
    """
    some = sample_rows(len(items.first), most)
    a, b = (
        taken(source, modality, rows[some]) for source, rows in ((first, items.first), (second, items.second))
    )
    names, found = sde.measure_names(), []
    for done, name in enumerate(names):
        progress(done / len(names), name)
        found.append(sde.calibrated_similarity(a, b, name, n_permutations=SHUFFLES))
    return Calibrated(modality=modality, found=tuple(found), n_rows=len(some), total=items.total)


def difference(
    modality: str, first: Source, second: Source, items: Items, most: int = DIFFERENCE_ROWS
) -> Difference:
    """Return the groups that A separates and B does not, and the other way round.

    Args:
        modality: "image" or "text".
        first: A.
        second: B.
        items: rows that both have.
        most: rows; of more, a seeded sample; 0 takes all.

    Raises:
        DataError: one row, or a row of zeros.
    """
    some = sample_rows(len(items.first), most or len(items.first))
    rows = items.first[some]
    found = sde.difference_spectrum(taken(first, modality, rows), taken(second, modality, items.second[some]))
    values = found.values.cpu().numpy()
    above, below = int((values > 0).sum()), int((values < 0).sum())
    numbers = (range(min(N_GROUPS, above)), range(-1, -1 - min(N_GROUPS, below), -1))
    groups = tuple(tuple(rows[list(found.group(n, GROUP_SIZE))] for n in side) for side in numbers)
    sizes = tuple(tuple(abs(float(values[n])) for n in side) for side in numbers)
    return Difference(
        modality=modality,
        values=values,
        groups=(groups[0], groups[1]),
        sizes=(sizes[0], sizes[1]),
        n_rows=len(some),
        total=items.total,
    )
