"""Three atlases side by side: the pictures by strong, by weak and by noise directions."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_explorer.state import choices
from sde_explorer.subspaces import words
from sde_explorer.subspaces.atlas import atlas
from sde_explorer.subspaces.cached import atlas as cached_atlas
from sde_explorer.subspaces.numbers.maps import more_points
from sde_explorer.subspaces.terms import HELP
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.fields import segments
from sde_explorer.ui.frame import how_to_read
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

CHART = "atlas_chart"


def atlas_panel(data: "Dataset") -> None:
    """Show the three maps of the state's bands; the pictures as soon as their sheet is there."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        segments("map", "Map", help=HELP["map"], bare=True)
        st.space("stretch")
        how_to_read(words.ATLAS)
    state = current_state()
    waiting = []
    try:
        if state.map == "PCA":
            maps = cached_atlas.planes(data, state)
        else:
            jobs = cached_atlas.layouts(data, state)
            waiting = [job for job in jobs if job.status != "done"]
            maps = tuple(job.result for job in jobs if job.status == "done")
    except sde.SDEError as error:
        error_box(error)
        return
    if waiting:
        pending(waiting)
        catch_up(waiting)
        return
    rows, total = cached_atlas.rows_of_atlas(data, state), data.embeddings.n_images
    sheet = cached_atlas.sheet(data, state)
    is_there = sheet is not None and sheet.status == "done"
    atlas(
        maps,
        rows,
        key=CHART,
        sheet=sheet.result if sheet is not None and is_there else None,
        picked=np.isin(rows, state.rows) if state.rows else None,
        told=words.ATLAS_POINTS,
    )
    more, count = more_points(len(rows), total, choices("atlas_pictures"))
    exact_line(
        words.atlas_story(len(rows), total),
        key="atlas_more",
        ask=f"Show {'all ' if count == total else ''}{count:,} pictures",
        seconds=cached_atlas.more_s(state, sheet, len(rows), count)
        if more and (is_there or sheet is None)
        else 0.0,
        on_ask=lambda: put(atlas_pictures=more),
    )
    if sheet is None:
        st.caption(words.NO_PICTURES)
    elif not is_there:
        pending([sheet])
        catch_up([sheet])
