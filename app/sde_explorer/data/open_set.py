"""What is open: where it comes from, what is not known of it, what was skipped."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.intake.names import data_name, encoder_name
from sde_explorer.readings.cached import machine as cached_machine
from sde_explorer.ui.called import name_box, place_of
from sde_explorer.ui.session import current_state
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset


MOST_LETTERS = 90
"""Of a fact: all of a longer one is in its tooltip."""


def _whole(value: str) -> str | None:
    return as_text(value) if len(value) > MOST_LETTERS else None


def memory_sentence(in_use: int | None) -> str:
    """Return what the server keeps in memory, and how much it holds now.

    >>> memory_sentence(1_234_000_000)[:32]
    'Memory: the server holds 1.23 GB'
    """
    now = "" if in_use is None else f"the server holds {in_use / 1e9:.2f} GB now. "
    return (
        f"Memory: {now}A session keeps its choices only; vectors stay in their files, and results are shared by all "
        "sessions, so many of each kind and no more: the oldest leave first (docs/benchmarks.md)."
    )


def open_set(data: "Dataset") -> None:
    """Show the facts of the open set, and a sentence for each thing that is not known."""
    embeddings, origin = data.embeddings, data.embeddings.provenance
    state = current_state()
    with st.container(horizontal=True, gap="medium"):
        name_box("Call this set", state.data, data_name(state.data))
        name_box("Call its encoder", state.encoder, encoder_name(state.encoder))
    rows = [
        ("pictures from", origin.pairs),
        ("encoder", origin.encoder),
        ("preprocessing", origin.preprocessing),
        ("arithmetic", origin.precision),
        ("done to the vectors", origin.transform),
        ("made with", origin.versions),
    ]
    for sentence in (*embeddings.missing.values(), *embeddings.remarks):
        st.caption(f":material/info: {as_text(sentence)}")
    for name, value in rows:
        if value:
            left, right = st.columns([0.2, 0.8])
            left.caption(name)
            shown = data_name(value)
            right.text(
                shown if len(shown) <= MOST_LETTERS else f"{shown[:MOST_LETTERS]} ...",
                help=_whole(value) or place_of(value) or None,
            )
    with st.popover("Memory", icon=":material/memory:", type="tertiary"):
        st.markdown(memory_sentence(cached_machine.memory_in_use()))
