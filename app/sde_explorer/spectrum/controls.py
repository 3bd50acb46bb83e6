"""The controls of the Spectrum view: which matrix, of how many pairs, the band around it, and the axes."""

import streamlit as st

from sde_explorer.state import RANGES, choices
from sde_explorer.ui.fields import choice, segments
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.terms import HELP


def spectrum_controls(sizes: tuple[int, ...]) -> None:
    """Show the choice of matrix, pairs, band and axes.

    Args:
        sizes: numbers of pairs to draw batches of, the last one being all of them.
    """
    segments("spectra", "Spectra", bare=True)
    state = current_state()
    overlays = [o for o in choices("overlay") if o != "picked" or state.rows or state.overlay == o]
    segments("overlay", "Band around", options=overlays, bare=True)
    _batch_picker(sizes)
    with st.popover("Axes", icon=":material/tune:"):
        segments("show", "Modalities", help=HELP["show"], disabled=current_state().spectra != "by modality")
        for name, label in (("unit", "Directions by"), ("xscale", "Rank axis"), ("yscale", "Value axis")):
            segments(name, label, help=HELP[name])


def compare_rules(label: str, *, doubt: str = "", key: str = "compare_rules") -> None:
    """Show the button that a warning about the noise edge leads to.

    Args:
        label: what the button does.
        doubt: what is doubtful, in a sentence.
        key: unique on the page.
    """
    st.button(
        label,
        key=key,
        icon=":material/warning:",
        type="tertiary",
        help=f"{doubt} Opens the tab below in which every rule says what it makes of this spectrum.".strip(),
        on_click=lambda: put(section="Rules"),
    )


def _batch_picker(sizes: tuple[int, ...]) -> None:
    state = current_state()
    options = sorted({0, *sizes[:-1], state.batch})
    choice(
        "batch",
        "Pairs",
        options,
        words=lambda size: f"{size:,} at random" if size else "all pairs",
        width=150,
        bare=True,
    )
    if state.batch:
        last = int(RANGES["seed"][1])
        st.button(
            "Draw others",
            icon=":material/shuffle:",
            help=HELP["seed"],
            on_click=lambda: put(seed=(state.seed + 1) % (last + 1)),
        )
