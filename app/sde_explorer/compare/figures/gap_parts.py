"""What a gap between images and texts is made of: its four parts, and along which directions it lies."""

from typing import Any

import plotly.graph_objects as go

from sde_core.geometry.gap import GapParts
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, figure
from sde_explorer.ui.figures.panels import where

_PLACES = ((0.0, 0.4), (0.5, 1.0))
_SHIFT, _SPREAD = palette.KINDS[0], palette.KINDS[1]


def gap_parts_figure(found: GapParts, *, height: int = 320) -> go.Figure:
    """Return the parts as bars, and beside them the same distance by direction, the shift below what is spread.

    Args:
        found: of two modalities that differ.
        height: pixels.
    """
    parts = {
        "means": found.centroid,
        "spread": found.trace,
        "shape": found.covariance,
        "directions": found.rotation,
    }
    shares = [part / found.frechet_squared for part in parts.values()]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": shares,
        "y": list(parts),
        "customdata": list(parts.values()),
        "text": [f"{share:.1%}" for share in shares],
        "textposition": "outside",
        "cliponaxis": False,
        "width": 0.7,
        "marker": {"color": [_SHIFT, _SPREAD, _SPREAD, _SPREAD], "line": {"width": 0}},
        "showlegend": False,
        "hovertemplate": "<b>%{y}</b><br>%{customdata:.4g}, %{x:.1%} of it all<extra></extra>",
    }
    ranks = list(range(1, len(found.basis) + 1))
    lines: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": ranks,
            "y": values.tolist(),
            "name": name,
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": f"<b>direction %{{x}}</b>, {name}<br>%{{y:.3g}}<extra></extra>",
        }
        | where(1)
        for name, values, colour in (
            ("distance of the means", found.centroid_by_direction, _SHIFT),
            ("spread, shape, directions", found.spread_by_direction, _SPREAD),
        )
    ]
    layout = {
        "barmode": "stack",
        "annotations": [
            caption("they differ in", _PLACES[0]),
            caption("along which directions", _PLACES[1]),
        ],
        "xaxis": axis(
            "share of the squared distance", domain=list(_PLACES[0]), tickformat=".0%", range=[0, 1.1]
        ),
        "yaxis": axis("", autorange="reversed", ticklabelstandoff=8),
        "xaxis2": axis("rank of the direction, both about their means", domain=list(_PLACES[1]), anchor="y2"),
        "yaxis2": axis("", anchor="x2"),
    }
    return figure([bars, *lines], layout, height=height)
