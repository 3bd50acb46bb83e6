"""The header of every view: choice of data and encoder, what is shown, and the state that all views share."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields

import streamlit as st
from streamlit.errors import StreamlitAPIException

import sde_core as sde
from sde_explorer.readings.bands import rule_names
from sde_explorer.readings.cached import machine as cached_machine
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.sets import SetEntry
from sde_explorer.state import (
    DEFAULT,
    State,
    left_out,
    link_of,
    linked_values,
    read_state,
    said,
    selections,
    wild_parameters,
)
from sde_explorer.ui.terms import HELP
from sde_explorer.ui.tour_start import header_button

_OWN = ("data", "encoder", "part")
_OPENING = "data_opening"


def current_state() -> State:
    """Return the state that the widgets and the URL hold."""
    return read_state(st.session_state)


def put(**values: object) -> None:
    """Set fields of the state, in the session and in the link.

    For callbacks: of a chart, of a button, of a widget with a key of its own.
    """
    st.session_state.update(values)
    _write_link(set(values))


def open_data(data: str, encoder: str) -> None:
    """Show another set: for a callback, or before the header is drawn."""
    st.session_state[_OPENING] = (data, encoder, "")
    put(data=data, encoder=encoder, part=[], **selections())


def _keep_opening(title: str) -> None:
    """Set once more what `open_data` set, where the view changes before the browser has answered to it.

    The browser sends its own state of these boxes along with a change of view; for a moment that is the old one.
    """
    opening = st.session_state.pop(_OPENING, None)
    if opening is None:
        return
    data, encoder, view = opening
    if view == title:
        return  # a second run of this view: the browser knows
    st.session_state[_OPENING] = (data, encoder, title)
    if view:
        put(data=data, encoder=encoder, part=[])


def state_line() -> None:
    """Show the state that all views share, in one line; what differs from the default stands out.

    A view calls it first in the fragment that its controls redraw, so that the line follows them.
    """
    state = current_state()
    parts = [f"**{words}**" if special else words for words, special in said(state)]
    st.caption("  ·  ".join((*parts, f"computes on {cached_machine.device_name()}")))
    for sentence in left_out(state):
        st.caption(f":material/link_off: {sentence}")


def header(
    title: str,
    *,
    controls: tuple[str, ...] = (),
    otherwise: Callable[[], None] | None = None,
    needs_both: bool = True,
) -> "Dataset":
    """Show title, choice of data and the line of facts; return the open set, or stop with one sentence.

    Args:
        title: of the view.
        controls: fields of the state that this view has widgets for.
        otherwise: what to draw where there is no data to show.
        needs_both: whether a set with vectors of one modality ends the view with what is missing.
    """
    _keep_opening(title)
    link = {name: st.query_params.get_all(name) for name in st.query_params}
    _report_wild_link(link)
    others = {f.name for f in fields(State)} - {*_OWN}
    _carry(others - set(controls), link)
    with st.container(key="view_header"):
        name, left, middle, right = st.columns([0.22, 0.24, 0.24, 0.3], vertical_alignment="bottom")
    # As high as the boxes beside it, which come later: what is below would jump.
    with name.container(height=68, border=False, vertical_alignment="bottom"):
        st.title(title, anchor=False)
    known = cached_sets.known_sets()
    with left:
        _data_picker(known, link)
    try:
        entries = cached_sets.entries_of(current_state().data)
        with middle:
            entry = _encoder_picker(entries, link)
        whole = cached_sets.dataset(entry)
        with right:
            _part_picker(whole.filters, link)
        found = cached_sets.dataset(entry, current_state().part)
    except sde.SDEError as error:
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
        st.info(
            "Choose another set above, or open pairs or vectors on the Data page.",
            icon=":material/arrow_upward:",
        )
        _carry(others | {"encoder", "part"}, link)  # their widgets are not drawn now, and would be forgotten
        if otherwise is not None:
            otherwise()
        st.stop()
    _facts(found, whole)
    if needs_both:
        _stop_without_both(found)
    return found


def _stop_without_both(data: "Dataset") -> None:
    """Say which modality has no vectors, and end the view."""
    missing = data.embeddings.missing
    for modality in ("image", "text"):
        if modality in missing:
            st.info(f"{missing[modality]} This view needs both.", icon=":material/link_off:")
            st.caption("Choose another set above, or open the vectors of both on the Data page.")
            st.stop()


def _data_picker(known: tuple[SetEntry, ...], link: dict[str, list[str]]) -> None:
    options = list(dict.fromkeys(entry.data for entry in known))
    chosen = st.session_state.get("data") or (link.get("data") or [""])[-1]
    if chosen and chosen not in options:
        options.append(chosen)
    st.selectbox(
        "Data",
        options,
        key="data",
        bind="query-params",
        accept_new_options=True,
        help=HELP["data"],
        on_change=_forget_part,
    )


def _encoder_picker(entries: tuple[SetEntry, ...], link: dict[str, list[str]]) -> SetEntry:
    """Show the encoders by which the data was encoded; one that was asked for and is not there is named."""
    names = [entry.encoder for entry in entries]
    asked = st.session_state.get("encoder") or (link.get("encoder") or [DEFAULT.encoder])[-1]
    if asked not in names:
        if asked != DEFAULT.encoder:
            st.session_state["encoder_missing"] = asked
        st.session_state["encoder"] = names[0]
    usual = names.index(DEFAULT.encoder) if DEFAULT.encoder in names else 0
    st.selectbox(
        "Encoder",
        names,
        usual,
        key="encoder",
        bind="query-params",
        help=HELP["encoder"],
        on_change=_forget_selections,
    )
    chosen: str = st.session_state["encoder"]
    return entries[names.index(chosen)]


def _part_picker(options: tuple[str, ...], link: dict[str, list[str]]) -> None:
    asked = st.session_state.get("part", link.get("part", []))
    gone = [text for text in asked if text not in options]
    if gone:
        st.session_state["part"] = [text for text in asked if text in options]
        st.session_state["part_missing"] = gone
    st.multiselect(
        "Part",
        options,
        key="part",
        bind="query-params",
        placeholder="all of it" if options else "no metadata to filter by",
        disabled=not options,
        help=HELP["part"],
        on_change=_forget_selections,
    )


def _forget_part() -> None:
    st.session_state["part"] = []
    _forget_selections()


def _forget_selections() -> None:
    put(**selections())  # they count rows of what was shown before


def _facts(data: "Dataset", whole: "Dataset") -> None:
    for key, what in (("encoder_missing", "has not been encoded by"), ("part_missing", "has no part")):
        missing = st.session_state.pop(key, None)
        if missing:
            named = missing if isinstance(missing, str) else " and ".join(missing)
            st.warning(
                f"{current_state().data} {what} {named} on this machine; what is there is shown instead.",
                icon=":material/link_off:",
            )
    embeddings, origin = data.embeddings, data.embeddings.provenance
    of = f" of {whole.embeddings.n_rows:,}" if embeddings.n_rows < whole.embeddings.n_rows else ""
    rows = "pictures" if embeddings.n_images else "captions"
    facts = [
        f"{embeddings.n_rows:,}{of} {rows}",
        f"{embeddings.n_texts:,} captions" if embeddings.n_images else "no pictures",
        f"{embeddings.width} dimensions",
        f"weights `{origin.weights_sha256[:8] or 'unknown'}`",
        f"content `{data.fingerprint[:8]}`",
    ]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption("  ·  ".join(facts), width="content")
        header_button()


def _carry(names: set[str], link: dict[str, list[str]]) -> None:
    """Keep state that has no widget in this view: in the session, and in the link."""
    linked = linked_values(link, rule_names())
    for name in names:
        # Streamlit forgets a widget's value when the widget is not drawn, unless it is set again.
        with suppress(StreamlitAPIException):  # it was drawn just now, and keeps itself
            st.session_state[name] = st.session_state.get(name, linked.get(name, getattr(DEFAULT, name)))
    _write_link(names)


def _write_link(names: set[str]) -> None:
    wanted = link_of(current_state())
    for name in names:
        # A parameter that is bound to a widget of this page is written by the widget, and by nobody else.
        with suppress(StreamlitAPIException):
            if name in wanted:
                st.query_params[name] = wanted[name]
            else:
                st.query_params.pop(name, None)


def _report_wild_link(link: dict[str, list[str]]) -> None:
    """Say once a session which parameters of the link could not be used."""
    if "link_read" in st.session_state:
        return
    st.session_state["link_read"] = True
    for problem in wild_parameters(link, rule_names()):
        st.warning(f"{problem} The default is used instead.", icon=":material/link_off:")
