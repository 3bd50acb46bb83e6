"""Widgets that show a field of the state and set it: kept by the header, so that every view may change it."""

from collections.abc import Callable, Sequence

import streamlit as st

from sde_explorer.state import choices
from sde_explorer.ui.header import put


def segments(field: str, label: str, value: str, *, help: str, words: Callable[[str], str] = str) -> None:
    """Show the choices of a field side by side.

    Args:
        field: of the state, with a fixed list of values.
        label: above the choices.
        value: of the field right now.
        help: what the choice means.
        words: what people see for a value.
    """
    key = f"{field}_pick"
    follow(key, value)
    st.segmented_control(
        label,
        choices(field),
        key=key,
        required=True,
        format_func=words,
        help=help,
        on_change=lambda: put(**{field: st.session_state[key]}),
    )


def choice(field: str, label: str, value: str, options: Sequence[str], *, help: str, width: int) -> None:
    """Show the values that a field may have right now as a list to open.

    Args:
        field: of the state; its value is one of the options.
        label: above the list.
        value: of the field right now.
        options: to choose from.
        help: what the choice means.
        width: pixels.
    """
    key = f"{field}_pick"
    follow(key, value)
    st.selectbox(
        label,
        options,
        key=key,
        width=width,
        help=help,
        on_change=lambda: put(**{field: st.session_state[key]}),
    )


def follow(widget: str, value: object) -> None:
    """Give a widget its value before it is drawn.

    Only where it differs: a value that is set on every run would pull back a slider that moves on meanwhile.
    """
    if st.session_state.get(widget) != value:
        st.session_state[widget] = value


def own_key(widget: str, value: object) -> str:
    """Return the key under which to draw a widget whose default is ``value``, a field of the state.

    It is a fresh one where something else has set the field: a link, a button, another view. The value goes to a
    fresh widget as its default; were it set in the session, a browser that draws the widget only after the next run
    would find it without one, and report that as a change.

    Args:
        widget: name of the widget.
        value: of the field right now; the callback of the widget sets the field to the widget's value.
    """
    number = st.session_state.get(f"{widget} number", 0)
    key = f"{widget} {number}" if number else widget
    if st.session_state.get(key, value) != value:
        number += 1
        key = f"{widget} {number}"
    st.session_state[f"{widget} number"] = number
    return key


def take(widget: str, key: str, field: str) -> None:
    """Set a field of the state to the value of a widget: for its callback.

    A browser may report an earlier widget once more, which is gone by then; what that says is not taken.

    Args:
        widget: name of the widget.
        key: that `own_key` gave it.
        field: of the state.
    """
    number = st.session_state.get(f"{widget} number", 0)
    if key == (f"{widget} {number}" if number else widget):
        put(**{field: st.session_state[key]})
