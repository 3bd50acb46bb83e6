"""Maps of the set: PCA at once, UMAP in the background, coloured by energy or metadata, picked by lasso.

Up to 100,000 points are a figure; more are drawn by WebGL, thinned evenly in the browser.
"""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from sde_explorer.jobs import queue
from sde_explorer.state import DEFAULT, choices
from sde_explorer.subspaces import words
from sde_explorer.subspaces.cached import maps as cached_maps
from sde_explorer.subspaces.figures.maps import AXES, CONFIG, map_figure
from sde_explorer.subspaces.numbers import maps
from sde_explorer.subspaces.numbers.maps import (
    BAND_COLOURS,
    Colours,
    ids_of,
    modality_colours,
    pictures_of,
    points_of,
    shown_points,
)
from sde_explorer.subspaces.point_map import point_map
from sde_explorer.subspaces.terms import HELP
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.fields import choice, segments
from sde_explorer.ui.frame import how_to_read
from sde_explorer.ui.job_progress import job_error, job_progress
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.state import SubspacesState

CHART = "map_chart"
MODALITY = "modality"


def map_panel(data: "Dataset") -> None:
    """Show the controls and the map of the state; while a UMAP is laid out, how far it is."""
    names = (*BAND_COLOURS, MODALITY, *cached_maps.colour_names(data))
    state = current_state()
    if state.map_colour not in names:
        st.warning(
            f"This set has no column “{as_text(state.map_colour)}”: the map shows {DEFAULT.map_colour}.",
            icon=":material/link_off:",
        )
        put(map_colour=DEFAULT.map_colour)
        state = current_state()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        segments("map", "Map", help=HELP["map"])
        segments("map_of", "Of", help=HELP["map_of"])
        if state.map == "UMAP":
            segments("map_points", "Points at most", help=HELP["map_points"])
        choice("map_colour", "Coloured by", names, help=HELP["map_colour"], width=190)
        st.space("stretch")
        how_to_read(words.map_reading(state.map, state.map_of))
    if state.map == "PCA" and len(cached_maps.rows_of_map(data, state)) > maps.MOST_POINTS:
        job = cached_maps.pca_job(data, state)
        if job.status != "done":
            pending([job])
            catch_up([job])
            return
    flat = _pca(data, state) if state.map == "PCA" else _umap(data, state)
    if flat is not None:
        _draw(data, state, flat)


def pick(data: "Dataset", ids: list[int]) -> None:
    """Keep the pictures behind what was picked in the state, so that they outlive the figure."""
    put(rows=tuple(int(row) for row in pictures_of(data.embeddings, ids)))


def _pca(data: "Dataset", state: "SubspacesState") -> "npt.NDArray[np.float32]":
    return cached_maps.pca(data, state.map_of)


def _umap(data: "Dataset", state: "SubspacesState") -> "npt.NDArray[np.float32] | None":
    """Return the UMAP if it is there; else start it, or show how far it is or how it ended."""
    job = cached_maps.umap(data, state)
    known = queue.find(job.key)
    stopped = known is not None and known.status in ("failed", "cancelled")
    if known is None or (stopped and st.session_state.pop("map_again", False)):
        known, stopped = queue.submit(job), False
        known.wait(0.15)  # one that is kept as a file is there at once
    if known.is_active:
        job_progress(known)
        st.caption(
            "The layout runs in the background: go to other views and come back. It is kept, and done once for "
            "each set."
        )
        return None
    if stopped:
        if known.error:
            st.error(job_error(known), icon=":material/error:")
        else:
            st.info(f"{as_text(known.title)}: stopped.", icon=":material/stop_circle:")
        st.button(
            "Lay it out",
            icon=":material/play_arrow:",
            on_click=lambda: st.session_state.update(map_again=True),
        )
        return None
    return np.asarray(known.result, dtype=np.float32)


def _draw(data: "Dataset", state: "SubspacesState", flat: "npt.NDArray[np.float32]") -> None:
    rows = cached_maps.rows_of_map(data, state)
    picked = points_of(data.embeddings, rows, state.rows) if state.rows else None
    alt = f"{state.map} map of {len(rows):,} points, coloured by {state.map_colour}."
    if len(rows) > maps.MOST_POINTS:  # all of a modality, or of both: their ids follow each other
        first = int(ids_of(data.embeddings, rows)[0])
        colours = _colours(data, state)
        point_map(flat, colours, key=CHART, first_id=first, alt=alt, axes=AXES[state.map], picked=picked)
    else:
        st.plotly_chart(
            map_figure(
                flat,
                ids_of(data.embeddings, rows),
                _colours(data, state),
                shown_points(flat),
                kind=state.map,
                picked=picked,
                n_images=data.embeddings.n_images,
            ),
            key=CHART,
            config=CONFIG,
            alt=alt,
        )
    more, count = maps.more_points(len(rows), rows.n_all, choices("map_points"))
    exact_line(
        words.map_story(state.map_of, rows),
        key="map_more",
        ask=f"Lay out {'all ' if count == rows.n_all else ''}{count:,} points",
        seconds=cached_maps.umap_s(data, state, count) if more and state.map == "UMAP" else 0.0,
        on_ask=lambda: put(map_points=more),
    )


def _colours(data: "Dataset", state: "SubspacesState") -> Colours:
    if state.map_colour in BAND_COLOURS:
        return cached_maps.colours_by_band(data, state, BAND_COLOURS.index(state.map_colour))
    if state.map_colour == MODALITY:
        return modality_colours(cached_maps.rows_of_map(data, state))
    return cached_maps.colours_by_column(data, state, state.map_colour)
