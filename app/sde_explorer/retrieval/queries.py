"""Queries whose answer moved: ranks before and after as points, and those most won and most lost with pictures."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.table import change_figure
from sde_explorer.retrieval.numbers.queries import change_of, change_points, extremes
from sde_explorer.retrieval.numbers.table import RAW, WAYS
from sde_explorer.retrieval.query_cards import cards
from sde_explorer.retrieval.terms import HELP
from sde_explorer.subspaces.figures.maps import CONFIG
from sde_explorer.subspaces.numbers.maps import MapRows, pictures_of, points_of
from sde_explorer.ui.fields import choice, segments
from sde_explorer.ui.pointer import hover_cards, picks
from sde_explorer.ui.session import put
from sde_explorer.ui.words import as_text, plain

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.retrieval.numbers.queries import ChangePoints
    from sde_explorer.retrieval.numbers.table import Part, RecallRow
    from sde_explorer.retrieval.state import RetrievalState

CHART = "rank_change_chart"
N_CARDS = 4


def recall_queries(
    data: "Dataset", state: "RetrievalState", test: "Part", rows: "list[RecallRow]", *, is_waiting: bool
) -> None:
    """Show how the rank of every query changes from raw to the chosen row.

    Args:
        data: the set.
        state: which row, which direction of search, what is picked.
        test: the part that asks.
        rows: that are measured.
        is_waiting: whether more are on their way.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        names = sde.comparison_names()[1:]
        choice("recall_row", "Raw against", names, help=HELP["recall_row"], width=240, bare=True)
        segments("recall_way", "Search", help=HELP["recall_way"], bare=True)
    there = {row.name: row for row in rows}
    raw, row = there.get(RAW), there.get(state.recall_row)
    if raw is None or row is None:
        waits = "is being measured" if is_waiting else "was not measured"
        st.caption(f"The row {as_text(state.recall_row)} {waits}.")
        return
    way = WAYS[state.recall_way]
    change = change_of(raw, row, way)
    points = change_points(test, change, way)
    story = words.change_story(change, row.name, state.recall_way)
    left, right = st.columns([0.44, 0.56], gap="large")
    with left:
        st.plotly_chart(
            change_figure(points, row=row.name, picked=_picked(data, points, state.rows)),
            key=CHART,
            config=CONFIG,
            alt=plain(story),
        )
        st.markdown(story)
    with right:
        won, lost = extremes(test, raw, row, way, N_CARDS)
        cards(data, "Most won", won, way)
        cards(data, "Most lost", lost, way)
    picks((CHART,), lambda ids: put(rows=tuple(int(r) for r in pictures_of(data.embeddings, ids))))
    hover_cards(data, state, (CHART,))


def _picked(
    data: "Dataset", points: "ChangePoints", pictures: tuple[int, ...]
) -> "npt.NDArray[np.bool_] | None":
    """Return which queries belong to picked pictures; None where no picture is picked."""
    if not pictures:
        return None
    count = data.embeddings.n_images
    ids = points.ids.astype(np.int64)
    asks = MapRows(images=ids[ids < count], texts=ids[ids >= count] - count, n_all=len(ids))
    return points_of(data.embeddings, asks, pictures)
