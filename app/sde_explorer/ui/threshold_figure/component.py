"""The component: script and style of the figure, and the function that puts it on a page."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.ui.band_bar import BAND_BAR_CSS, BAND_BAR_JS
from sde_explorer.ui.figure_files import SAVING
from sde_explorer.ui.figures import palette
from sde_explorer.ui.threshold_figure.sent import Overlay, figure_data

if TYPE_CHECKING:
    from sde_core.partition import Bands

_HERE = Path(__file__).parent
HTML = """<div class="figure sde-bands-of" role="figure"><div class="files">
<button data-format="png" aria-label="Save as PNG">PNG</button>
<button data-format="svg" aria-label="Save as SVG">SVG</button></div><div class="panels"></div></div>"""
_INKS = "".join(f"--{name}-ink:{palette.as_text(name)};" for name in palette.MODALITY)


def _scripts(*names: str) -> str:
    return "\n".join((_HERE / f"{name}.js").read_text("utf-8") for name in names)


# Each file uses what stands before it.
LOGIC = _scripts("bands", "scales")
"""Bands and axes, without a page."""
DESK = "\n".join((SAVING, BAND_BAR_JS, LOGIC, _scripts("elements", "pens", "lines", "picture", "desk")))
"""Thresholds that are taken, heard of and saved: what the script of a figure with such lines stands on."""
STYLE = "\n".join((BAND_BAR_CSS, f".figure{{{_INKS}}}", (_HERE / "style.css").read_text("utf-8")))
"""Rules of such a figure."""
_figure = st.components.v2.component(
    "sde_explorer.threshold_figure",
    html=HTML,
    css=STYLE,
    js=f"{DESK}\n{_scripts('paint', 'panel', 'hands', 'figure')}",
)


def threshold_figure(
    reports: "list[Bands]",
    *,
    key: str,
    factors: tuple[float, float],
    on_release: Callable[[float, float], None],
    alt: str,
    name: str,
    overlays: Mapping[str, Overlay] | None = None,
    axes: tuple[str, str, str] = ("rank", "linear", "log"),
    names: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Show singular spectra with their bands; both thresholds can be dragged, by pointer and by keyboard.

    Points, shades, counts and shares follow in the browser. The server hears of a threshold when it is let go.

    Args:
        reports: one panel each.
        key: unique on the page.
        factors: noise and strong threshold as multiples of the rule's.
        on_release: is given both factors, in a callback before the next run.
        alt: the figure in words, for those who do not see it.
        name: of saved files, without an ending.
        overlays: bands around the spectra by modality.
        axes: unit of the ranks ("rank" or "share"), their scale, the scale of the values ("linear" or "log").
        names: of the directions, by modality; shown where the pointer rests.
    """
    data = figure_data(
        reports, overlays or {}, factors=factors, axes=axes, alt=alt, name=name, names=names or {}
    )
    # In a list: Streamlit looks for tables in a dictionary, with pandas.
    _figure(key=key, data=[data], on_released_change=lambda: take_release(key, on_release))


def take_release(key: str, on_release: Callable[[float, float], None]) -> None:
    """Hand on the factors at which thresholds of a figure were let go.

    Args:
        key: of the figure.
        on_release: is given the noise and the strong factor.
    """
    released = sent_value(key, "released")
    if isinstance(released, Mapping):
        on_release(float(released["noise"]), float(released["strong"]))


def sent_value(key: str, name: str) -> object:
    """Return what the browser said last of a figure under a name, or None."""
    state = st.session_state.get(key)
    return state.get(name) if isinstance(state, Mapping) else getattr(state, name, None)
