"""The state of this browser tab: read, set, and written into the address.

The fields of `State` lie in the session under their own names and are no widgets: nothing but `put` and a link sets
them. What shows them to people is drawn by `sde_explorer.ui.fields`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from sde_explorer.intake.addresses import id_of, is_id, path_of
from sde_explorer.readings.cached.sets import opening_part, server_folder
from sde_explorer.readings.rules import rule_names
from sde_explorer.shared_state import SharedState
from sde_explorer.state import (
    ALL_OF_IT,
    DEFAULT,
    PLACES,
    State,
    link_of,
    linked_values,
    read_state,
    selections,
    wild_parameters,
)

BACK = "back"
"""Parameter that the page's head adds to an address which the browser went back or forward to."""
_NAMES = tuple(field.name for field in fields(State))
_DRAWN = "drawn_widgets"
_NOW = "state_now"
_WRITTEN = "link_written"
_PROBLEMS = "link_problems"


@dataclass(slots=True)
class Drawn:
    """A widget that shows a field of the state.

    Attributes:
        field: of the state.
        number: how often it was drawn afresh, since something else had set the field.
        first: what it showed when it was fresh; None until it is drawn.
    """

    field: str
    number: int = 0
    first: Any = None


def current_state() -> State:
    """Return the state of this tab."""
    found = st.session_state.get(_NOW)
    return found if isinstance(found, State) else _read()


def _read() -> State:
    """Return the state, read field by field, and keep it: a view asks for it dozens of times in a run."""
    state = read_state({name: st.session_state.get(name) for name in _NAMES})
    st.session_state[_NOW] = state
    return state


def put(**values: object) -> None:
    """Set fields of the state, here and in the address; every widget that shows one of them follows."""
    put_by("", values)


def put_by(widget: str, values: Mapping[str, object]) -> None:
    """Set fields of the state on behalf of a widget, which is left as the person has it.

    Args:
        widget: name of the widget, or "".
        values: by field.
    """
    before = current_state()
    changed = {name for name, value in values.items() if _plain(value) != getattr(before, name)}
    for name in changed:
        st.session_state[name] = _plain(values[name])
    _read()
    for name, drawn in drawn_widgets().items():
        if drawn.field in changed and name != widget:
            drawn.number, drawn.first = drawn.number + 1, None
    write_link()


def drawn_widgets() -> dict[str, Drawn]:
    """Return what shows the state in this tab, by name of the widget."""
    found: dict[str, Drawn] = st.session_state.setdefault(_DRAWN, {})
    return found


def open_data(data: str, encoder: str) -> None:
    """Show another set, on the part that it opens on; selections count rows of the set before, and end."""
    put(data=data, encoder=encoder, part=opening_part(data, encoder), whole=0, **selections())


def take_link() -> None:
    """Take the state from the address in a new tab, and where the browser went back or forward; else write it there.

    Called once at the beginning of every run. A change of view empties the address, and an address may be older than
    what was pressed meanwhile: neither says anything about the state.

    An address without a word of the state is a visit, which begins on the part that the set opens on. One that says
    something and names no part means all of the set, as it did before there was such a part.
    """
    link = {name: st.query_params.get_all(name) for name in st.query_params}
    is_new = _WRITTEN not in st.session_state
    for name in _NAMES:
        st.session_state.setdefault(name, getattr(DEFAULT, name))
    _read()
    if is_new or BACK in link:
        rules = rule_names()
        link, unknown = _with_paths(link)
        values = linked_values(link, rules)
        if not link.keys() & frozenset(_NAMES):
            values["part"] = opening_part(DEFAULT.data, DEFAULT.encoder)
        put_by("", {name: values.get(name, getattr(DEFAULT, name)) for name in _NAMES})
        if is_new:
            st.session_state[_PROBLEMS] = wild_parameters(link, rules) + unknown, None
    write_link()


def link_problems(view: str) -> list[str]:
    """Return one sentence for each parameter of the link that could not be used, until something is changed.

    A page may run again by itself, once what it waits for has come: that run says them too.

    Args:
        view: that shows them; another one does not.
    """
    found, shown = st.session_state.pop(_PROBLEMS, ([], None))
    now = view, st.session_state.get(_WRITTEN)
    if not found or shown not in (None, now):
        return []
    st.session_state[_PROBLEMS] = found, now
    return list(found)


def address_of(state: SharedState) -> dict[str, list[str]]:
    """Return the parameters of an address: `link_of` with ids in the place of the server's paths; never none.

    Where all is default, the address says so, as an empty one is a visit.
    """
    base = server_folder()
    return {
        name: [id_of(base, value) for value in values] if name in PLACES else values
        for name, values in link_of(state).items()
    } or {"part": [ALL_OF_IT]}


def _with_paths(link: dict[str, list[str]]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the parameters with paths in the place of ids, and a sentence for each id that nobody knows."""
    base, found, unknown = server_folder(), dict(link), []
    for name in PLACES & link.keys():
        for short in filter(is_id, link[name][-1:]):
            found[name] = [path_of(base, short)]
            if not found[name][0]:
                del found[name]
                unknown.append(
                    f"`{name}` names what was never opened on this server; the link says {short!r}."
                )
    return found, unknown


def write_link() -> None:
    """Write the state into the address, where it says something else; what is not ours stays there."""
    wanted = address_of(current_state())
    there = {name: st.query_params.get_all(name) for name in st.query_params}
    foreign = {name: values for name, values in there.items() if name not in _NAMES and name != BACK}
    if there != {**foreign, **wanted} or st.session_state.get(_WRITTEN) != wanted:
        st.query_params.from_dict({**foreign, **wanted})
        st.session_state[_WRITTEN] = wanted


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
