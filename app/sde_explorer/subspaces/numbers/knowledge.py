"""What the directions of one modality know of the set's columns, as the figure and its title say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

import sde_core as sde
from sde_core.knowledge.names import OF_THE_MAKERS
from sde_core.vocabulary import BANDS
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_ROWS = 4
"""Columns that are drawn at once."""

# A column that goes with another one value for value is not shown beside it unless it is asked for.
_SAME = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class KnownColumn:
    """One row of the figure.

    Attributes:
        name: of the column.
        told: how many values, or what kind.
        known: (r,) share of each direction's variance that lies between the values, less chance.
        chance: (r,) share that chance stays below in 95 of 100 shuffles.
        significant: (r,) whether the direction knows the column.
        held: (r,) what is known along each direction, in variance: the shares by band are sums of it.
        shares: of what is known, by band.
        intervals: of the shares; empty where there are none.
    """

    name: str
    told: str
    known: "npt.NDArray[np.float64]"
    chance: "npt.NDArray[np.float64]"
    significant: "npt.NDArray[np.bool_]"
    held: "npt.NDArray[np.float64]"
    shares: tuple[float, float, float]
    intervals: tuple[tuple[float, float], ...]


def known_columns(
    known: sde.BandKnowledge, labels: "npt.NDArray[np.int64]", chosen: Sequence[str] = ()
) -> list[KnownColumn]:
    """Return the columns to draw: those that were chosen, or those that say most, each thing once.

    Args:
        known: of the set.
        labels: (r,) band of each direction now.
        chosen: names; those that say nothing are left out.
    """
    bands = torch.from_numpy(np.ascontiguousarray(labels))
    asked = [c for c in known.columns if not c.says_nothing and (c.name in chosen or not chosen)]
    if not chosen:
        asked = _distinct(asked)[:MOST_ROWS]
    return [
        KnownColumn(
            name=column.name,
            told=f"{column.n_values:,} values" if column.kind == "category" else column.kind,
            known=column.known.numpy(),
            chance=column.chance.numpy(),
            significant=column.significant.numpy(),
            held=(column.known * column.energy).numpy(),
            shares=column.shares(bands),
            intervals=column.intervals(bands),
        )
        for column in asked
    ]


def finding(
    columns: Sequence[KnownColumn], labels: "npt.NDArray[np.int64]", side: str, *, beyond: str = ""
) -> str:
    """Return the title: where the first column lives, and the one that lives elsewhere, in about 90 letters; Markdown.

    Args:
        columns: that are drawn.
        labels: (r,) band of each direction now.
        side: "image" or "text".
        beyond: name of the column that was taken off first, or "".
    """
    if not columns:
        more = f" beyond {as_text(beyond)}" if beyond else ""
        return f"No {side} direction knows any of the columns{more}"
    first = columns[0]
    band = int(np.argmax(first.shares))
    count = int((labels == band).sum())
    start = f"{count:,} {BANDS[band]} direction{'s' * (count != 1)} hold{'s' * (count == 1)} "
    said = f"{start}{100 * first.shares[band]:.0f} % of what is known of {as_text(first.name)}"
    if beyond:
        more = f"{said} beyond {as_text(beyond)}"
        return more if len(more) <= 90 else said
    elsewhere = [c for c in columns[1:] if int(np.argmax(c.shares)) != band]
    if elsewhere:
        other = elsewhere[-1]
        there = int(np.argmax(other.shares))
        more = (
            f"{said}; {as_text(other.name)} lives in {BANDS[there]} ones ({100 * other.shares[there]:.0f} %)"
        )
        return more if len(more) <= 90 else said
    return said


def _distinct(columns: "list[sde.ColumnKnowledge]") -> "list[sde.ColumnKnowledge]":
    """Return columns by how much they tell apart, without the makers' own and without twins of an earlier one."""
    theirs = [c for c in columns if c.name not in OF_THE_MAKERS and not c.name.startswith("“")] or columns
    ordered = sorted(theirs, key=lambda c: -c.share_of_variance)
    kept: list[sde.ColumnKnowledge] = []
    for column in ordered:
        if not any(float((column.known - other.known).abs().max()) < _SAME for other in kept):
            kept.append(column)
    # Coarse before fine: fewer values first, as one reads them.
    return sorted(kept[:MOST_ROWS], key=lambda c: (-_first_share(c), c.n_values))


def _first_share(column: "sde.ColumnKnowledge") -> float:
    """Return which part of what is known lies in the first tenth of the directions."""
    energy = (column.known * column.energy).clamp_min(0)
    return float(energy[: max(1, len(energy) // 10)].sum() / energy.sum().clamp_min(1e-300))
