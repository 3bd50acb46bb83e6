"""Keep how much? One half of the Retrieval view: the picture, its sentence, and what is taken along."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.treatments.compression.table import smallest_harmless
from sde_core.vocabulary import MODALITIES
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.retrieval.cached import recall_parts
from sde_explorer.retrieval.compress import words
from sde_explorer.retrieval.compress.cached import compress_best
from sde_explorer.retrieval.compress.figures import compress_figure
from sde_explorer.retrieval.compress.numbers import MOST_EXACT, Compressed, as_index, as_map, kept_names
from sde_explorer.retrieval.compress.table import compress_table
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.fields import choice, segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.file_button import file_button
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.pending import growing
from sde_explorer.ui.session import current_state
from sde_explorer.ui.words import as_text, plain

if TYPE_CHECKING:
    from sde_explorer.retrieval.state import RetrievalState
    from sde_explorer.ui.frame import View

HEIGHT = 552
"""Pixels at 1440 x 900: sentence, files and tabs below are seen to be there."""


def compress_view(view: "View") -> None:
    """Measure beside the page, and draw what there is.

    Args:
        view: Retrieval.
    """
    data, state = view.data, current_state()
    embeddings = data.embeddings
    if len(embeddings.modalities) < 2:
        [missing] = [embeddings.missing[each] for each in MODALITIES if each not in embeddings.modalities]
        st.info(f"{as_text(missing)} Recall needs both.", icon=":material/link_off:")
        return
    with view.controls:
        if embeddings.n_texts > len(set(embeddings.primary_text.tolist())):
            segments("recall_captions", "Captions", bare=True)
    view.how_to_read(words.HOW_TO_READ)
    try:
        known = compress_best(data, state.recall_captions)
        _, test = recall_parts(data, state.recall_captions)
    except sde.SDEError as error:
        st.info(
            f"Nothing to measure: {sentence_of(error)} Choose a larger part at the side, or another set.",
            icon=":material/straighten:",
        )
        return
    [job] = known.jobs
    found = job.result if job.status == "done" else None
    view.finding(words.finding(found) if found else words.measuring(job.partial), help=words.TERMS)
    with view.picture:
        growing(job, _draw)
        if found:
            st.markdown(words.story(found))
            exact_rows(
                known,
                what="pictures to search",
                n_rows=found.n_images,
                total=test.embeddings.n_images,
                power=2.0,
                at_most=MOST_EXACT,
            )
            _taken_along(data, state, found)
    if found:
        view.tabs("", {"All numbers": partial(_numbers, found), "What is what": _about})


def _draw(found: Compressed) -> None:
    st.plotly_chart(
        compress_figure(found, height=HEIGHT),
        key="compress_chart",
        config=CONFIG,
        alt="Recall over the numbers kept of a vector, a panel a code, a line a kind of axes, predicted dotted. "
        + plain(words.story(found)),
    )


def _numbers(found: Compressed) -> None:
    st.html(compress_table(found))


def _about() -> None:
    st.markdown("\n".join(f"- **{name}**: {text}" for name, text in words.ABOUT.items()))


def _taken_along(data: Dataset, state: "RetrievalState", found: Compressed) -> None:
    """Show what may be kept, the recommended first, and its files, each written when its button is pressed."""
    best = smallest_harmless(found.rows)
    names = kept_names((best, *found.rows))
    name = state.kept if state.kept in names else names[0]
    file = f"{name.replace(' ', '-')}-{data.fingerprint[:8]}"
    fit, _ = recall_parts(data, state.recall_captions)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        choice("kept", "Keep", names, help=words.KEPT, width=190, bare=True, placeholder=names[0])
        file_button("Map (safetensors)", partial(as_map, fit, name), f"{file}.safetensors", key="kept_map")
        file_button("faiss index, empty", partial(as_index, fit, name), f"{file}.faiss", key="kept_index")
        with st.popover("In code", type="tertiary"):
            st.code(words.code(name, file), language="python", wrap_lines=True)
