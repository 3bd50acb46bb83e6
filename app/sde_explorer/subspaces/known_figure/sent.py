"""What the browser gets of the picture of what bands know: the spectrum to cut, and what each direction knows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sde_explorer.ui.figures import palette
from sde_explorer.ui.threshold_figure.sent import encoded, panel_data

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.subspaces.numbers.knowledge import KnownColumn

MOST_LETTERS = 40
"""Of a column's name above its row."""


def known_data(
    columns: "Sequence[KnownColumn]",
    report: "Bands",
    *,
    factors: tuple[float, float],
    alt: str,
    name: str,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the data of the component; bands and parts are made in the browser, from the rule's own thresholds.

    Args:
        columns: one row each.
        report: the spectrum whose directions they are of.
        factors: noise and strong threshold as multiples of the rule's.
        alt: the figure in words.
        name: of saved files, without an ending.
        names: of the directions.
    """
    return {
        "panel": panel_data(report) | {"names": list(names)},
        "rows": [_row(column) for column in columns],
        "told": {"intervals": [[list(ends) for ends in column.intervals] for column in columns]},
        "factors": {"noise": factors[0], "strong": factors[1]},
        "colours": palette.BAND,
        "law": palette.LAW,
        "alt": alt,
        "name": name,
    }


def _row(column: "KnownColumn") -> dict[str, Any]:
    name = column.name if len(column.name) <= MOST_LETTERS else f"{column.name[: MOST_LETTERS - 1]}…"
    return {
        "name": name,
        "told": column.told,
        "known": encoded(column.known),
        "chance": encoded(column.chance),
        "held": encoded(column.held),
        "sure": "".join("1" if sure else "0" for sure in column.significant),
    }
