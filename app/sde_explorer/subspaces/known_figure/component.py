"""The component: script and style of the figure, and the function that puts it on a page."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.subspaces.known_figure.sent import known_data
from sde_explorer.ui.threshold_figure.component import DESK, HTML, STYLE, sent_value, take_release

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.subspaces.numbers.knowledge import KnownColumn

_HERE = Path(__file__).parent
LOGIC = (_HERE / "rows.js").read_text("utf-8")
"""Rows of the figure, without a page; stands on `threshold_figure.component.LOGIC`."""
_figure = st.components.v2.component(
    "sde_explorer.known_figure",
    html=HTML,
    css=f"{STYLE}\n{(_HERE / 'style.css').read_text('utf-8')}",
    js="\n".join((DESK, LOGIC, *((_HERE / f"{name}.js").read_text("utf-8") for name in ("panel", "figure")))),
)


def known_figure(
    columns: "Sequence[KnownColumn]",
    report: "Bands",
    *,
    key: str,
    factors: tuple[float, float],
    on_release: Callable[[float, float], None],
    on_open: Callable[[int], None],
    alt: str,
    name: str,
    names: Sequence[str] = (),
) -> None:
    """Show a row a column and a bar a direction; colours and where a column lives follow a dragged threshold.

    The server hears of a threshold when it is let go, and of a bar that is pressed.

    Args:
        columns: one row each.
        report: the spectrum whose directions they are of.
        key: unique on the page.
        factors: noise and strong threshold as multiples of the rule's.
        on_release: is given both factors, in a callback before the next run.
        on_open: is given the number of the direction whose bar was pressed, from 1.
        alt: the figure in words, for those who do not see it.
        name: of saved files, without an ending.
        names: of the directions; shown where the pointer rests.
    """

    def take_open() -> None:
        number = sent_value(key, "opened")
        if isinstance(number, int | float):
            on_open(int(number))

    _figure(
        key=key,
        data=[known_data(columns, report, factors=factors, alt=alt, name=name, names=names)],
        on_released_change=lambda: take_release(key, on_release),
        on_opened_change=take_open,
    )
