"""Cards with one or two numbers, a line below and the meaning on hover."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from sde_explorer.ui.figures import palette

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_STYLE = """<style>
.sde-numbers{display:flex;flex-wrap:wrap;gap:0 .9rem;align-items:baseline;line-height:1.25;min-height:1.9rem}
.sde-numbers span{white-space:nowrap}
.sde-numbers b{font-size:1.45rem;font-weight:600;font-variant-numeric:tabular-nums}
.sde-numbers small{font-size:.82rem;opacity:.72;margin-left:.3rem}
</style>"""

CARD_WIDTH = 198  # six beside each other at 1,440 pixels
WAITING = "…"


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a card.

    Attributes:
        text: the number as people read it.
        name: what it is, in a word; a modality gives its colour.
    """

    text: str
    name: str = ""

    def as_html(self) -> str:
        """Return the number, and its name beside it; both are ours, never a user's text."""
        colour = palette.as_text(self.name)
        style = f' style="color:{colour}"' if colour else ""
        name = f"<small>{self.name}</small>" if self.name else ""
        return f"<span><b{style}>{self.text}</b>{name}</span>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card shows.

    Attributes:
        label: name of the quantity.
        numbers: one, or one for each modality or cut-off.
        below: what to compare with, Markdown.
        help: what it is, formula and source.
    """

    label: str
    numbers: tuple[Number, ...]
    help: str
    below: str = ""


def show_card(place: "DeltaGenerator", card: Card, *, width: Literal["stretch"] | int = "stretch") -> None:
    """Draw a card at a place; drawing again there replaces it.

    Args:
        place: an empty place or a container.
        card: what to draw.
        width: "stretch", or pixels.
    """
    with place.container(border=True, gap="xxsmall", width=width, height="stretch"):
        st.markdown(card.label, help=card.help)
        inner = "".join(number.as_html() for number in card.numbers)
        st.html(f'{_STYLE}<div class="sde-numbers">{inner}</div>')
        if card.below:
            st.caption(card.below)


def card_grid(cards: tuple[Card, ...], columns: int, *, places: "list[DeltaGenerator] | None" = None) -> None:
    """Draw cards in rows; in given places they replace what stands there."""
    for place, card in zip(places or grid_places(len(cards), columns), cards, strict=True):
        show_card(place, card)


def card_strip(cards: tuple[Card, ...]) -> None:
    """Draw cards of one width side by side; they wrap where the page is narrow."""
    with st.container(horizontal=True):
        for card in cards:
            show_card(st.container(width=CARD_WIDTH), card)


def grid_places(count: int, columns: int) -> "list[DeltaGenerator]":
    """Return ``count`` empty places in rows of ``columns``."""
    rows = [st.columns(columns) for _ in range(-(-count // columns))]
    return [row[i].container(height="stretch").empty() for row in rows for i in range(columns)][:count]
