"""What is open: where it comes from, what is not known of it, what was skipped."""

from typing import TYPE_CHECKING

import streamlit as st

from app.components.skipped import skipped_items

if TYPE_CHECKING:
    from app.cache import Dataset


def open_set(data: "Dataset") -> None:
    """Show the facts of the open set, and a sentence for each thing that is not known."""
    embeddings, origin = data.embeddings, data.embeddings.provenance
    rows = [
        ("pictures from", origin.pairs),
        ("encoder", origin.encoder),
        ("preprocessing", origin.preprocessing),
        ("arithmetic", origin.precision),
        ("done to the vectors", origin.transform),
        ("made with", origin.versions),
    ]
    with st.expander("What is open", icon=":material/info:", expanded=bool(embeddings.missing)):
        for name, value in rows:
            if value:
                left, right = st.columns([0.2, 0.8])
                left.caption(name)
                right.text(value)
        for sentence in embeddings.missing.values():
            st.caption(f":material/info: {sentence}")
    skipped_items(embeddings.skipped)
