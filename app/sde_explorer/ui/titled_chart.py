"""A figure below the sentence that says what it shows."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go


def titled_chart(title: str, figure: "go.Figure", *, key: str, story: str, alt: str) -> None:
    """Show a sentence and its figure, and say the sentence to who does not see the figure.

    Args:
        title: the sentence, as Markdown.
        figure: of plotly.
        key: of the chart.
        story: how to read both, on hover.
        alt: what is drawn.
    """
    st.markdown(title, help=story)
    st.plotly_chart(figure, key=key, config=CONFIG, alt=f"{alt} {plain(title)}")
