"""Two charts beside each other where there is room, below each other where there is not."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# Two panels with their axes stay readable down to this width.
_LEAST = "33rem"


def chart_columns(key: str) -> "tuple[DeltaGenerator, DeltaGenerator]":
    """Return two places of one width that become two rows on a narrow page.

    Args:
        key: unique on the page.
    """
    place = st.container(key=key)
    with place:
        st.html(
            f"<style>.st-key-{key} [data-testid=stColumn]{{min-width:min(100%,{_LEAST})}}"
            f".st-key-{key} [data-testid=stHorizontalBlock]{{flex-wrap:wrap}}</style>"
        )
        left, right = st.columns(2, gap="large")
    return left, right
