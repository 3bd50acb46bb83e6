"""The directions of a partition in their order, coloured by band: what a rule decided, without the spectrum itself."""

from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from sde_core.partition import Partition
from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure


def strip_figure(found: Partition, *, height: int = 150) -> go.Figure:
    """Return one row in which each run of directions of the same band is a bar, from its first rank to its last.

    Args:
        found: what a rule decided of at least one direction.
        height: pixels.
    """
    runs = _runs(found)
    traces: list[dict[str, Any]] = []
    for place, band in enumerate(BANDS):
        mine = [(start, count) for label, start, count in runs if label == place]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "base": [start + 0.5 for start, _ in mine],
                "x": [count for _, count in mine],
                "y": [""] * len(mine),
                "customdata": [[start + 1, start + count] for start, count in mine],
                "name": f"{band}, {sum(count for _, count in mine):,}",
                "marker": {"color": palette.BAND[band], "line": {"width": 0}},
                "hovertemplate": f"<b>{band}</b><br>directions %{{customdata[0]}} to %{{customdata[1]}}<extra></extra>",
            }
        )
    layout = {
        "barmode": "overlay",
        "xaxis": axis(
            f"rank of the direction; rule {found.rule}", range=[0.5, len(found.labels) + 0.5], showgrid=False
        ),
        "yaxis": axis("", showgrid=False, showticklabels=False),
        "showlegend": True,
    }
    return figure(traces, layout, height=height, top=40)


def _runs(found: Partition) -> list[tuple[int, int, int]]:
    """Return (label, first direction from 0, count) of each run."""
    runs, start = [], 0
    for label, members in groupby(found.labels.tolist()):
        count = sum(1 for _ in members)
        runs.append((int(label), start, count))
        start += count
    return runs
