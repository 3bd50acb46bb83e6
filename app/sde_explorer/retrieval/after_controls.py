"""What "after" means where vectors are compared before and after a transform: which one, when, which thresholds."""

import streamlit as st

from sde_explorer.curriculum.words import KNOBS
from sde_explorer.readings.gains import kind_of
from sde_explorer.state import RANGES
from sde_explorer.ui.follow import own_key, take
from sde_explorer.ui.header import current_state
from sde_explorer.ui.thresholds import compact_thresholds

_KINDS = ("enhanced", "pruned")
_HELP = (
    "What is done to the vectors on the right-hand side; on the left they are as the encoder made them. **enhanced**: "
    "the gains of the Curriculum page at t. **pruned**: noise directions become 0 [X]. Fitted on what is shown, for "
    "pictures and for captions apart; each query goes through the map of its own modality. The choice holds in all "
    "views."
)


def after_controls() -> None:
    """Show the choice of transform, its moment, rule and thresholds; their values live in the state."""
    state = current_state()
    left, right = st.columns([0.36, 0.64], vertical_alignment="bottom", gap="medium")
    with left:
        # "none" would show the same on both sides: then the gains of the Curriculum page stand on the right.
        kind = kind_of(state)
        key = own_key("after_pick", kind)
        st.segmented_control(
            "After",
            _KINDS,
            default=kind,
            key=key,
            required=True,
            help=_HELP,
            on_change=lambda: take("after_pick", key, "transform"),
        )
    with right:
        low, high = RANGES["t"]
        moment = own_key("t_pick", state.t)
        st.slider(
            "Training progress t",
            low,
            high,
            state.t,
            0.01,
            key=moment,
            help=KNOBS["t"].split(" Play")[0],
            disabled=state.transform == "pruned",
            on_change=lambda: take("t_pick", moment, "t"),
        )
    compact_thresholds()
