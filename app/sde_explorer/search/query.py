"""The question: a typed text, an uploaded picture, or an item of the set; never nothing."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_explorer.intake import thumbnail_of
from sde_explorer.search import cached as cached_search
from sde_explorer.search import words
from sde_explorer.search.box import UPLOADED
from sde_explorer.search.numbers import check_query, example_captions, right_answers
from sde_explorer.ui.job_progress import job_error
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import pending
from sde_explorer.ui.pointer import picture_source
from sde_explorer.ui.session import put
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.cached import Query
    from sde_explorer.search.numbers import Ints
    from sde_explorer.search.state import SearchState


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A query, what is known to be right, and what people see of it.

    Attributes:
        query: as a vector.
        right: rows of the right answers, empty where none is known.
        what: what kind of query it is, in a few words.
        text: the words that ask; from outside.
        picture: source of an image element, or None.
    """

    query: "Query"
    right: "Ints"
    what: str
    text: str
    picture: str | None = None


def found_kind(data: "Dataset", state: "SearchState") -> str:
    """Return what is searched for: what the state says, or what the set has."""
    if not data.embeddings.n_images:
        return "captions"
    return state.find if data.embeddings.n_texts else "pictures"


def asked(data: "Dataset", state: "SearchState") -> Asked | None:
    """Return the question; None, with the reason on the page, where what was typed or uploaded cannot be asked.

    Args:
        data: the set.
        state: of the dashboard.
    """
    if state.search == "pair":
        return _of_the_set(data, state, _row(data, state))
    if state.search == "text" and state.query.strip() and data.embeddings.provenance.encoder:
        return _typed(data, state, state.query.strip())
    if state.search == "picture" and st.session_state.get(UPLOADED) is not None:
        return _uploaded(data)
    if cached_search.encoder_is_here(data):
        cached_search.encoder_job(data, is_ahead=True)  # warm by the time that something is typed
    return _of_the_set(data, state, cached_search.example_row(data, found_kind(data, state)))


def examples(data: "Dataset", state: "SearchState") -> None:
    """Show a few queries to press, or why no words can be asked; nothing once something is asked.

    Args:
        data: the set.
        state: of the dashboard.
    """
    if state.search != "text":
        return
    if not data.embeddings.provenance.encoder:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f":material/link_off: {words.NO_ENCODER}", width="content")
            _offer_pair()
        return
    if state.query.strip():
        return
    name = data.embeddings.provenance.pairs.split("/")[0]
    known = words.EXAMPLES.get(name) or example_captions(data.embeddings)
    if known:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="search_examples"):
            st.caption(words.TRY, width="content")
            for number, text in enumerate(known):
                st.button(
                    as_text(text),
                    key=f"example {number}",
                    type="tertiary",
                    on_click=lambda text=text: put(query=text),
                )


def _typed(data: "Dataset", state: "SearchState", text: str) -> Asked | None:
    try:
        check_query(text)
        encoder = _encoder(data)
        if encoder is None:
            return None
        query = cached_search.text_query(encoder, text)
    except sde.SDEError as error:
        error_box(error)
        return None
    if query.read < len(text):
        st.caption(f":material/content_cut: {words.cut_off(query.read, len(text), _context(encoder))}")
    if not _fits(data, query, encoder):
        return None
    own = cached_search.own_caption(data, text)
    right = right_answers(data.embeddings, found_kind(data, state), text=own)
    return Asked(query=query, right=right, what="these words", text=text)


def _uploaded(data: "Dataset") -> Asked | None:
    name, content = st.session_state[UPLOADED]
    try:
        small = thumbnail_of(content, 144)
        encoder = _encoder(data)
        if encoder is None:
            return None
        query = cached_search.picture_query(encoder, content)
    except sde.SDEError as error:
        error_box(error, start=f"{as_text(name)}: ")
        return None
    if not _fits(data, query, encoder):
        return None
    source = f"data:image/webp;base64,{base64.b64encode(small).decode()}"
    nothing = np.zeros(0, np.int64)
    return Asked(query=query, right=nothing, what="your picture", text=name, picture=source)


def _row(data: "Dataset", state: "SearchState") -> int:
    embeddings = data.embeddings
    last = embeddings.n_rows - 1
    if state.pair <= last:
        return state.pair
    what = "pictures" if embeddings.n_images else "captions"
    st.warning(
        f"This set has {embeddings.n_rows:,} {what}, rows 0 to {last:,}; row {state.pair:,} is not there: row 0 is "
        "shown instead.",
        icon=":material/link_off:",
    )
    put(pair=0)
    return 0


def _of_the_set(data: "Dataset", state: "SearchState", row: int) -> Asked | None:
    """Return a question by an item of the set: by its other half where there is one, else by itself."""
    embeddings = data.embeddings
    if not embeddings.n_images:
        text = embeddings.captions[row] or f"caption {row}"
        query = cached_search.own_query(data, "text", row)
        return Asked(query=query, right=np.zeros(0, np.int64), what=f"caption {row:,}", text=text)
    finds_captions = state.find == "captions"
    if finds_captions or not embeddings.n_texts:
        right = right_answers(embeddings, "captions", image=row) if finds_captions else np.zeros(0, np.int64)
        return Asked(
            query=cached_search.own_query(data, "image", row),
            right=right if embeddings.n_texts else np.zeros(0, np.int64),
            what=f"picture {row:,}",
            text=" · ".join(embeddings.captions_of(row)) or embeddings.image_ids[row],
            picture=picture_source(data, row),
        )
    text_row = int(embeddings.primary_text[row])
    if text_row < 0:
        st.info("This picture has no caption to search with: find captions, or take another row.")
        return None
    return Asked(
        query=cached_search.own_query(data, "text", text_row),
        right=right_answers(embeddings, "pictures", text=text_row),
        what=f"the caption of picture {row:,}",
        text=embeddings.captions[text_row] or f"caption {text_row}",
    )


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
        pending_over_answer(job)
        return None
    encoder: Encoder = job.result
    return encoder


def pending_over_answer(job: "Job") -> None:
    """Show how far a job is over the lower edge of the answer: what is below keeps its place.

    Args:
        job: that the answer waits for.
    """
    with st.container(key="answer_waits"):
        pending([job])


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


def _offer_pair() -> None:
    st.button(
        "Take a pair of the set", icon=":material/conversion_path:", on_click=lambda: put(search="pair")
    )
