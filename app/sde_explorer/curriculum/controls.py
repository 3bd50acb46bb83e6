"""The knobs of the curriculum; their values live in the state."""

import streamlit as st

from sde_explorer.curriculum.words import KNOBS
from sde_explorer.state import DEFAULT, RANGES, choices
from sde_explorer.ui.header import current_state, put
from sde_explorer.ui.terms import HELP
from sde_explorer.ui.thresholds import compact_thresholds

FIELDS = (
    "transform", "strong_mode", "schedule", "show", "xscale", "yscale", "rho", "alpha_start", "alpha_end", "warmup",
    "t",
)  # fmt: skip
_LABELS = {
    "transform": "Transform in all views",
    "strong_mode": "Strong band",
    "schedule": "Schedule",
    "rho": "Strength ρ",
    "alpha_start": "α at the start",
    "alpha_end": "α at the end",
    "warmup": "Warm-up",
    "t": "Training progress t",
    "show": "Modalities",
    "xscale": "Rank axis",
    "yscale": "Value axis",
}
_STEPS = {"rho": 0.05, "alpha_start": 0.01, "alpha_end": 0.01, "warmup": 0.01}
MOST_FOLLOWED = 6


def curriculum_controls() -> None:
    """Show what is done to the vectors, how strongly, and when."""
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        is_pruned = _choice("transform") == "pruned"
        _choice("strong_mode", disabled=is_pruned)
        _choice("schedule", disabled=is_pruned)
    for column, (name, step) in zip(st.columns(4, gap="medium"), _STEPS.items(), strict=True):
        with column:
            _slider(name, step, disabled=is_pruned)
    compact_thresholds()
    left, right = st.columns([0.56, 0.44], gap="large")
    with left:
        _slider("t", 0.01, disabled=is_pruned)
    with right, st.container(horizontal=True, gap="medium"):
        _choice("show")
        _choice("xscale")
        _choice("yscale")
    with st.expander("What each knob does", icon=":material/help:"):
        st.markdown("\n".join(f"- **{_LABELS[name]}.** {text}" for name, text in KNOBS.items()))


def followed_directions(count: int) -> tuple[int, ...]:
    """Show the choice of directions with a curve of their own, and return their ranks.

    Args:
        count: directions that there are.
    """
    wanted = [rank for rank in current_state().followed if 1 <= rank <= count]
    if st.session_state.get("followed_pick") != wanted:
        st.session_state["followed_pick"] = wanted
    st.multiselect(
        "Follow single directions",
        range(1, count + 1),
        key="followed_pick",
        placeholder="type a rank: 1 is the largest singular value",
        max_selections=MOST_FOLLOWED,
        on_change=lambda: put(followed=tuple(sorted(st.session_state["followed_pick"]))),
    )
    return tuple(wanted)


def _choice(name: str, *, disabled: bool = False) -> str | None:
    chosen: str | None = st.segmented_control(
        _LABELS[name],
        choices(name),
        default=getattr(DEFAULT, name),
        required=True,
        key=name,
        bind="query-params",
        help=KNOBS.get(name) or HELP[name],
        disabled=disabled,
    )
    return chosen


def _slider(name: str, step: float, *, disabled: bool) -> None:
    low, high = RANGES[name]
    st.slider(
        _LABELS[name],
        low,
        high,
        getattr(DEFAULT, name),
        step,
        key=name,
        bind="query-params",
        help=KNOBS[name],
        disabled=disabled,
    )
