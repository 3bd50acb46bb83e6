"""The button that hands out a file: its kind and its picture follow from the name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

# End of a name -> what browsers call such a file, and the icon of its button.
_KINDS = {
    ".csv": ("text/csv", "table"),
    ".json": ("application/json", "data_object"),
    ".jsonl": ("application/jsonl", "data_object"),
    ".zip": ("application/zip", "folder_zip"),
    ".html": ("text/html", "download"),
    ".faiss": ("application/octet-stream", "download"),
    ".safetensors": ("application/octet-stream", "download"),
}


def file_button(label: str, content: str | Callable[[], str | bytes], name: str, **more: Any) -> None:  # noqa: ANN401
    """Show a button whose file is written when it is pressed; the page does not run again.

    Args:
        label: what the file holds.
        content: of the file, or what makes it.
        name: of the file; its end says what it is.
        more: of `st.download_button`.
    """
    mime, icon = _KINDS[Path(name).suffix]
    st.download_button(label, content, name, mime, on_click="ignore", icon=f":material/{icon}:", **more)
