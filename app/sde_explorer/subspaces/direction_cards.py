"""The four numbers of a direction."""

import math
from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent, signed
from sde_core.vocabulary import BANDS
from sde_explorer.subspaces.terms import HELP
from sde_explorer.ui.cards import Card, Number
from sde_explorer.ui.figures.palette import word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.directions import DirectionTable, Reading


def direction_cards(
    table: "DirectionTable", reading: "Reading", labels: "npt.NDArray[np.int64] | None"
) -> tuple[Card, ...]:
    """Return energy, correlation, part of the gap and part of the paired cosine of one direction."""
    i = reading.number - 1
    band = "" if labels is None else f", {word(BANDS[labels[i]])}"
    energy = Card(
        label="Energy",
        numbers=(Number(percent(table.energy[i])),),
        below=f"singular value {table.values[i]:.4g}{band}",
        help=HELP["direction_energy"],
    )
    correlation = Card(
        label="Correlation of pairs",
        numbers=(Number(signed(reading.correlation, 2)),),
        below=_p_value(reading),
        help=HELP["direction_correlation"],
    )
    return (energy, correlation, _gap(table, i), _cosine(table, i))


def _gap(table: "DirectionTable", i: int) -> Card:
    share = table.gap[i]
    known = math.isfinite(share)
    return Card(
        label="Of the modality gap",
        numbers=(Number(percent(share) if known else "–"),),
        below=f"the gap is {table.gap_size:.2f}" if known else _undefined(table),
        help=HELP["direction_gap"],
    )


def _cosine(table: "DirectionTable", i: int) -> Card:
    part = table.cosine[i]
    known = math.isfinite(part)
    return Card(
        label="Of the paired cosine",
        numbers=(Number(signed(part, 4) if known else "–"),),
        below=f"of {table.paired_cosine:.3f} in all" if known else _undefined(table),
        help=HELP["direction_cosine"],
    )


def _undefined(table: "DirectionTable") -> str:
    if table.basis == "cross":
        return "each modality has its own direction"
    return "needs pairs that differ"


def _p_value(reading: "Reading") -> str:
    if not math.isfinite(reading.correlation):
        return "a side does not vary"
    least = 1 / (len(reading.null) + 1)
    sign = "≤" if reading.p_value <= least * 1.001 else "="
    return f"p {sign} {reading.p_value:.2g} against {len(reading.null)} shuffles"
