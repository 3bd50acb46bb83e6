"""Rule, thresholds and axes: the controls of the spectrum."""

import streamlit as st

import sde_core as sde
from app.components.terms import HELP
from app.state import DEFAULT, FACTOR_RANGE

_RULES = tuple(name for name in sde.rule_names() if name != "manual")
# Geometric steps, so that half and double are equally far from the rule's own threshold.
_STEPS = tuple(round(10 ** (i / 50), 3) for i in range(-50, 51))


def spectrum_controls() -> None:
    """Show the choice of rule, centring, modalities and axes; their values live in the state."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.selectbox(
            "Partition rule",
            _RULES,
            key="rule",
            bind="query-params",
            help=HELP["rule"],
            on_change=_reset,
            width=240,
        )
        st.segmented_control(
            "Mean",
            ("mean", "none"),
            default=DEFAULT.center,
            required=True,
            key="center",
            bind="query-params",
            format_func=lambda center: "taken off" if center == "mean" else "left in",
            help=HELP["center"],
        )
        st.segmented_control(
            "Modalities",
            ("both", "image", "text"),
            default=DEFAULT.show,
            required=True,
            key="show",
            bind="query-params",
        )
        st.toggle("log rank", DEFAULT.logx, key="logx", bind="query-params")
        st.toggle("log value", DEFAULT.logy, key="logy", bind="query-params")


def threshold_controls(*, disabled: bool) -> None:
    """Show a slider and a number for each threshold, and the way back to the rule.

    Args:
        disabled: whether the rule does not cut by size.
    """
    one, two, three = st.columns([0.4, 0.4, 0.2], vertical_alignment="bottom", gap="medium")
    with one:
        _threshold("noise", "Noise threshold × rule", disabled=disabled)
    with two:
        _threshold("strong", "Strong threshold × rule", disabled=disabled)
    three.button(
        "Reset to rule", on_click=_reset, icon=":material/restart_alt:", width="stretch", disabled=disabled
    )


def _threshold(key: str, label: str, *, disabled: bool) -> None:
    """Show one threshold as slider and number; the number holds the state, the slider follows it."""
    low, high = FACTOR_RANGE
    left, right = st.columns([0.68, 0.32], vertical_alignment="bottom")
    with right:
        st.number_input(
            label,
            low,
            high,
            1.0,
            0.05,
            format="%.3g",
            key=key,
            bind="query-params",
            disabled=disabled,
            label_visibility="collapsed",
        )
    slider = f"{key}_slider"
    st.session_state[slider] = min(_STEPS, key=lambda step: abs(step - st.session_state[key]))
    with left:
        st.select_slider(
            label,
            _STEPS,
            key=slider,
            format_func=lambda step: f"{step:.2f}",
            help=HELP[key],
            disabled=disabled,
            on_change=_take,
            args=(key, slider),
        )


def _take(key: str, slider: str) -> None:
    st.session_state[key] = st.session_state[slider]


def _reset() -> None:
    st.session_state["noise"] = 1.0
    st.session_state["strong"] = 1.0
