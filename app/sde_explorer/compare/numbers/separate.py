"""How separate the directions of two sets are: DCI, mutual information gap, bands, each beside random rotations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sde_core.knowledge.names import OF_THE_MAKERS
from sde_core.vocabulary import Modality
from sde_explorer.compare.numbers.treated import Source, Treated

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_core.knowledge import Disentanglement
    from sde_core.partition import Partition
    from sde_core.spectra.spectrum import Spectrum

Progress = Callable[[float, str], None]

MOST_ROWS = 6_000
"""Pictures of which the numbers are; of more, a seeded sample."""
MOST_COLUMNS = 8
N_ROTATIONS = 10
NAMES = {
    "disentanglement": "disentanglement",
    "completeness": "completeness",
    "gap": "mutual information gap",
    "specificity": "specificity of bands",
}
"""The numbers, in the order of the table, and what its heads call them."""


@dataclass(frozen=True, kw_only=True)
class Separate:
    """How far directions keep to one column, and columns to one direction or band, in A and in B.

    Attributes:
        modality: whose directions.
        columns: of which columns, those of A.
        both: of A and of B.
        n_rows: pictures that were asked.
        total: pictures that both sets have.
    """

    modality: str
    columns: tuple[str, ...]
    both: "tuple[Disentanglement, Disentanglement]"
    n_rows: int
    total: int

    def beyond(self, name: str, side: int) -> float:
        """Return a number less the mean of its random rotations.

        Args:
            name: of the number.
            side: 0 of A, 1 of B.
        """
        found = self.both[side]
        return found.numbers[name] - float(found.null[name].mean())


def told_columns(embeddings: Source) -> tuple[str, ...]:
    """Return the columns that are asked: of few enough values, those of fewest first, without the makers' own."""
    found = []
    for name, column in embeddings.metadata.items():
        kinds = len(np.unique(column.astype(str)))
        if name not in OF_THE_MAKERS and 1 < kinds <= max(2, len(column) // 10):
            found.append((kinds, name))
    return tuple(name for _, name in sorted(found)[:MOST_COLUMNS])


@dataclass(frozen=True, kw_only=True)
class Part:
    """One set with what its directions are.

    Attributes:
        embeddings: the set, its pictures those of the other set row by row.
        spectrum: of the modality.
        partition: its bands.
    """

    embeddings: Source
    spectrum: "Spectrum"
    partition: "Partition"


def separate(modality: str, a: Part, b: Part, report: Progress, *, most: int = MOST_ROWS) -> Separate:
    """Return how separate the directions of both sets are, by the columns of A.

    Args:
        modality: "image" or "text".
        a: the first set, whose metadata are asked.
        b: the second one.
        report: called with the share that is done.
        most: pictures that are asked, a seeded sample of more; 0 asks all.

    Raises:
        DataError: fewer than two columns say anything.
    """
    from sde_core.geometry.projection import sample_rows
    from sde_core.knowledge import disentanglement

    total = a.embeddings.n_images
    rows = sample_rows(total, most or total)
    names = told_columns(a.embeddings)
    columns: dict[str, npt.ArrayLike] = {name: a.embeddings.metadata[name][rows] for name in names}
    found = []
    for side, part in enumerate((a, b)):
        some = part.embeddings
        if isinstance(some, Treated) or len(rows) < total:
            some = some.select(rows)

        def follow(done: int, of: int, side: int = side) -> None:
            report(0.5 * (side + done / of), f"random rotations of {'AB'[side]}")

        found.append(
            disentanglement(
                some,
                columns,
                side=Modality(modality),
                spectrum=part.spectrum,
                partition=part.partition,
                n_rotations=N_ROTATIONS,
                progress=follow,
            )
        )
    return Separate(
        modality=modality, columns=names, both=(found[0], found[1]), n_rows=len(rows), total=total
    )
