"""The component: script and style of the map, and the function that puts it on a page."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.subspaces.point_map.sent import point_data

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.maps import Colours

_HERE = Path(__file__).parent
MAPPING = "\n".join((_HERE / f"{name}.js").read_text("utf-8") for name in ("points", "hands", "heard"))
"""What is drawn and what the pointer does; each file uses what stands before it."""
SCRIPT = f"{MAPPING}\n{(_HERE / 'map.js').read_text('utf-8')}"
"""Both on the page."""
STYLE = (_HERE / "style.css").read_text("utf-8")
HTML = """<div class="sde-points" role="figure"><div class="tools">
<button data-does="lasso" aria-pressed="true">Lasso</button><button data-does="pan" aria-pressed="false">Pan</button>
<button data-does="in" aria-label="Zoom in">+</button><button data-does="out" aria-label="Zoom out">−</button>
<button data-does="whole">Whole</button></div><div class="legend"></div><div class="place">
<canvas tabindex="0"></canvas><svg aria-hidden="true"><path></path></svg></div><small></small></div>"""
# In the page, not in a shadow: the card beside the pointer watches it as it watches figures.
_map = st.components.v2.component(
    "sde_explorer.point_map", html=HTML, css=STYLE, js=SCRIPT, isolate_styles=False
)


def point_map(
    flat: "npt.NDArray[np.float32]",
    colours: "Colours",
    *,
    key: str,
    first_id: int,
    alt: str,
    axes: str,
    picked: "npt.NDArray[np.bool_] | None" = None,
) -> None:
    """Show a map; all points are in the browser, which draws about 100,000 of those in view, evenly thinned.

    Args:
        flat: (p, 2) where the points lie.
        colours: of the points.
        key: unique on the page.
        first_id: id of the first point; the others follow.
        alt: the map in words, for those who do not see it.
        axes: what an axis is called, before its number.
        picked: (p,) points that are picked; the others fade. None fades nobody.
    """
    data = point_data(flat, colours, picked)
    with st.container(key=key):
        _map(key=f"{key}_points", data=[{**data, "first": first_id, "alt": alt, "axes": axes}])
