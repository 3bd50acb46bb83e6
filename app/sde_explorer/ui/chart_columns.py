"""Two columns beside each other where there is room, below each other where there is not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# Two panels with their axes stay readable down to this width.
_LEAST = "33rem"


def chart_columns(
    key: str, shares: Sequence[float] = (0.5, 0.5), *, least: str = _LEAST
) -> "tuple[DeltaGenerator, DeltaGenerator]":
    """Return two places that become two rows where one of them would get narrower than ``least``.

    Args:
        key: unique on the page.
        shares: of the width.
        least: width of CSS.
    """
    place = st.container(key=key)
    # Columns inside these columns stay as they are.
    row = f".st-key-{key} > [data-testid=stLayoutWrapper] > [data-testid=stHorizontalBlock]"
    with place:
        st.html(
            f"<style>{row}{{flex-wrap:wrap;row-gap:1rem}}"
            f"{row} > [data-testid=stColumn]{{min-width:min(100%,{least})}}</style>"
        )
        left, right = st.columns(list(shares), gap="large")
    return left, right
