"""Clicks on the chart of batches: on a size, the spectra are of it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sde_explorer.ui.session import put


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
