"""What is searched with: a typed text, an uploaded picture, or a pair of the set."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_explorer.intake import thumbnail_of
from sde_explorer.search import cached as cached_search
from sde_explorer.search import words
from sde_explorer.search.numbers import check_query, example_captions, right_answers
from sde_explorer.search.results import query_card
from sde_explorer.ui.fields import number
from sde_explorer.ui.job_progress import job_error
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.own_keys import own_key, taker
from sde_explorer.ui.pending import pending
from sde_explorer.ui.pointer import picture_source
from sde_explorer.ui.session import put
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.cached import Query
    from sde_explorer.search.numbers import Ints
    from sde_explorer.state import State

_PICTURE = "search_picture"


@dataclass(frozen=True, eq=False)
class Asked:
    """A query, and what is known to be right.

    Attributes:
        query: as a vector.
        right: rows of the right answers, empty where none is known.
    """

    query: "Query"
    right: "Ints"


def asked(data: "Dataset", state: "State") -> Asked | None:
    """Show the widgets for what is searched with; return it, or None while there is nothing to search with."""
    if state.search == "pair":
        return _pair(data, state)
    if not data.embeddings.provenance.encoder:
        st.info(words.NO_ENCODER, icon=":material/link_off:")
        _offer_pair()
        return None
    return _text(data, state) if state.search == "text" else _picture(data)


def _text(data: "Dataset", state: "State") -> Asked | None:
    key, first = own_key("query_text", "query", state.query)
    st.text_input(
        "Query",
        first,
        key=key,
        type="search",
        placeholder="words, such as a caption would have them",
        icon=":material/search:",
        label_visibility="collapsed",
        on_change=taker("query_text", key),
    )
    text = state.query.strip()
    if not text:
        _examples(data)
        if cached_search.encoder_is_here(data):
            cached_search.encoder_job(data)  # warm by the time that something is typed
        return None
    try:
        check_query(text)
        encoder = _encoder(data)
        if encoder is None:
            return None
        query = cached_search.text_query(encoder, text)
    except sde.SDEError as error:
        _refuse(error)
        return None
    if query.read < len(text):
        st.caption(f":material/content_cut: {words.cut_off(query.read, len(text), _context(encoder))}")
    if not _fits(data, query, encoder):
        return None
    right = right_answers(data.embeddings, state.find, text=cached_search.own_caption(data, text))
    return Asked(query, right)


def _picture(data: "Dataset") -> Asked | None:
    st.file_uploader(
        "Picture",
        key="search_upload",
        max_upload_size=64,
        label_visibility="collapsed",
        on_change=_take_upload,
    )
    held = st.session_state.get(_PICTURE)
    if held is None:
        st.caption(words.UPLOAD_STORY)
        if cached_search.encoder_is_here(data):
            cached_search.encoder_job(data)
        return None
    name, content = held
    try:
        small = thumbnail_of(content, 144)
        query_card(f"data:image/webp;base64,{base64.b64encode(small).decode()}", name)
        encoder = _encoder(data)
        if encoder is None:
            return None
        query = cached_search.picture_query(encoder, content)
    except sde.SDEError as error:
        _refuse(error, name)
        return None
    nothing = np.zeros(0, np.int64)
    return Asked(query, nothing) if _fits(data, query, encoder) else None


def _take_upload() -> None:
    """Keep the file: the widget forgets it when another view is shown."""
    file = st.session_state["search_upload"]
    if file is None:
        st.session_state.pop(_PICTURE, None)
    else:
        st.session_state[_PICTURE] = (file.name, file.getvalue())


def _pair(data: "Dataset", state: "State") -> Asked | None:
    embeddings = data.embeddings
    row, last = state.pair, embeddings.n_images - 1
    if row > last:
        st.warning(
            f"This set has {embeddings.n_images:,} pictures, rows 0 to {last:,}; row {row:,} is not there: row 0 is "
            "shown instead.",
            icon=":material/link_off:",
        )
        put(pair=0)
        row = 0
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        number("pair", "Row of the pair", high=last, width=170)
        st.button("Another at random", icon=":material/shuffle:", on_click=lambda: _draw(data))
    text = int(embeddings.primary_text[row])
    captions = " · ".join(embeddings.captions_of(row)) or embeddings.image_ids[row]
    if state.find == "captions":
        query_card(picture_source(data, row), f"Searched with this picture. Its captions: {captions}")
        return Asked(
            cached_search.own_query(data, "image", row), right_answers(embeddings, "captions", image=row)
        )
    if text < 0:
        st.info("This picture has no caption to search with: find captions, or take another row.")
        return None
    caption = embeddings.captions[text] or f"caption {text}"
    query_card(picture_source(data, row), f"Searched with its caption: {caption}")
    return Asked(
        cached_search.own_query(data, "text", text), right_answers(embeddings, "pictures", text=text)
    )


def _draw(data: "Dataset") -> None:
    """Take another pair: the next one of a seeded order."""
    count = st.session_state["pairs_drawn"] = st.session_state.get("pairs_drawn", 0) + 1
    rows = np.flatnonzero(data.embeddings.primary_text >= 0)
    if len(rows):
        put(pair=int(np.random.default_rng(count).choice(rows)))


def _encoder(data: "Dataset") -> "Encoder | None":
    """Return the encoder of the set; while it loads, or where it does not, say so and return None."""
    job = cached_search.encoder_job(data)
    if job.status == "failed":
        st.error(job_error(job), icon=":material/error:")
        with st.container(horizontal=True):
            st.button(
                "Try again", icon=":material/refresh:", on_click=lambda: cached_search.forget_encoder(data)
            )
            _offer_pair()
        return None
    if job.is_active:
        pending([job])
        return None
    encoder: Encoder = job.result
    return encoder


def _fits(data: "Dataset", query: "Query", encoder: "Encoder") -> bool:
    for sentence in words.encoder_warnings(data.embeddings.provenance, encoder):
        st.warning(sentence, icon=":material/warning:")
    width = query.vector.shape[1]
    if width != data.embeddings.width:
        st.error(words.width_problem(data.embeddings.width, width, encoder.name), icon=":material/error:")
        _offer_pair()
        return False
    return True


def _context(encoder: "Encoder") -> int:
    return int(encoder.tokenizer(["a"]).shape[1])


def _examples(data: "Dataset") -> None:
    name = data.embeddings.provenance.pairs.split("/")[0]
    examples = words.EXAMPLES.get(name) or example_captions(data.embeddings)
    if not examples:
        return
    st.caption(words.PROMPT)
    with st.container(horizontal=True):
        for number, text in enumerate(examples):
            st.button(
                as_text(text),
                key=f"example {number}",
                icon=":material/search:",
                on_click=lambda text=text: put(query=text),
            )


def _offer_pair() -> None:
    st.button(
        "Take a pair of the set", icon=":material/conversion_path:", on_click=lambda: put(search="pair")
    )


def _refuse(error: Exception, name: str = "") -> None:
    start = f"{as_text(name)}: " if name else ""
    error_box(error, start=start)
