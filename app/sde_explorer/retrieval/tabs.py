"""Below the main picture: the whole table, queries that moved, and other thresholds; only the open tab is computed."""

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.sweeps import sweep_figure
from sde_explorer.retrieval.measured import Measured, live
from sde_explorer.retrieval.numbers.export import table_content, table_rows
from sde_explorer.retrieval.numbers.table import Part, RecallRow
from sde_explorer.retrieval.queries import recall_queries
from sde_explorer.retrieval.surface import recall_surface
from sde_explorer.retrieval.table import recall_table
from sde_explorer.retrieval.terms import HELP, ROWS
from sde_explorer.ui.csv_text import csv_text
from sde_explorer.ui.fields import segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.file_button import file_button

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.retrieval.state import RetrievalState
    from sde_explorer.ui.frame import View


def tabs(view: "View", found: Measured) -> None:
    """Show the tabs.

    Args:
        view: whose they are.
        found: what is measured.
    """
    draw = {
        "All numbers": _numbers,
        "Query by query": _queries,
        "Other thresholds": _thresholds,
        "Settings": _settings,
    }
    view.tabs("recall_look", {name: partial(part, found) for name, part in draw.items()})


def _numbers(found: Measured) -> None:
    data, state = found.data, found.state
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if data.embeddings.n_texts > len(set(data.embeddings.primary_text.tolist())):
            segments("recall_captions", "Captions", help=HELP["recall_captions"], bare=True)
        st.caption(words.half_story(found.parts[1]), width="stretch")
        with st.popover("Rows", type="tertiary"):
            st.markdown(words.split_story(*found.parts))
            if state.strong_mode == "adversarial":
                st.markdown(words.ADVERSARIAL)
            st.markdown("\n".join(f"- **{name}**: {text}" for name, text in ROWS.items()))
    names = sde.comparison_names()
    live(found, lambda rows: st.html(recall_table(rows, names, chosen=state.recall_row)))
    rows = found.rows()
    if rows and not found.is_growing:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.popover("In words"):
                st.markdown("  \n".join(words.verdict_story(rows, state.recall_metric)))
                st.caption(words.INTERVAL_STORY)
            _files(found, rows)


def _queries(found: Measured) -> None:
    recall_queries(found.data, found.state, found.parts[1], found.rows(), is_waiting=found.is_growing)


def _thresholds(found: Measured) -> None:
    recall_surface(found.data, found.state)


def _settings(found: Measured) -> None:
    sweeps = {row.name: row.compared.sweep for row in found.rows() if row.compared.sweep is not None}
    if not sweeps:
        waits = found.is_growing
        st.info(words.NOTHING_CHOSEN_YET if waits else words.NOTHING_CHOSEN, icon=":material/tune:")
        return
    st.markdown(words.chosen_story(sweeps))
    st.plotly_chart(
        sweep_figure(sweeps), key="recall_sweeps", config=CONFIG, alt=words.chosen_settings(sweeps)
    )


def _files(found: Measured, rows: list[RecallRow]) -> None:
    name = f"retrieval-{found.data.fingerprint[:8]}"
    file_button("CSV", lambda: csv_text(table_rows(rows)), f"{name}.csv", help="The table.")
    file_button(
        "JSON",
        lambda: as_json(found.data, found.state, found.parts, rows),
        f"{name}.json",
        help="The table, and the parameters that it depends on.",
    )


def as_json(data: "Dataset", state: "RetrievalState", parts: tuple[Part, Part], rows: list[RecallRow]) -> str:
    """Return the table, the parameters of the page, and where the vectors come from."""
    parameters = asdict(state) | {"fingerprint": data.fingerprint, "version": sde.__version__}
    return json.dumps(table_content(data.embeddings, *parts, rows, parameters), indent=1, allow_nan=False)
