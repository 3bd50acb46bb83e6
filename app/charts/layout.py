"""What all figures share: transparent background, margins, legend on top, quiet grid."""

import plotly.graph_objects as go

from app.charts import palette

CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg", "scale": 1},
}
"""Plotly's own tool bar: zoom, pan, reset, and the figure as SVG."""


def finish(figure: go.Figure, *, height: int, legend: bool = True) -> go.Figure:
    """Return the figure with the house layout."""
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 58 if legend else 34, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "bottom"},
        hoverlabel={"align": "left"},
        hovermode="closest",
        bargap=0.04,
    )
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(gridcolor=palette.GRID, zeroline=False, automargin=True)
    return figure
