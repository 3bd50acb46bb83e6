"""Which share of the queries has a right answer among the first k, for every k: a curve a direction of search."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from sde_core.retrieval.chance import chance_recall
from sde_core.retrieval.ranking import QueryRanks, RetrievalRanks, query_values
from sde_core.vocabulary import DIRECTIONS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

_MOST_POINTS = 60


def recall_figure(ranks: RetrievalRanks, *, height: int = 340) -> go.Figure:
    """Return recall over k in both directions, each beside a query that ranks at random.

    Args:
        ranks: of both directions.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    for way in DIRECTIONS:
        asked: QueryRanks = getattr(ranks, way)
        ks = _cut_offs(asked.n_gallery)
        values = query_values(asked, ks)
        colour = palette.MODALITY[way.query.value]
        line = {
            "type": "scatter",
            "mode": "lines",
            "x": ks,
            "y": [float(values[f"recall@{k}"].mean()) for k in ks],
            "name": way.label,
            "line": {"color": colour, "width": 2.5},
            "hovertemplate": f"<b>{way.label}</b><br>R@%{{x}} %{{y:.1%}}<extra></extra>",
        }
        chance = {
            "y": [chance_recall(asked.n_relevant[asked.included].tolist(), asked.n_gallery, k) for k in ks],
            "name": "chance",
            "line": {"color": colour, "width": 1.5, "dash": "dot"},
            "showlegend": False,
            "hovertemplate": f"<b>{way.label}, in any order</b><br>R@%{{x}} %{{y:.1%}}<extra></extra>",
        }
        traces += [line, line | chance]
    layout = {
        "xaxis": axis("k, of the first answers", type="log", dtick=1, tickformat="~g"),
        "yaxis": axis("queries with a right one among them", range=[0, 1.02], tickformat=".0%"),
    }
    return figure(traces, layout, height=height, top=40)


def _cut_offs(n_gallery: int) -> list[int]:
    """Return whole numbers from 1 to the size of the gallery, all of few, of many as many as a logarithm shows."""
    return sorted(
        {round(k) for k in np.geomspace(1, n_gallery, _MOST_POINTS)} | {min(5, n_gallery), min(10, n_gallery)}
    )
