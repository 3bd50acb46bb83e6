"""Keys and defaults of widgets that show a field of the state, so that none can get out of step with it.

A field that something else has set (a link, a button, another view, another widget) is shown by a fresh widget, under
another key, whose default is the new value; were the value set in the session, a browser that draws the widget later
would find it without one and report its first option as a choice. What an earlier widget reports is not taken.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from sde_explorer.ui.session import Drawn, drawn_widgets, put_by

Also = Callable[[Any], Mapping[str, object]]
"""What else is set when a person chooses a value, by field."""


def widget_key(widget: str, field: str, value: object) -> tuple[str, Any]:
    """Return the key under which to draw a widget, and its default.

    The callback of the widget is that of `on_choice`.

    Args:
        widget: name of the widget, one in a tab.
        field: of the state that it shows.
        value: what it shows right now.
    """
    drawn = drawn_widgets().setdefault(widget, Drawn(field))
    shown = st.session_state.get(_key(widget, drawn), value)
    if (tuple(shown) if isinstance(shown, list) else shown) != value:  # set past `put`, or another range
        drawn.number, drawn.first = drawn.number + 1, None
    key = _key(widget, drawn)
    if drawn.first is None or key not in st.session_state:
        drawn.first = value
    return key, drawn.first


def store_choice(widget: str, key: str, also: Also | None = None) -> None:
    """Set the field of a widget to what the person chose: for its callback.

    Args:
        widget: name of the widget.
        key: that `widget_key` gave it.
        also: what else is set.
    """
    drawn = drawn_widgets()[widget]
    if key != _key(widget, drawn):
        return  # an earlier widget, which the browser reports once more
    value = st.session_state[key]
    put_by(widget, {drawn.field: value} | dict(also(value) if also else {}))


def on_choice(widget: str, key: str, also: Also | None = None) -> Callable[[], None]:
    """Return `store_choice` with these arguments, as a callback."""
    return lambda: store_choice(widget, key, also)


def _key(widget: str, drawn: Drawn) -> str:
    return f"{widget} {drawn.number}" if drawn.number else widget
