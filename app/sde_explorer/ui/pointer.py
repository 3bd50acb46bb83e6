"""What the pointer does on figures of points: a card with the picture beside it, and picking by lasso, box, click."""

import base64
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from sde_core.vocabulary import BANDS
from sde_explorer.readings.cached import energies as cached_energies
from sde_explorer.readings.cached import pictures as cached_pictures
from sde_explorer.ui.figures import palette
from sde_explorer.ui.threshold_figure.component import sent_value

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.shared_state import SharedState

_HTML = """<div class="card" hidden><img alt=""><div class="words"><b></b><p></p><div class="bars"></div>
<small></small></div></div>"""
_CSS = """
.card{position:fixed;left:0;top:0;z-index:999990;pointer-events:none;display:flex;gap:10px;align-items:flex-start;
max-width:330px;padding:9px 11px;border-radius:10px;background:var(--st-secondary-background-color);
color:var(--st-text-color);border:1px solid var(--st-border-color);box-shadow:0 6px 22px rgba(0,0,0,.28);
font:13px/1.3 var(--st-font)}
.card[hidden],img[hidden]{display:none}
img{width:96px;height:96px;object-fit:contain;background:#fff;border-radius:7px;padding:3px;box-sizing:border-box;
flex:none}
.words{min-width:130px}
p{margin:2px 0 6px;display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden;
overflow-wrap:anywhere}
.bars{display:flex;height:7px;border-radius:4px;overflow:hidden;margin-bottom:3px}
.bars i{flex:0 1 auto}
small{opacity:.75;white-space:nowrap}
"""
_HOVER = "pointer_hover"
_pointer = st.components.v2.component(
    "sde_explorer.pointer", html=_HTML, css=_CSS, js=Path(__file__).with_name("pointer.js").read_text("utf-8")
)


@st.fragment
def hover_cards(data: "Dataset", state: "SharedState", charts: tuple[str, ...]) -> None:
    """Show a card beside the pointer where it rests on a point; only this is run for it.

    Args:
        data: the set.
        state: whose thresholds the energies follow.
        charts: keys of the figures.
    """
    asked = sent_value(_HOVER, "hovered")
    card = card_of(data, state, asked) if isinstance(asked, int) else None
    _pointer(
        key=_HOVER,
        data=[{"watches": "hover", "charts": list(charts), "set": _digest(data, state), "card": card}],
        on_hovered_change=lambda: None,
    )


def picks(charts: tuple[str, ...], on_pick: Callable[[list[int]], None]) -> None:
    """Take what a lasso, a box, a click or a double click on a figure picks.

    Args:
        charts: keys of the figures.
        on_pick: is given the ids of the points; none where the choice was let go.
    """
    key = "pointer_picks"

    def take() -> None:
        picked = sent_value(key, "picked")
        if isinstance(picked, Mapping):
            on_pick([id for id in picked.get("ids", ()) if isinstance(id, int)])

    _pointer(
        key=key,
        data=[{"watches": "picks", "charts": list(charts), "set": "", "card": None}],
        on_picked_change=take,
    )


def card_of(data: "Dataset", state: "SharedState", id: int) -> dict[str, Any] | None:
    """Return what the card of a point says, or None if there is no such point.

    Args:
        data: the set.
        state: whose thresholds the energies follow.
        id: row of a picture, or n_images plus row of a caption.
    """
    embeddings = data.embeddings
    is_text = id >= embeddings.n_images
    row = id - embeddings.n_images if is_text else id
    if not 0 <= row < (embeddings.n_texts if is_text else embeddings.n_images):
        return None
    if is_text:
        of = embeddings.links[embeddings.links[:, 0] == row, 1]
        picture = int(of[0]) if len(of) else None
        text = embeddings.captions[row]
    else:
        picture, text = row, " · ".join(embeddings.captions_of(row))
    shares = cached_energies.band_shares(data, state, "text" if is_text else "image")[row]
    known = math.isfinite(shares[0])
    return {
        "id": id,
        "title": "Caption" if is_text else "Picture",
        "text": text or (embeddings.image_ids[picture] if picture is not None else ""),
        "picture": None if picture is None else picture_source(data, picture),
        "bars": [[palette.BAND[b], float(s), b] for b, s in zip(BANDS, shares, strict=True)] if known else [],
        "numbers": " · ".join(f"{b} {s:.0%}" for b, s in zip(BANDS, shares, strict=True)) if known else "",
    }


def picture_source(data: "Dataset", row: int) -> str | None:
    """Return a small picture as the source of an image element, or None where there is none."""
    embeddings = data.embeddings
    content = cached_pictures.thumbnail(embeddings.provenance.pairs, embeddings.image_ids[row])
    return None if content is None else f"data:image/webp;base64,{base64.b64encode(content).decode()}"


def _digest(data: "Dataset", state: "SharedState") -> str:
    """Return what the cards depend on: their energies follow the thresholds."""
    return f"{data.fingerprint}/{state.center}/{state.rule}/{state.noise}/{state.strong}"
