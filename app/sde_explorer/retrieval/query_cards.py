"""Queries one below the other: what asks, the right answer, and what stood first before and after."""

import html
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.ui.pointer import picture_source
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_core.vocabulary import Direction
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.retrieval.numbers.queries import QueryCard

_STYLE = """<style>
.sde-moves{width:100%;table-layout:fixed;border-collapse:collapse;font-size:.84rem;line-height:1.25}
.sde-moves th{font-weight:600;text-align:left;padding:.1rem .4rem .3rem;font-size:.78rem}
.sde-moves td{padding:.3rem .4rem;border-top:1px solid rgba(128,128,128,.28);vertical-align:middle;
overflow-wrap:anywhere}
.sde-moves img{width:56px;height:56px;object-fit:contain;border-radius:7px;background:#fff;padding:3px;
box-sizing:border-box;display:block}
.sde-moves div{display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow:hidden}
.sde-moves small{opacity:.75;display:block}
.sde-moves td.rank{font-variant-numeric:tabular-nums;white-space:nowrap}
</style>"""
_HEADS = ("asked", "right answer", "rank", "first before", "first after")


def cards(data: "Dataset", title: str, found: "Sequence[QueryCard]", way: "Direction") -> None:
    """Show some queries with their pictures; captions are text, never markup.

    Args:
        data: the set.
        title: above them.
        found: the queries.
        way: "image_retrieval": captions ask, pictures answer; "text_retrieval": the reverse.
    """
    st.markdown(f"**{title}**")
    if not found:
        st.caption("No query.")
        return
    heads = "".join(head(term) for term in _HEADS)
    rows = "".join(_row(data, card, way) for card in found)
    st.html(
        f'{_STYLE}<table class="sde-moves" aria-label="{title}"><colgroup><col style="width:26%"><col><col '
        f'style="width:15%"><col><col></colgroup><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _row(data: "Dataset", card: "QueryCard", way: "Direction") -> str:
    asks, answers = (_caption, _picture) if way.query == "text" else (_picture, _caption)
    more = f"<small>1 of {card.n_answers}</small>" if card.n_answers > 1 else ""
    return (
        f"<tr><td>{asks(data, card.query)}</td><td>{answers(data, card.answer)}{more}</td>"
        f'<td class="rank">{card.before:,.4g} → {card.after:,.4g}</td>'
        f"<td>{answers(data, card.first_before)}</td><td>{answers(data, card.first_after)}</td></tr>"
    )


def _caption(data: "Dataset", row: int) -> str:
    text = data.embeddings.captions[row] or f"caption {row}"
    return f'<div title="{html.escape(text, quote=True)}">{html.escape(text)}</div>'


def _picture(data: "Dataset", row: int) -> str:
    captions = data.embeddings.captions_of(row)
    name = html.escape(next((c for c in captions if c), data.embeddings.image_ids[row]), quote=True)
    source = picture_source(data, row)
    if source is None:
        return f"<div>{name}</div>"
    return f'<img src="{source}" alt="{name}" title="{name}">'
