"""Clicks on charts: on a direction, the nearer threshold moves there; on a batch size, the spectra are of it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sde_explorer.spectrum.figures.spectrum import FACTORS
from sde_explorer.state import FACTOR_RANGE, State
from sde_explorer.ui.session import current_state, put

# Above the value by far less than two singular values differ, so that rounding leaves the direction below.
_JUST_ABOVE = 1 + 1e-9


def threshold_clicked(points: Sequence[Mapping[str, Any]], state: State) -> tuple[str, float] | None:
    """Return which threshold moves and where to, as a multiple of the rule's; None if the click says nothing.

    Args:
        points: what the chart says was clicked.
        state: of the dashboard.
    """
    data = points[-1].get("customdata") if points else None
    if isinstance(data, Mapping):  # typed arrays of the browser arrive as {"0": ..., "1": ...}
        data = list(data.values())
    if not data or len(data) < FACTORS.stop:
        return None
    found = [
        (abs(math.log(factor / current)), name, factor)
        for name, factor, current in zip(
            ("noise", "strong"), data[FACTORS], (state.noise, state.strong), strict=True
        )
        if factor and math.isfinite(factor) and factor > 0
    ]
    if not found:
        return None
    _, name, factor = min(found)
    low, high = FACTOR_RANGE
    return name, min(max(factor * _JUST_ABOVE, low), high)


def take_click(chart: str) -> None:
    """Move the threshold that a click on ``chart`` means: a callback of the figure."""
    event = st.session_state.get(chart)
    points = event["selection"]["points"] if event else []
    moved = threshold_clicked(points, current_state())
    if moved is not None:
        put(**{moved[0]: moved[1]})


def size_clicked(points: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the number of pairs of a point of the batches; None if the click says nothing."""
    data = points[-1].get("customdata") if points else None
    if isinstance(data, Mapping):
        data = list(data.values())
    size = data[0] if data else None
    return int(size) if isinstance(size, int | float) and math.isfinite(size) and size > 0 else None


def take_size(chart: str) -> None:
    """Show the spectra of a batch of the size that a click on ``chart`` means: a callback of the figure."""
    event = st.session_state.get(chart)
    size = size_clicked(event["selection"]["points"] if event else [])
    if size is not None:
        put(batch=size)
