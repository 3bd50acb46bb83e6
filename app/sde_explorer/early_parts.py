"""Parts of Streamlit's client that a view draws with, named before the server asks for them.

The client fetches a part once the first element of its kind has come: of plotly 4.7 MB are read while a visitor
already waits for the picture. Named in the page itself they come while the server still computes.
"""

import json
from pathlib import Path

import streamlit

EVERYWHERE = (
    "BidiComponent",
    "Slider",
    "NumberInput",
    "Selectbox",
    "ButtonGroup",
    "Button",
    "Progress",
    "Html",
    "Multiselect",
)
"""Of all views: the side panel, own lines of controls."""
FIGURES = ("PlotlyChart",)
"""Of `FIGURE_VIEWS` only."""
FIGURE_VIEWS = ("", "subspaces", "curriculum", "training", "compare", "retrieval")
"""Paths of views that plotly draws a figure of at once; the Overview's is empty."""
_MARK = '"EARLY PARTS"'


def with_parts(script: str) -> str:
    """Return a script of the page with the addresses of the parts in it.

    Args:
        script: in which `"EARLY PARTS"` stands.

    A part that the installed version of Streamlit does not have is left out, and comes when it is asked for.
    """
    named = {"everywhere": _found(EVERYWHERE), "figures": _found(FIGURES), "views": FIGURE_VIEWS}
    return script.replace(_MARK, json.dumps(named))


def _found(names: tuple[str, ...]) -> list[str]:
    folder = Path(streamlit.__file__).parent / "static" / "static" / "js"
    found = (sorted(folder.glob(f"{name}.*.js")) for name in names)
    return [f"./static/js/{one[0].name}" for one in found if len(one) == 1]
