"""The choice of data that every view starts with, and the line that says what is shown."""

import streamlit as st

import sde_core as sde
from app import cache
from app.state import State, read_state, wild_parameters
from sde_core import bundled


def current_state() -> State:
    """Return the state that the widgets and the URL hold."""
    return read_state(st.session_state)


def header(title: str) -> "cache.Dataset":
    """Show title, choice of data and the line of facts; return the open set, or stop with one sentence."""
    _report_wild_link()
    left, middle, right = st.columns([0.46, 0.32, 0.22], vertical_alignment="bottom")
    left.title(title, anchor=False)
    with middle:
        st.selectbox(
            "Data",
            _sources(),
            key="data",
            bind="query-params",
            accept_new_options=True,
            format_func=_name,
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


def _name(source: str) -> str:
    if source in bundled.PAIR_SETS:
        return f"{source} (bundled)"
    return source.rstrip("/").rsplit("/", 1)[-1] if "/" in source else source


def _facts(data: "cache.Dataset") -> None:
    embeddings = data.embeddings
    encoder = embeddings.provenance.encoder or "an unknown encoder"
    weights = embeddings.provenance.weights_sha256[:8]
    st.caption(
        f"{embeddings.n_images:,} pictures and {embeddings.n_texts:,} captions, encoded by **{encoder}**"
        f"{f' ({weights})' if weights else ''} into {embeddings.width} dimensions · content "
        f"`{data.fingerprint[:8]}` · computes on {cache.device_name()}"
    )


def _report_wild_link() -> None:
    """Say once a session which parameters of the link could not be used."""
    if "link_read" in st.session_state:
        return
    st.session_state["link_read"] = True
    st.session_state["link_problems"] = wild_parameters(st.query_params.to_dict(), sde.rule_names())
    for problem in st.session_state["link_problems"]:
        st.warning(f"{problem} The default is used instead.", icon=":material/link_off:")
