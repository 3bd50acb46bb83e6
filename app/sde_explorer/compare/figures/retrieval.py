"""What the second set changes in retrieval, with paired intervals."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_core.vocabulary import DIRECTIONS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    from sde_core.treatments.comparison import ComparedRetrieval
    from sde_explorer.compare.numbers.measures import ComparedSets

WAYS = {way.value: way.label for way in DIRECTIONS}
"""Both directions as people read them, by the names of `sde_core.retrieval_metrics`."""
# The query's modality gives the colour: captions look for pictures, pictures for captions.
_QUERY = {way.value: way.query.value for way in DIRECTIONS}
SHOWN = ("recall@1", "recall@5", "recall@10")
NAMES = {
    "recall@1": "R@1",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "mrr": "MRR",
    "median_rank": "median rank",
}

_ZERO = {
    "type": "line",
    "x0": 0,
    "x1": 0,
    "y0": 0,
    "y1": 1,
    "yref": "paper",
    "line": {"color": palette.LAW, "width": 1.6, "dash": "dot"},
}


def differences_figure(
    found: "ComparedSets | ComparedRetrieval",
    *,
    title: str = "B minus A, percentage points",
    height: int = 260,
) -> go.Figure:
    """Return B minus A in percentage points with 95 % intervals, a row a metric; right of 0 B is better.

    Args:
        found: retrieval in both sets, or a row of a table beside its first one.
        title: of the horizontal axis.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    for way, words in WAYS.items():
        rows = [found.differences[f"{way}_{name}"] for name in SHOWN]
        x = [100 * row.estimate for row in rows]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": words,
                "x": x,
                "y": [f"{words}  {NAMES[name]}" for name in SHOWN],
                "customdata": [[100 * row.low, 100 * row.high] for row in rows],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * row.high - at for row, at in zip(rows, x, strict=True)],
                    "arrayminus": [at - 100 * row.low for row, at in zip(rows, x, strict=True)],
                    "thickness": 2,
                    "width": 5,
                },
                "marker": {
                    "size": 10,
                    "color": palette.MODALITY[_QUERY[way]],
                    # An open mark: the interval holds 0.
                    "symbol": ["circle" if row.excludes_zero else "circle-open" for row in rows],
                },
                "hovertemplate": "<b>%{y}</b><br>%{x:+.2f} points, 95 % from %{customdata[0]:+.2f} to "
                "%{customdata[1]:+.2f}<extra></extra>",
            }
        )
    layout = {
        "xaxis": axis(title, tickformat="~g", rangemode="tozero"),
        "yaxis": axis("", autorange="reversed", ticklabelstandoff=8),
        "shapes": [_ZERO],
        "showlegend": False,
    }
    return figure(traces, layout, height=height, top=8)
