"""Pictures of pairs with their captions, in rows."""

import base64
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.readings.cached import pictures as cached_pictures

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

_STYLE = """<style>
.sde-gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:0 12px;
grid-auto-rows:0;overflow:hidden}
.sde-gallery figure{margin:0;padding-bottom:12px;min-height:0;display:flex;flex-direction:column;align-items:center}
.sde-gallery img{width:96px;height:96px;object-fit:contain;border-radius:8px;background:#fff;padding:4px;
box-sizing:border-box}
.sde-gallery figcaption{font-size:.8rem;line-height:1.2;margin-top:4px;text-align:center;overflow-wrap:anywhere;
display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
</style>"""


def pair_grid(data: "Dataset", rows: Iterable[int], *, lines: int, in_a_row: int = 0) -> None:
    """Show pairs of the set; what does not fit into the lines is not shown.

    Args:
        data: the set.
        rows: of its pictures.
        lines: rows of pictures.
        in_a_row: so many beside each other; 0 takes as many as fit.
    """
    embeddings = data.embeddings
    source = embeddings.provenance.pairs
    cards = [_card(source, embeddings.image_ids[i], embeddings.captions_of(int(i))) for i in rows]
    if cards and not any(has_picture for has_picture, _ in cards):
        st.info("The pictures of this set are not on this machine: captions and ids are shown instead.")
    drawn = "".join(card for _, card in cards)
    style = f"grid-template-rows:repeat({lines},auto)"
    if in_a_row:
        style += f";grid-template-columns:repeat({in_a_row},minmax(0,1fr))"
    st.html(f'{_STYLE}<div class="sde-gallery" style="{style}">{drawn}</div>')


def _card(source: str, pair_id: str, captions: tuple[str, ...]) -> tuple[bool, str]:
    """Return whether there is a picture, and the figure; captions are text, never markup."""
    first = html.escape(captions[0] if captions and captions[0] else pair_id)
    everything = html.escape(" · ".join(captions), quote=True)
    content = cached_pictures.thumbnail(source, pair_id) if source else None
    if content is None:
        return False, f'<figure title="{everything}"><figcaption>{first}</figcaption></figure>'
    data = base64.b64encode(content).decode()
    image = f'<img src="data:image/webp;base64,{data}" alt="{first}">'
    return True, f'<figure title="{everything}">{image}<figcaption>{first}</figcaption></figure>'
