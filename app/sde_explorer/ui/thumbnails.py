"""Pictures with their captions in a grid; captions are text, never markup."""

import html
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.ui.pointer import picture_source

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

MOST_LETTERS = 56
"""Of a caption in a list: it stays on one line."""
_STYLE = """<style>
.sde-thumbs{display:grid;grid-template-columns:repeat(auto-fill,minmax(96px,1fr));gap:0 10px;grid-auto-rows:auto;
overflow:hidden}
.sde-thumbs figure{margin:0;padding-bottom:10px;min-width:0;display:flex;flex-direction:column;align-items:center}
.sde-thumbs img{width:min(88px,100%);aspect-ratio:1;object-fit:contain;border-radius:8px;background:#fff;padding:4px;
box-sizing:border-box}
.sde-thumbs figcaption{font-size:.78rem;line-height:1.2;margin-top:4px;text-align:center;overflow-wrap:anywhere;
display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;max-width:100%}
.sde-thumbs small{opacity:.7;font-size:.74rem;font-variant-numeric:tabular-nums}
ul.sde-lines{margin:0!important;padding:0!important;list-style:none;font-size:.86rem;line-height:1.3}
ul.sde-lines li{display:flex;gap:.6em;margin:0!important;padding:.2rem 0!important;
border-bottom:1px solid rgba(128,128,128,.22)}
.sde-lines span{flex:1;min-width:0;overflow-wrap:anywhere}
.sde-lines small{opacity:.7;font-variant-numeric:tabular-nums;flex:none}
</style>"""


def thumbnails(data: "Dataset", pictures: Iterable[tuple[int, str]], *, in_a_row: int = 0) -> bool:
    """Show pictures with their primary captions and a note each; return whether one of them could be read.

    Args:
        data: the set.
        pictures: row and note of each.
        in_a_row: so many beside each other; 0 takes as many as fit.
    """
    grid = f' style="grid-template-columns:repeat({in_a_row},minmax(0,1fr))"' if in_a_row else ""
    cards = [_card(data, int(row), note) for row, note in pictures]
    st.html(f'{_STYLE}<div class="sde-thumbs"{grid}>{"".join(card for _, card in cards)}</div>')
    return any(has_picture for has_picture, _ in cards)


def lines(captions: Iterable[tuple[str, str]]) -> None:
    """Show captions below each other, the beginnings of long ones, each with a note at its end.

    Args:
        captions: caption and note of each.
    """
    items = "".join(
        f'<li title="{html.escape(caption, quote=True)}"><span>{html.escape(_beginning(caption)) or "–"}</span>'
        f"<small>{html.escape(note)}</small></li>"
        for caption, note in captions
    )
    st.html(f'{_STYLE}<ul class="sde-lines">{items}</ul>')


def _beginning(caption: str) -> str:
    """Return a caption, or as many of its words as fit on a line."""
    return textwrap.shorten(caption, MOST_LETTERS, placeholder=" …")


def _card(data: "Dataset", row: int, note: str) -> tuple[bool, str]:
    embeddings = data.embeddings
    captions = embeddings.captions_of(row)
    first = html.escape(captions[0] if captions and captions[0] else embeddings.image_ids[row])
    everything = html.escape(" · ".join(captions) or embeddings.image_ids[row], quote=True)
    source = picture_source(data, row)
    image = "" if source is None else f'<img src="{source}" alt="{first}">'
    below = f"<small>{html.escape(note)}</small>" if note else ""
    return source is not None, (
        f'<figure title="{everything}">{image}<figcaption>{first}</figcaption>{below}</figure>'
    )
