"""What was picked: pictures, captions, energies beside those of the whole set, and files."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.cached import energies as cached_energies
from sde_explorer.subspaces import words
from sde_explorer.subspaces.figures.pairs import composition_figure
from sde_explorer.subspaces.numbers.selection import composition, pair_rows, rows_with_words
from sde_explorer.subspaces.terms import HELP
from sde_explorer.ui.csv_text import csv_text
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.file_button import file_button
from sde_explorer.ui.session import put
from sde_explorer.ui.thumbnails import thumbnails

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.state import SubspacesState

_N_PICTURES = 18


def picked(data: "Dataset", state: "SubspacesState") -> None:
    """Show the picked pictures, how they differ from all, and their files."""
    st.markdown("**Picked**")
    st.text_input(
        "Pick by caption",
        key="pick_words",
        placeholder="words of a caption, then Enter",
        help=HELP["pick_words"],
        on_change=lambda: put(rows=tuple(rows_with_words(data.embeddings, st.session_state["pick_words"]))),
    )
    rows = [row for row in state.rows if row < data.embeddings.n_images]
    if not rows:
        asked = str(st.session_state["pick_words"]).strip()
        st.caption("No caption holds all of these words." if asked else words.PICK_STORY)
        return
    image, text = (cached_energies.band_shares(data, state, modality) for modality in ("image", "text"))
    found = composition(data.embeddings, rows, image, text)
    st.markdown(words.pick_story(found, len(rows), data.embeddings.n_images))
    st.plotly_chart(
        composition_figure(found),
        key="composition_chart",
        config=CONFIG,
        alt="Mean energy in strong, weak and noise: picked pairs above all pairs.",
    )
    step = max(1, len(rows) // _N_PICTURES)
    shown = rows[::step][:_N_PICTURES]
    if not thumbnails(data, [(row, "") for row in shown]):
        st.caption(words.NO_PICTURES)
    if len(shown) < len(rows):
        st.caption(f"{len(shown)} of them, evenly spaced; the files hold all.")
    _files(data, state, rows)


def _files(data: "Dataset", state: "SubspacesState", rows: list[int]) -> None:
    name = f"picked-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        file_button("CSV", lambda: as_csv(data, state, rows), f"{name}.csv")
        file_button("JSON", lambda: as_json(data, state, rows), f"{name}.json")
        st.button("Let go", icon=":material/close:", on_click=_let_go)


def _let_go() -> None:
    st.session_state["pick_words"] = ""
    put(rows=())


def as_csv(data: "Dataset", state: "SubspacesState", rows: list[int]) -> str:
    """Return one line for each picked picture."""
    return csv_text(_pairs(data, state, rows))


def as_json(data: "Dataset", state: "SubspacesState", rows: list[int]) -> str:
    """Return the picked pairs, the parameters, and where the vectors come from."""
    parameters = asdict(state) | {"fingerprint": data.fingerprint, "version": sde.__version__}
    content = {
        "parameters": parameters | {"rows": rows},
        "provenance": data.embeddings.provenance.as_dict(),
        "pairs": _pairs(data, state, rows),
    }
    return json.dumps(content, indent=1, allow_nan=False, default=str)


def _pairs(data: "Dataset", state: "SubspacesState", rows: list[int]) -> list[dict[str, object]]:
    image, text = (cached_energies.band_shares(data, state, modality) for modality in ("image", "text"))
    return pair_rows(data.embeddings, rows, image, text)
