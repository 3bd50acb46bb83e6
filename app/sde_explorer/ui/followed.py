"""A part of the page that looks again and again at what runs, more seldom the more tabs are open or wait."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from sde_explorer.readings.cached.background import n_waiting
from sde_explorer.serving.crowd import seconds_between_looks, tabs

P = ParamSpec("P")


def followed(part: Callable[P, None]) -> Callable[P, None]:
    """Run a part of the page again by itself, every second where few tabs are open.

    Args:
        part: draws what runs, and calls `st.rerun` at its end.
    """

    @wraps(part)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        st.fragment(part, run_every=seconds_between_looks(tabs(), n_waiting()))(*args, **kwargs)

    return drawn
