"""The address that restores the state, and what does not travel with it."""

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from sde_core.files import bundled
from sde_explorer.state import DEFAULT, left_out
from sde_explorer.ui.called import called_data, called_encoder
from sde_explorer.ui.navigation import page_paths
from sde_explorer.ui.session import address_of
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.share.state import ShareState


def share_link(data: "Dataset", state: "ShareState") -> None:
    """Show the link with a button that copies it."""
    paths = page_paths()
    if paths:
        st.selectbox(
            "It opens",
            list(paths),
            list(paths).index("Spectrum") if "Spectrum" in paths else 0,
            key="share_view",
            width=260,
            help="Every view reads the same link: whoever opens it can go on from there to the others.",
        )
    path = paths.get(str(st.session_state.get("share_view", "")), "")
    with st.container(key="share_link"):
        # The button that copies is there without the pointer, too.
        shown = "{opacity:1!important;visibility:visible!important}"
        st.html(f"<style>.st-key-share_link .stCode>div,.st-key-share_link .stCode>div *{shown}</style>")
        st.code(link_to(state, path, str(st.context.url or "")), language=None, wrap_lines=True)
    st.caption("  \n".join(what_travels(data, state)))


def link_to(state: "ShareState", path: str, address: str) -> str:
    """Return the link to a view in a state.

    Args:
        state: of the dashboard.
        path: of the view, "" for the first one.
        address: of the page that shows the link; "" where it is not known.
    """
    parts = urlsplit(address)
    root = parts.path.rstrip("/")
    for known in ("share", *page_paths().values()):
        if known and root.endswith(f"/{known}"):
            root = root.removesuffix(f"/{known}")
            break
    query = urlencode(address_of(replace(state, share_part=DEFAULT.share_part)), doseq=True)
    return urlunsplit((parts.scheme, parts.netloc, f"{root}/{path}", query, ""))


def what_travels(data: "Dataset", state: "ShareState") -> list[str]:
    """Return what the link carries and what it does not, a sentence each."""
    sentences = [
        "Whoever opens it sees this set, these thresholds, this moment of training and these scales. Zoom, hidden "
        "entries of a legend and open boxes stay here."
    ]
    encoder = data.embeddings.provenance.encoder or "unknown"
    if state.data in bundled.PAIR_SETS and encoder == state.encoder == "bundled":
        sentences.append(
            f"The data ships with SDE Explorer: the numbers are equal wherever the counts at the side say "
            f"content `{data.fingerprint[:8]}`."
        )
    else:
        sentences.append(
            f"The vectors do not travel: {as_text(called_data(state.data))} by {as_text(called_encoder(encoder))} "
            "lies on this machine. The link works for everyone who reaches this server; elsewhere the same data must "
            f"be opened first, and the counts at the side must say content `{data.fingerprint[:8]}`. The report above "
            "needs none of that."
        )
    if state.training:
        sentences.append(f"The training {as_text(state.training)} lies on this machine and does not travel.")
    return sentences + left_out(state)
