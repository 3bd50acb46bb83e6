"""The first ten pairs of a set, with their pictures, before anything is encoded."""

import base64
import html
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.ui.skipped import skipped_items

if TYPE_CHECKING:
    from sde_explorer.intake import PairsFound, ShownPair

_STYLE = """<style>
.sde-preview{display:grid;grid-template-columns:repeat(10,minmax(0,1fr));gap:6px 12px}
@media (max-width:1200px){.sde-preview{grid-template-columns:repeat(5,minmax(0,1fr))}}
.sde-preview figure{margin:0;padding-bottom:6px;min-width:0;display:flex;flex-direction:column;align-items:center}
.sde-preview img,.sde-preview i{width:min(104px,100%);aspect-ratio:1;object-fit:contain;border-radius:8px;
background:#fff;padding:4px;box-sizing:border-box}
.sde-preview i{display:flex;align-items:center;justify-content:center;background:rgba(128,128,128,.16);
font-size:.72rem;line-height:1.15;font-style:normal;text-align:center;overflow:hidden;overflow-wrap:anywhere}
.sde-preview figcaption{font-size:.8rem;line-height:1.2;margin-top:4px;text-align:center;overflow-wrap:anywhere;
display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow:hidden;max-width:100%}
.sde-preview small{opacity:.7}
</style>"""


def pairs_preview(found: "PairsFound") -> None:
    """Show what was found: format, count, ten pairs, what was skipped and why."""
    count = "more than ten pairs" if found.count is None else f"{found.count:,} pairs"
    classes = ", with classes and prompts for zero-shot classification" if found.has_classes else ""
    broken = sum(pair.picture is None for pair in found.shown)
    without = f", {broken} of which cannot be used" if broken else ""
    st.markdown(f"**{count}**, format **{found.kind}**{classes}. The first {len(found.shown)}{without}:")
    st.html(f'{_STYLE}<div class="sde-preview">{"".join(map(_figure, found.shown))}</div>')
    skipped_items(found.skipped, so_far=found.count is None)
    if found.count is None:
        st.caption(
            "The set is large: it is counted, and all that has to be skipped is listed, while it is encoded."
        )


def _figure(pair: "ShownPair") -> str:
    """Return a picture with its captions; what a user wrote is text, never markup."""
    words = html.escape(pair.captions[0] if pair.captions else pair.id)
    more = f" <small>+{len(pair.captions) - 1}</small>" if len(pair.captions) > 1 else ""
    title = html.escape(f"{pair.id}: {' · '.join(pair.captions)}", quote=True)
    if pair.picture is None:
        picture = f"<i>{html.escape(pair.problem)}</i>"
    else:
        data = base64.b64encode(pair.picture).decode()
        picture = f'<img src="data:image/webp;base64,{data}" alt="{words}">'
    return f'<figure title="{title}">{picture}<figcaption>{words}{more}</figcaption></figure>'
