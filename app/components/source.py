"""The choice of data that every view starts with, and the line that says what is shown."""

from dataclasses import fields

import streamlit as st

import sde_core as sde
from app import cache
from app.state import DEFAULT, State, linked_values, read_state, wild_parameters
from sde_core import bundled


def current_state() -> State:
    """Return the state that the widgets and the URL hold."""
    return read_state(st.session_state)


def header(title: str, *, controls: tuple[str, ...] = ()) -> "cache.Dataset":
    """Show title, choice of data and the line of facts; return the open set, or stop with one sentence.

    Args:
        title: of the view.
        controls: fields of the state that this view has widgets for.
    """
    _report_wild_link()
    _carry({f.name for f in fields(State)} - {"data", "split", *controls})
    left, middle, right = st.columns([0.46, 0.32, 0.22], vertical_alignment="bottom")
    left.title(title, anchor=False)
    with middle:
        st.selectbox(
            "Data",
            _sources(),
            key="data",
            bind="query-params",
            accept_new_options=True,
            help="A bundled set, one that was encoded here, or the folder of a saved embedding set (type its path).",
        )
    state = current_state()
    try:
        opened = cache.dataset(state.data, "all")
        with right:
            st.selectbox(
                "Split",
                ("all", *opened.splits),
                key="split",
                bind="query-params",
                disabled=not opened.splits,
                help="A part of the set, from its `split` column.",
            )
        chosen = current_state().split
        found = cache.dataset(state.data, chosen if chosen in opened.splits else "all")
    except sde.SDEError as error:
        st.error(f"{error}.".replace("..", "."), icon=":material/error:")
        st.info("Choose another set above, or encode pairs on the Overview page.")
        st.stop()
    _facts(found)
    return found


def _sources() -> tuple[str, ...]:
    known = (*bundled.PAIR_SETS, *cache.saved_sets())
    chosen = st.session_state.get("data") or st.query_params.get("data", "")
    return known if not chosen or chosen in known else (*known, chosen)


def _facts(data: "cache.Dataset") -> None:
    embeddings = data.embeddings
    encoder = embeddings.provenance.encoder or "an unknown encoder"
    weights = embeddings.provenance.weights_sha256[:8]
    st.caption(
        f"{embeddings.n_images:,} pictures and {embeddings.n_texts:,} captions, encoded by **{encoder}**"
        f"{f' ({weights})' if weights else ''} into {embeddings.width} dimensions · content "
        f"`{data.fingerprint[:8]}` · computes on {cache.device_name()}"
    )


def _carry(names: set[str]) -> None:
    """Keep state that has no widget in this view: in the session, and in the link."""
    linked = linked_values(st.query_params.to_dict(), sde.rule_names())
    for name in names:
        value = st.session_state.get(name, linked.get(name, getattr(DEFAULT, name)))
        # Streamlit forgets a widget's value when the widget is not drawn, unless it is set again.
        st.session_state[name] = value
        if value != getattr(DEFAULT, name):
            st.query_params[name] = str(value).lower() if isinstance(value, bool) else str(value)
        else:
            st.query_params.pop(name, None)


def _report_wild_link() -> None:
    """Say once a session which parameters of the link could not be used."""
    if "link_read" in st.session_state:
        return
    st.session_state["link_read"] = True
    st.session_state["link_problems"] = wild_parameters(st.query_params.to_dict(), sde.rule_names())
    for problem in st.session_state["link_problems"]:
        st.warning(f"{problem} The default is used instead.", icon=":material/link_off:")
