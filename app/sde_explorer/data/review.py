"""Pairs that fit least, one after another: keep, drop, next, undo, by pointer or key, and the list that is left."""

import html
from typing import TYPE_CHECKING

import streamlit as st

from sde_core.errors import DataError
from sde_core.sets.pair_list import pair_list
from sde_explorer.data import cached, words
from sde_explorer.data.numbers import Decision, Review
from sde_explorer.intake.reviews import change_history, read_history
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.ui.fields import segments
from sde_explorer.ui.file_button import file_button
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.pending import pending
from sde_explorer.ui.pointer import picture_source
from sde_explorer.ui.session import current_state
from sde_explorer.ui.thumbnails import lines

if TYPE_CHECKING:
    from collections.abc import Callable

    import sde_core as sde
    from sde_explorer.readings.cached.sets import Dataset

_FAILED = "review_failed"
_STYLE = """<style>
.sde-review{display:flex;gap:18px;align-items:center;min-height:168px}
.sde-review img,.sde-review i{width:160px;height:160px;flex:none;object-fit:contain;border-radius:10px;background:#fff;
padding:8px;box-sizing:border-box}
.sde-review i{display:flex;align-items:center;justify-content:center;font-size:.78rem;font-style:normal;color:#444;
text-align:center;overflow:hidden;overflow-wrap:anywhere}
.sde-review p{font-size:1.15rem;line-height:1.3;margin:0 0 .4rem;overflow-wrap:anywhere;display:-webkit-box;
-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden}
.sde-review small{display:block;opacity:.8;font-variant-numeric:tabular-nums}
</style>"""
# Decision -> what its button says, its key on the keyboard and its icon.
_BUTTONS: dict[Decision, tuple[str, str, str]] = {
    "keep": ("Keep", "K", ":material/check:"),
    "drop": ("Drop", "D", ":material/delete:"),
    "next": ("Next", "N", ":material/skip_next:"),
}


def review_pairs(data: "Dataset") -> None:
    """Show the queue, or why there is none."""
    if len(data.embeddings.modalities) < 2:
        st.info("Pairs need images and texts; this set has one of them.", icon=":material/info:")
        return
    segments("data_measure", "Ordered by", help=words.MEASURES)
    measure = current_state().data_measure
    job = cached.mismatched(data, measure)
    if job.status != "done":
        if job.partial is not None:
            st.markdown(words.wrong_pairs_so_far(job.partial, len(data.embeddings.links)))
        pending([job], draws_partial=True)
        return
    found = job.result
    st.markdown(words.wrong_pairs(found))
    _queue(data, found, measure)


@st.fragment
def _queue(data: "Dataset", found: "sde.MismatchedPairs", measure: str) -> None:
    """Show the pair whose turn it is; a press runs this part of the page alone."""
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(failed, icon=":material/error:")
    review = _review(data)
    link = review.current(found.order)
    if link is None:
        st.success("All pairs were looked at.", icon=":material/check_circle:")
    else:
        _pair(data, found, link, measure)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for decision, (label, key, icon) in _BUTTONS.items():
            st.button(
                label,
                key=f"review_{decision}",
                icon=icon,
                shortcut=key,
                type="primary" if decision == "drop" else "secondary",
                disabled=link is None,
                on_click=_decide,
                args=(data, link, decision),
            )
        st.button(
            "Undo",
            key="review_undo",
            icon=":material/undo:",
            shortcut="U",
            disabled=not review.history,
            on_click=_undo,
            args=(data,),
        )
        st.caption(words.review_so_far(review, len(found.links)), width="content")
    _downloads(data, found, review)


def _pair(data: "Dataset", found: "sde.MismatchedPairs", link: int, measure: str) -> None:
    embeddings = data.embeddings
    text, image = (int(row) for row in found.links[link])
    caption = html.escape(embeddings.captions[text] or f"caption {text}")
    source = picture_source(data, image) if embeddings.provenance.pairs else None
    name = html.escape(embeddings.image_ids[image], quote=True)
    picture = f"<i>{name}</i>" if source is None else f'<img src="{source}" alt="picture {name}">'
    place = int((found.order == link).argmax())
    said = html.escape(words.place_in_line(found, link, place, measure))
    twin = "<small>Another picture of the set has the same vector.</small>" if found.has_twin[link] else ""
    left, right = st.columns([0.62, 0.38], gap="medium", vertical_alignment="center")
    left.html(
        f'{_STYLE}<div class="sde-review">{picture}<div><p>{caption}</p><small>{said}</small>{twin}</div></div>'
    )
    with right:
        st.caption("Captions nearest to this picture, its own left out; their cosines:")
        near = cached.nearest(data.fingerprint, image, data)
        lines((embeddings.captions[row] or f"caption {row}", f"{cosine:.2f}") for row, cosine in near)


def _downloads(data: "Dataset", found: "sde.MismatchedPairs", review: Review) -> None:
    import numpy as np

    embeddings, gone = data.embeddings, list(review.dropped)
    with st.container(horizontal=True, gap="small"):
        file_button(
            "Pairs that are left",
            lambda: pair_list(embeddings, np.delete(found.links, gone, axis=0), ".jsonl"),
            "pairs-left.jsonl",
            key="review_left",
        )
        file_button(
            "Dropped pairs",
            lambda: pair_list(embeddings, found.links[gone], ".jsonl"),
            "pairs-dropped.jsonl",
            key="review_dropped",
            disabled=not gone,
        )


def _review(data: "Dataset") -> Review:
    """Return what was decided about this set, in whichever tab and session."""
    return Review.of(read_history(cache_folder(), data.fingerprint))


def _change(data: "Dataset", change: "Callable[[Review], Review]") -> None:
    try:
        change_history(cache_folder(), data.fingerprint, lambda known: change(Review.of(known)).history)
    except DataError as error:
        st.session_state[_FAILED] = sentence_of(error)


def _decide(data: "Dataset", link: int | None, decision: Decision) -> None:
    if link is not None:
        _change(data, lambda review: review.decided(link, decision))


def _undo(data: "Dataset") -> None:
    _change(data, Review.undone)
