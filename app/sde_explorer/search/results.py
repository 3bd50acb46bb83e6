"""What a search gave, as pictures or captions with scores and marks; captions are text, never markup."""

import html
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.search.words import change_mark
from sde_explorer.ui.pointer import picture_source

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.numbers import Hit

_STYLE = """<style>
.sde-hits,.sde-texts{margin:0!important;padding:0!important;list-style:none}
.sde-hits{display:grid;grid-template-columns:repeat(auto-fill,minmax(92px,1fr));gap:10px 8px}
.sde-hits li{display:flex;flex-direction:column;align-items:center;min-width:0;padding:6px 2px;border-radius:8px;
border:2px solid transparent;margin:0;box-sizing:border-box}
.sde-hits li.right,.sde-texts li.right{border:2px solid currentColor}
.sde-hits img{width:80px;height:80px;object-fit:contain;border-radius:8px;background:#fff;padding:4px;
box-sizing:border-box}
.sde-hits p{font-size:.78rem;line-height:1.2;margin:4px 0 0;text-align:center;overflow-wrap:anywhere;max-width:100%;
display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.sde-hits small,.sde-texts small{font-size:.76rem;opacity:.78;font-variant-numeric:tabular-nums;white-space:nowrap}
.sde-hits b,.sde-texts b{font-size:.76rem;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}
.sde-texts{font-size:.88rem;line-height:1.3}
.sde-texts b{min-width:4.9em}
.sde-texts li{display:flex;gap:.7em;padding:.28rem .4rem;border:2px solid transparent;
border-bottom:1px solid rgba(128,128,128,.22);margin:0;border-radius:4px;align-items:baseline}
.sde-texts span{flex:1;min-width:0;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:3;
-webkit-box-orient:vertical;overflow:hidden}
.sde-query{display:flex;gap:14px;align-items:center;font-size:.92rem;line-height:1.35}
.sde-query img{width:88px;height:88px;object-fit:contain;border-radius:8px;background:#fff;padding:4px;
box-sizing:border-box}
.sde-query p{margin:0;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;
overflow:hidden}
</style>"""


def results(
    data: "Dataset", find: str, hits: "tuple[Hit, ...]", *, side: str, best: "Hit | None" = None
) -> bool:
    """Show one side's results; return whether a picture of them could be read.

    Args:
        data: the set.
        find: "pictures" or "captions".
        hits: nearest first.
        side: "before", "after", or "alone" while the other side is not there.
        best: the best right answer, shown at the end where it is not among the first.
    """
    shown = list(hits)
    if best is not None and best.row not in {hit.row for hit in hits}:
        shown.append(best)
    draw = _picture if find == "pictures" else _text
    items = [draw(data, hit, side) for hit in shown]
    kind = "sde-hits" if find == "pictures" else "sde-texts"
    st.html(f'{_STYLE}<ol class="{kind}" data-side="{side}">{"".join(item for _, item in items)}</ol>')
    return any(has_picture for has_picture, _ in items)


def query_card(source: str | None, text: str) -> None:
    """Show what is searched with: a picture, or words.

    Args:
        source: of an image element, or None.
        text: what it is; text, never markup.
    """
    words = html.escape(text)
    image = "" if source is None else f'<img src="{source}" alt="{words}">'
    st.html(f'{_STYLE}<div class="sde-query">{image}<p>{words}</p></div>')


def _picture(data: "Dataset", hit: "Hit", side: str) -> tuple[bool, str]:
    embeddings = data.embeddings
    captions = embeddings.captions_of(hit.row)
    first = html.escape(captions[0] if captions and captions[0] else embeddings.image_ids[hit.row])
    everything = html.escape(" · ".join(captions) or embeddings.image_ids[hit.row], quote=True)
    source = picture_source(data, hit.row)
    image = "" if source is None else f'<img src="{source}" alt="{first}">'
    return source is not None, (
        f'<li{_right(hit)} data-row="{hit.row}" title="{everything}"><b>{_mark(hit, side)}</b>{image}<p>{first}</p>'
        f"<small>{hit.score:.3f}</small></li>"
    )


def _text(data: "Dataset", hit: "Hit", side: str) -> tuple[bool, str]:
    words = html.escape(data.embeddings.captions[hit.row] or f"caption of row {hit.row}")
    return False, (
        f'<li{_right(hit)} data-row="{hit.row}"><b>{_mark(hit, side)}</b><span>{words}</span>'
        f"<small>{hit.score:.3f}</small></li>"
    )


def _right(hit: "Hit") -> str:
    return ' class="right"' if hit.is_right else ""


def _mark(hit: "Hit", side: str) -> str:
    right = " ✓" if hit.is_right else ""
    change = f" {change_mark(hit.rank, hit.other)}" if side == "after" else ""
    if side == "before" and hit.other:
        change = f" → {hit.other:,}" if hit.other != hit.rank else " ="
    return f"{hit.rank:,}{change}{right}"
