"""What two sets of vectors of the same things have in common, and how far they lie apart: the figures of a parity."""

import math
from typing import Any

import plotly.graph_objects as go

from sde_core.geometry.parity.verdict import Parity
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, figure
from sde_explorer.ui.figures.panels import where

_PLACES = ((0.0, 0.34), (0.66, 1.0))
_ALIKE = {
    "row_cosine": "cosine of a row",
    "centred_cosine": "the same, about the means",
    "neighbours_kept": "neighbours kept, of 10",
}
_APART = {
    "residual": "left by the best map",
    "mean_distance": "between the means",
    "spectrum_distance": "between the spectra, of 1",
}


def parity_figure(found: Parity, *, height: int = 230) -> go.Figure:
    """Return what is alike, 1 where nothing changed, beside what is apart, 0 where nothing changed.

    Args:
        found: of two sets; numbers that its rows were too few for have no bar.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    for panel, (names, colour) in enumerate(
        ((_ALIKE, palette.CHANGE["better"]), (_APART, palette.CHANGE["worse"]))
    ):
        known = {name: found.figures[name] for name in names if math.isfinite(found.figures[name])}
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": list(known.values()),
                "y": [names[name] for name in known],
                "text": [f"{value:.4g}" for value in known.values()],
                "textposition": "auto",
                "textangle": 0,
                "marker": {"color": colour, "line": {"width": 0}},
                "showlegend": False,
                "hovertemplate": "<b>%{y}</b><br>%{x:.4g}<extra></extra>",
            }
            | where(panel)
        )
    least = min([0.0, *traces[0]["x"]])
    most = max([1.0, *traces[1]["x"]])
    layout = {
        "bargap": 0.25,
        "annotations": [
            caption(f"{found.verdict}, {found.n_rows:,} rows: alike", _PLACES[0]),
            caption("apart", _PLACES[1]),
        ],
        "xaxis": axis("median, 1 is the same", domain=list(_PLACES[0]), range=[least, 1.0]),
        "yaxis": axis("", autorange="reversed", ticklabelstandoff=8),
        "xaxis2": axis(
            "units of the spread",
            domain=list(_PLACES[1]),
            anchor="y2",
            range=[0, most],
        ),
        "yaxis2": axis("", anchor="x2", autorange="reversed", ticklabelstandoff=8),
    }
    return figure(traces, layout, height=height, top=40)
