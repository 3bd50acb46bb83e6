"""A figure with frames that plays itself once, where motion is wanted."""

from pathlib import Path

import streamlit as st

_SEEN = "replays_seen"
_replay = st.components.v2.component(
    "sde_explorer.replay",
    html="<i hidden></i>",
    js=Path(__file__).with_name("replay.js").read_text("utf-8"),
)


def replayed(chart: str, *, once: str) -> None:
    """Let the figure above play its frames; a browser that asks for less motion leaves it at its end.

    Args:
        chart: key of the figure.
        once: name of what is played: the same is played once in a session.
    """
    seen = st.session_state.setdefault(_SEEN, set())
    _replay(key=f"{chart}_replay", data={"chart": "" if once in seen else chart})
    seen.add(once)
