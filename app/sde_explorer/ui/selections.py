"""What is selected, as chips with an x in one place; selections that were given a name, to come back to."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import sde_core as sde
from sde_explorer.intake.selections import (
    MOST_NAME,
    Selection,
    forget_selection,
    read_selection,
    save_selection,
    selections_of,
)
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.serving.places import check_writing
from sde_explorer.serving.policy import current
from sde_explorer.shared_state import SharedState
from sde_explorer.state import left_out, selections
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sde_explorer.readings.cached.sets import Dataset

_APPLIED = "selection_applied"
_NAME = "selection_name"
_SHOWN = 8
_LETTERS = 24


def selection_chips(data: "Dataset") -> None:
    """Show what is picked, typed or followed, each with an x, and the selections that were given a name."""
    saved = _saved(data)
    state = current_state()
    if not (
        state.rows
        or state.query
        or state.search == "pair"
        or state.followed
        or selections_of(cache_folder(), state.data)
    ):
        return
    with st.container(key="selections", horizontal=True, gap="xsmall"):
        if state.rows:
            count = f"{len(state.rows):,} pictures"
            name = f"{_short(saved)} · {count}" if saved else f"{count} picked"
            _chip("rows", name, lambda: put(rows=(), selection=""))
        if state.query:
            _chip("query", f"“{_short(state.query)}”", lambda: put(query=""))
        if state.search == "pair":
            _chip("pair", f"asked with pair {state.pair:,}", lambda: put(search="text", pair=0))
        if state.followed:
            told = ", ".join(str(number) for number in state.followed[:4])
            _chip("followed", f"directions {told}", lambda: put(followed=()))
        _named(data, state)
    if not saved:
        for sentence in left_out(state):
            st.caption(f":material/link_off: {sentence}")


def _chip(key: str, words: str, drop: "Callable[[], None]") -> None:
    st.button(
        as_text(words),
        key=f"drop_{key}",
        icon=":material/close:",
        icon_position="right",
        help="Undo this selection.",
        on_click=drop,
    )


def _saved(data: "Dataset") -> str:
    """Return the name of the state's selection, which is picked once for a set; empty where it has none, or others."""
    state = current_state()
    if not state.selection:
        return ""
    key, of, name, rows = st.session_state.get(_APPLIED, ("", "", "", ()))
    if (key, of) == (state.selection, data.fingerprint):
        if state.rows == rows:
            return str(name)
        put(selection="")  # others were picked since
        return ""
    found = read_selection(cache_folder(), state.selection)
    if found is None or found.data != state.data:
        put(selection="")
        return ""
    rows = tuple(np.flatnonzero(np.isin(_ids(data), found.ids)).tolist())
    st.session_state[_APPLIED] = (state.selection, data.fingerprint, found.name, rows)
    put(rows=rows)
    return found.name


def _ids(data: "Dataset") -> list[str]:
    embeddings = data.embeddings
    return list(embeddings.image_ids) if embeddings.n_images else [str(i) for i in range(embeddings.n_texts)]


def _named(data: "Dataset", state: SharedState) -> None:
    kept = selections_of(cache_folder(), state.data)
    with st.popover("Named", icon=":material/bookmark:", type="tertiary"):
        if state.rows and not current().read_only:
            st.text_input(
                "Name what is picked", key=_NAME, max_chars=MOST_NAME, on_change=_save, args=(data,)
            )
        error = st.session_state.pop("selection_error", "")
        if error:
            error_box(error)
        for one in kept[:_SHOWN]:
            row = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
            row.button(
                f"{as_text(_short(one.name))} · {one.count:,}",
                key=f"selection {one.key}",
                on_click=_open,
                args=(one.key,),
            )
            row.button(
                "Delete",
                key=f"selection delete {one.key}",
                icon=":material/delete:",
                type="tertiary",
                disabled=current().read_only,
                on_click=_delete,
                args=(one.key,),
            )
        if not kept:
            st.caption("A name keeps what is picked, and stands in the link however much it is.")


def _save(data: "Dataset") -> None:
    state, ids = current_state(), _ids(data)
    try:
        check_writing()
        kept = save_selection(
            cache_folder(),
            Selection(
                name=str(st.session_state.get(_NAME, "")),
                data=state.data,
                ids=tuple(ids[row] for row in state.rows if row < len(ids)),
            ),
        )
    except sde.SDEError as error:
        st.session_state["selection_error"] = str(error)
        return
    st.session_state[_NAME] = ""
    st.session_state[_APPLIED] = (kept.key, data.fingerprint, kept.name, state.rows)
    put(selection=kept.key)


def _open(key: str) -> None:
    st.session_state.pop(_APPLIED, None)
    put(**selections(), selection=key)


def _delete(key: str) -> None:
    forget_selection(cache_folder(), key)


def _short(words: str) -> str:
    return words if len(words) <= _LETTERS else f"{words[: _LETTERS - 1]}…"
