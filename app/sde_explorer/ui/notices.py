"""What is wrong, in a box; words that came from outside are shown as text, whatever they hold."""

import streamlit as st

from sde_explorer.ui.words import as_text


def sentence_of(error: Exception | str) -> str:
    """Return an error as one sentence that Markdown leaves as it is."""
    return f"{as_text(str(error).strip().rstrip('.'))}."


def error_box(error: Exception | str, *, start: str = "") -> None:
    """Show an error.

    Args:
        error: its words may name anything that a user, a file or a link brought.
        start: what goes before them, in Markdown.
    """
    st.error(f"{start}{sentence_of(error)}", icon=":material/error:")
