"""Rows that are read one by one: a seeded sample, its coefficients, and what each row has of each column."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.knowledge.asked import asked_columns
from sde_core.knowledge.columns import FEWEST, Column, Kind
from sde_core.knowledge.rows import rows_of
from sde_core.spectra.spectrum import Spectrum
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

MOST_ROWS = 10_000
"""Rows that are read; of more, a seeded sample."""

_MOST_VALUES = 1_000
Ints = npt.NDArray[np.int64]


def sampled_rows(count: int, seed: int) -> Ints:
    """Return all row numbers, or `MOST_ROWS` of them, seeded, ascending."""
    chosen = np.random.default_rng(seed).permutation(count)[:MOST_ROWS]
    return np.sort(chosen).astype(np.int64)


def coordinates(vectors: npt.NDArray[np.floating], rows: Ints, spectrum: Spectrum) -> Tensor:
    """Return the (s, r) coefficients of some rows, float64."""
    x = torch.from_numpy(np.asarray(vectors[rows])).double()
    if spectrum.mean is not None:
        x = x - spectrum.mean.cpu().double()
    return x @ spectrum.basis.cpu().double()


def asked_values(
    embeddings: "EmbeddingSet",
    columns: Sequence[str] | Mapping[str, Kind | Column | npt.ArrayLike | None] | None,
    side: Modality,
    rows: Ints,
) -> dict[str, tuple[Column, Tensor]]:
    """Return each column with (s, c) what a row has of each value, or its number; NaN where it is not known."""
    of_images, of_texts = asked_columns(embeddings, columns, side)
    found = {}
    for group, inherit in ((of_images, side is Modality.TEXT), (of_texts, False)):
        if not group:
            continue
        links = rows_of(embeddings, side, inherit=inherit, twins=None, seed=0)
        place = np.full(len(links.vectors), -1)
        place[rows] = np.arange(len(rows))
        mine = place[links.entry_row] >= 0
        row, item, weight = place[links.entry_row[mine]], links.entry_item[mine], links.entry_weight[mine]
        for column in group:
            if not column.reason and len(column.values) > _MOST_VALUES:
                many = (
                    f"it has {len(column.values):,} values, more than {_MOST_VALUES:,} that a probe can tell"
                )
                column = replace(column, reason=many)
            values = _values(column, row, item, weight, len(rows)) if not column.reason else torch.empty(0, 1)
            if not column.reason and int((~values.isnan().any(dim=1)).sum()) < 4 * FEWEST:
                column = replace(
                    column, reason=f"it is known of fewer than {4 * FEWEST} of the rows that are read"
                )
            found[column.name] = (column, values)
    return found


def _values(column: Column, row: Ints, item: Ints, weight: npt.NDArray[np.float64], count: int) -> Tensor:
    kept = column.known[item]
    row, item, weight = row[kept], item[kept], weight[kept]
    total = np.bincount(row, weight, minlength=count)
    width = len(column.values) if column.has_groups else column.numbers.shape[1]
    sums = np.zeros((count, width))
    if column.has_groups:
        np.add.at(sums, (row, column.codes[item]), weight)
    else:
        np.add.at(sums, row, column.numbers[item] * weight[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        return torch.from_numpy(np.where(total[:, None] > 0, sums / total[:, None], np.nan))
