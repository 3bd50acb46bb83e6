"""Rule, thresholds and axes: the controls of the spectrum, and rule and thresholds as one row for any view."""

import streamlit as st

from sde_explorer.readings.bands import rule_names
from sde_explorer.state import DEFAULT, FACTOR_RANGE, RANGES, choices
from sde_explorer.ui.header import current_state, put
from sde_explorer.ui.terms import HELP, RULES

# Geometric steps, so that half and double are equally far from the rule's own threshold.
_STEPS = tuple(round(10 ** (i / 50), 3) for i in range(-50, 51))


def spectrum_controls(sizes: tuple[int, ...]) -> None:
    """Show the choice of rule, centring, matrix and axes; their values live in the state.

    Args:
        sizes: numbers of pairs to draw batches of, the last one being all of them.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Partition rule",
            rule_names(),
            key="rule",
            bind="query-params",
            help=HELP["rule"],
            on_change=_reset,
            width=170,
        )
        _choice("center", "Mean")
        _choice("spectra", "Spectra")
        _choice("show", "Modalities", disabled=current_state().spectra != "by modality")
        _batch_picker(sizes)
        _choice("overlay", "Band around")
        with st.popover("Axes", icon=":material/tune:"):
            for name, label in (("unit", "Directions by"), ("xscale", "Rank axis"), ("yscale", "Value axis")):
                _choice(name, label)


def _choice(name: str, label: str, *, disabled: bool = False) -> None:
    st.segmented_control(
        label,
        choices(name),
        default=getattr(DEFAULT, name),
        required=True,
        key=name,
        bind="query-params",
        help=HELP[name],
        disabled=disabled,
    )


def _batch_picker(sizes: tuple[int, ...]) -> None:
    state = current_state()
    options = (0, *sizes[:-1])
    if state.batch not in options:
        options = (0, *sorted({*options[1:], state.batch}))
    _follow("batch_pick", state.batch)
    st.selectbox(
        "Pairs",
        options,
        key="batch_pick",
        format_func=lambda size: f"{size:,} at random" if size else "all",
        help=HELP["batch"],
        on_change=lambda: put(batch=st.session_state["batch_pick"]),
        width=150,
    )
    if state.batch:
        last = int(RANGES["seed"][1])
        st.button(
            "Draw others",
            icon=":material/shuffle:",
            help=HELP["seed"],
            on_click=lambda: put(seed=(state.seed + 1) % (last + 1)),
        )


def threshold_controls(*, disabled: bool) -> None:
    """Show a slider and a number for each threshold, the way back, and what the rule does.

    Args:
        disabled: whether the rule does not cut by size.
    """
    one, two, three = st.columns([0.39, 0.39, 0.22], vertical_alignment="bottom", gap="medium")
    with one:
        _threshold("noise", "Noise threshold", disabled=disabled)
    with two:
        _threshold("strong", "Strong threshold", disabled=disabled)
    three.button(
        "Reset to rule", on_click=_reset, icon=":material/restart_alt:", width="stretch", disabled=disabled
    )
    rule = st.session_state["rule"]
    st.caption(f"**{rule}**: {RULES.get(rule, 'a rule that was registered in this process.')}")


def compact_thresholds(*, disabled: bool = False) -> None:
    """Show rule, both thresholds and the way back in one row, for a view that has no other controls for them.

    The view's `header` must not name these fields as its own: they are kept there, and set here.

    Args:
        disabled: whether the rule does not cut by size.
    """
    rule, one, two, back = st.columns([0.19, 0.29, 0.29, 0.23], vertical_alignment="bottom", gap="small")
    _follow("rule_pick", current_state().rule)
    rule.selectbox("Partition rule", rule_names(), key="rule_pick", help=HELP["rule"], on_change=_choose_rule)
    with one:
        _slider("noise", "Noise threshold", disabled=disabled)
    with two:
        _slider("strong", "Strong threshold", disabled=disabled)
    back.button(
        "Reset to rule", on_click=_reset, icon=":material/restart_alt:", width="stretch", disabled=disabled
    )


def _threshold(key: str, label: str, *, disabled: bool) -> None:
    """Show one threshold as slider and number; the number holds the state, the slider follows it."""
    low, high = FACTOR_RANGE
    left, right = st.columns([0.66, 0.34], vertical_alignment="bottom")
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
    with left:
        _slider(key, label, disabled=disabled)


def _slider(key: str, label: str, *, disabled: bool) -> None:
    slider = f"{key}_slider"
    _follow(slider, min(_STEPS, key=lambda step: abs(step - st.session_state[key])))
    st.select_slider(
        label,
        _STEPS,
        key=slider,
        format_func=lambda step: f"{step:.2f} × rule",
        help=HELP[key],
        disabled=disabled,
        on_change=lambda: put(**{key: st.session_state[slider]}),
    )


def _follow(widget: str, value: object) -> None:
    # Set only where it differs: a value that is set on every run would pull back a slider that moves on meanwhile.
    if st.session_state.get(widget) != value:
        st.session_state[widget] = value


def _choose_rule() -> None:
    put(rule=st.session_state["rule_pick"])
    _reset()


def _reset() -> None:
    put(noise=1.0, strong=1.0)
