"""The component: script and style of the three maps, and the function that puts them on a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.subspaces.atlas.sent import atlas_data
from sde_explorer.subspaces.point_map.component import MAPPING
from sde_explorer.subspaces.point_map.component import STYLE as POINTS_STYLE
from sde_explorer.ui.band_bar import BAND_BAR_CSS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.atlas import BandMap, Sheet

_HERE = Path(__file__).parent
_HTML = """<div class="sde-points sde-atlas sde-bands-of" role="figure"><div class="tools">
<button data-does="lasso" aria-pressed="true">Lasso</button><button data-does="pan" aria-pressed="false">Pan</button>
<button data-does="in" aria-label="Zoom in">+</button><button data-does="out" aria-label="Zoom out">−</button>
<button data-does="whole">Whole</button></div><div class="panes"></div><small></small></div>"""
_SCRIPT = "\n".join((MAPPING, *((_HERE / f"{name}.js").read_text("utf-8") for name in ("sprites", "atlas"))))
# In the page, not in a shadow: the card beside the pointer watches it as it watches figures.
_atlas = st.components.v2.component(
    "sde_explorer.atlas",
    html=_HTML,
    css="\n".join((BAND_BAR_CSS, POINTS_STYLE, (_HERE / "style.css").read_text("utf-8"))),
    js=_SCRIPT,
    isolate_styles=False,
)


def atlas(
    maps: "Sequence[BandMap]",
    rows: "npt.NDArray[np.int64]",
    *,
    key: str,
    sheet: "Sheet | None",
    picked: "npt.NDArray[np.bool_] | None",
    told: str,
) -> None:
    """Show three maps; the pointer marks a picture in all of them, a lasso picks.

    Args:
        maps: where the pictures lie, a band each.
        rows: (p,) rows of the pictures.
        key: unique on the page.
        sheet: the pictures; None shows points alone.
        picked: (p,) pictures that are picked; the others fade. None fades nobody.
        told: what is drawn, below the maps.
    """
    with st.container(key=key):
        _atlas(key=f"{key}_maps", data=[atlas_data(maps, rows, sheet=sheet, picked=picked, told=told)])
