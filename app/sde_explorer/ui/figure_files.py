"""Every figure as a PNG or an SVG file, drawn by the browser that shows it."""

import re
from pathlib import Path

import streamlit as st

_HTML = """<div class="files" hidden><button data-format="png">Save as PNG</button>
<button data-format="svg">Save as SVG</button></div>"""
_CSS = """
.files{display:flex;gap:8px}
.files[hidden]{display:none}
button{font:400 14px/1.5 var(--st-font);padding:7px 12px;border-radius:var(--st-button-radius,8px);cursor:pointer;
border:1px solid var(--st-border-color);background:var(--st-background-color);color:var(--st-text-color)}
button:hover,button:focus-visible{border-color:var(--st-primary-color);color:var(--st-primary-color)}
"""
SAVING = Path(__file__).with_name("saving.js").read_text("utf-8")
"""Functions that write a drawing as a file: for the script of a component that draws."""
_figures = st.components.v2.component(
    "sde_explorer.figures",
    html=_HTML,
    css=_CSS,
    js=SAVING + Path(__file__).with_name("figures.js").read_text("utf-8"),
)


def figure_files() -> None:
    """Give the tool bar of every figure of the page a button for PNG and one for SVG; once a page, at its end."""
    _figures(key="figure_files", data={"chart": "", "name": file_stem(str(st.session_state.get("data", "")))})


def figure_buttons(chart: str, name: str) -> None:
    """Show the two buttons that save a figure.

    Args:
        chart: key of the figure.
        name: of the file, without its ending.
    """
    _figures(key=f"{chart}_files", data={"chart": chart, "name": name})


def file_stem(data: str) -> str:
    """Return the beginning of the names of files about a set.

    >>> file_stem("emoji"), file_stem("/home/me/My vectors.npz/")
    ('emoji', 'My-vectors-npz')
    """
    last = data.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9]+", "-", last).strip("-")[:60] or "figure"
