"""Subspaces: what each band knows; what a direction means, how much of each pair is signal, maps of the set."""

from typing import TYPE_CHECKING

import sde_core as sde
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.subspaces import atlas_panel, map_panel, pair_energies
from sde_explorer.subspaces.direction_reader import direction_reader
from sde_explorer.subspaces.gap import gap_panel
from sde_explorer.subspaces.knowledge_panel import knowledge_controls, knowledge_panel
from sde_explorer.subspaces.map_panel import pick
from sde_explorer.subspaces.picked import picked
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pointer import hover_cards, picks
from sde_explorer.ui.session import current_state

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

CHARTS = (map_panel.CHART, pair_energies.CHART, atlas_panel.CHART)


def show() -> None:
    """Compose the view."""
    view = open_view("Subspaces")
    data, state = view.data, current_state()
    knowledge_controls(view)
    try:
        cached_spectra.bands(data, state, (state.known_of,))
    except sde.SDEError as error:
        error_box(error)
        return
    knowledge_panel(view)
    view.tabs(
        "look",
        {
            "Directions": lambda: direction_reader(data),
            "Gap": lambda: gap_panel(data, current_state()),
            "Atlases": lambda: _atlases(data),
            "Pair energies": lambda: _pairs(data),
            "Map": lambda: _map(data),
        },
    )


def _pairs(data: "Dataset") -> None:
    state = current_state()
    pair_energies.pair_energies(data, state)
    _pointed_at(data)


def _atlases(data: "Dataset") -> None:
    atlas_panel.atlas_panel(data)
    if current_state().rows:
        picked(data, current_state())
    _pointed_at(data)


def _map(data: "Dataset") -> None:
    left, right = chart_columns("map_columns", (0.62, 0.38), least="24rem")
    with left:
        map_panel.map_panel(data)
    with right:
        picked(data, current_state())
    _pointed_at(data)


def _pointed_at(data: "Dataset") -> None:
    picks(CHARTS, lambda ids: pick(data, ids))
    hover_cards(data, current_state(), CHARTS)
