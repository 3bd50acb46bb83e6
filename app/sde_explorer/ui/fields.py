"""Widgets that show a field of the state and set it, so that none can get out of step with it.

Key and value of a widget come from the state, see `sde_explorer.ui.widget_keys`.

    segments("center", "Mean")
    slider("t", "Moment t", step=0.01)
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from sde_explorer.state import RANGES, choices
from sde_explorer.ui.session import current_state
from sde_explorer.ui.widget_keys import Also, on_choice, widget_key


def segments(
    field: str,
    label: str,
    *,
    options: Sequence[str] = (),
    help: str | None = None,
    words: Callable[[str], str] = str,
    bare: bool = False,
    disabled: bool = False,
    also: Also | None = None,
) -> None:
    """Show the choices of a field side by side.

    Args:
        field: of the state.
        label: above the choices.
        options: to choose from; empty are those of the field's type.
        help: what the choice means.
        words: what people see for a value.
        bare: whether the label is for screen readers only, as on a view's one line of controls.
        disabled: whether it can be read but not changed.
        also: what else a choice sets.
    """
    value = getattr(current_state(), field)
    key, first = widget_key(f"{field}_pick", field, value)
    st.segmented_control(
        label,
        options or choices(field),
        default=first,
        key=key,
        required=True,
        format_func=words,
        help=None if bare else help,
        label_visibility=_visibility(bare),
        disabled=disabled,
        on_change=on_choice(f"{field}_pick", key, also),
    )


def choice(
    field: str,
    label: str,
    options: Sequence[Any],
    *,
    help: str | None = None,
    words: Callable[[Any], str] = str,
    width: Literal["stretch"] | int = "stretch",
    bare: bool = False,
    disabled: bool = False,
    typed: bool = False,
    placeholder: str | None = None,
    also: Also | None = None,
) -> None:
    """Show the values that a field may have right now as a list to open.

    Args:
        field: of the state; its value is one of the options, or nothing is chosen.
        label: above the list.
        options: to choose from.
        help: what the choice means.
        words: what people see for a value.
        width: "stretch", or pixels.
        bare: whether the label is for screen readers only.
        disabled: whether it can be read but not changed.
        typed: whether something else may be typed in.
        placeholder: shown while nothing is chosen.
        also: what else a choice sets.
    """
    value = getattr(current_state(), field)
    key, first = widget_key(f"{field}_pick", field, value if value in options else None)
    st.selectbox(
        label,
        options,
        list(options).index(first) if first in options else None,
        key=key,
        format_func=words,
        help=None if bare else help,
        width=width,
        label_visibility=_visibility(bare),
        disabled=disabled,
        accept_new_options=typed,
        placeholder=placeholder,
        on_change=on_choice(f"{field}_pick", key, also),
    )


def many(
    field: str,
    label: str,
    options: Sequence[Any],
    *,
    help: str | None = None,
    placeholder: str = "",
    most: int | None = None,
    bare: bool = False,
    disabled: bool = False,
    typed: bool = False,
    also: Also | None = None,
) -> None:
    """Show a field that holds several values as chips, each with an x, and a box to find others.

    Args:
        field: of the state, a tuple.
        label: above the box.
        options: to choose from.
        help: what the choice means.
        placeholder: shown while there is none.
        most: values that may be chosen.
        bare: whether the label is for screen readers only.
        disabled: whether it can be read but not changed.
        typed: whether something else may be typed in.
        also: what else a choice sets.
    """
    value = tuple(v for v in getattr(current_state(), field) if v in options)
    key, first = widget_key(f"{field}_pick", field, value)
    st.multiselect(
        label,
        options,
        list(first),
        key=key,
        help=None if bare else help,
        placeholder=placeholder,
        max_selections=most,
        label_visibility=_visibility(bare),
        disabled=disabled,
        accept_new_options=typed,
        on_change=on_choice(f"{field}_pick", key, also),
    )


def number(
    field: str,
    label: str,
    *,
    step: float = 1,
    low: float | None = None,
    high: float | None = None,
    format: str | None = None,
    help: str | None = None,
    width: Literal["stretch"] | int = "stretch",
    bare: bool = False,
    disabled: bool = False,
    also: Also | None = None,
) -> None:
    """Show a number to type.

    Args:
        field: of the state.
        label: above the box.
        step: of the two small buttons.
        low: least value; None is that of the field.
        high: largest value; None is that of the field.
        format: of the number, such as "%.3g".
        help: what it means.
        width: "stretch", or pixels.
        bare: whether the label is for screen readers only.
        disabled: whether it can be read but not changed.
        also: what else a value sets.
    """
    value = getattr(current_state(), field)
    kind, (least, most) = type(value), RANGES[field]
    low, high = least if low is None else low, most if high is None else high
    key, first = widget_key(f"{field}_number", field, kind(min(max(value, low), high)))
    st.number_input(
        label,
        kind(low),
        kind(high),
        first,
        kind(step),
        format=format,
        key=key,
        help=None if bare else help,
        width=width,
        label_visibility=_visibility(bare),
        disabled=disabled,
        on_change=on_choice(f"{field}_number", key, also),
    )


def slider(
    field: str,
    label: str,
    *,
    step: float,
    low: float | None = None,
    high: float | None = None,
    help: str | None = None,
    bare: bool = False,
    disabled: bool = False,
) -> None:
    """Show a number to drag; arguments as of `number`."""
    value = getattr(current_state(), field)
    kind, (least, most) = type(value), RANGES[field]
    low, high = least if low is None else low, most if high is None else high
    key, first = widget_key(f"{field}_slider", field, kind(min(max(value, low), high)))
    st.slider(
        label,
        kind(low),
        kind(high),
        first,
        kind(step),
        key=key,
        help=None if bare else help,
        label_visibility=_visibility(bare),
        disabled=disabled,
        on_change=on_choice(f"{field}_slider", key),
    )


def steps(
    field: str,
    label: str,
    values: Sequence[float],
    *,
    words: Callable[[float], str],
    help: str | None = None,
    bare: bool = False,
    disabled: bool = False,
) -> None:
    """Show a number to drag in given steps; it stands at the step that is nearest to the field's value.

    Args:
        field: of the state.
        label: above the slider.
        values: ascending.
        words: what people see for a step, another for each: Streamlit knows a step by its words.
        help: what it means.
        bare: whether the label is for screen readers only.
        disabled: whether it can be read but not changed.
    """
    value = getattr(current_state(), field)
    key, first = widget_key(f"{field}_slider", field, min(values, key=lambda step: abs(step - value)))
    st.select_slider(
        label,
        values,
        first,
        format_func=words,
        key=key,
        help=None if bare else help,
        label_visibility=_visibility(bare),
        disabled=disabled,
        on_change=on_choice(f"{field}_slider", key),
    )


def text(
    field: str, label: str, *, placeholder: str = "", help: str | None = None, bare: bool = False
) -> None:
    """Show a text to type; arguments as of `choice`."""
    value = getattr(current_state(), field)
    key, first = widget_key(f"{field}_text", field, value)
    st.text_input(
        label,
        first,
        key=key,
        placeholder=placeholder,
        help=None if bare else help,
        label_visibility=_visibility(bare),
        on_change=on_choice(f"{field}_text", key),
    )


def _visibility(bare: bool) -> Literal["visible", "collapsed"]:
    return "collapsed" if bare else "visible"
