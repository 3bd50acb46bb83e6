"""What the directions know of columns, as a figure that stands still; the view's own has thresholds to drag."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.knowledge import KnownColumn

_GAP = 0.16
_ROW_PIXELS = 130


def known_figure(
    columns: "Sequence[KnownColumn]", labels: "npt.NDArray[np.int64]", *, side: str
) -> go.Figure:
    """Return a row a column and a bar a direction: the share of its variance that the column explains.

    Args:
        columns: at least one.
        labels: (r,) band of each direction.
        side: whose directions.
    """
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "bargap": 0}
    tall = (1 - _GAP * (len(columns) - 1)) / len(columns)
    for row, column in enumerate(columns):
        suffix = "" if row == 0 else str(row + 1)
        top = 1 - row * (tall + _GAP)
        axes = {"xaxis": "x", "yaxis": f"y{suffix}"}
        traces += [_bars(column, labels, band, first=row == 0) | axes for band in range(len(BANDS))]
        traces.append(_chance(column, first=row == 0) | axes)
        layout["annotations"].append(caption(_title(column), (0, 1), size=13) | {"y": top, "yshift": 2})
        layout[f"yaxis{suffix}"] = axis(
            "", domain=[max(0.0, top - tall), top], tickformat=".0%", rangemode="tozero", nticks=4
        )
    last = "" if len(columns) == 1 else str(len(columns))
    layout["xaxis"] = axis(f"{side} direction", anchor=f"y{last}", range=[0.5, len(labels) + 0.5])
    return figure(traces, layout, height=90 + _ROW_PIXELS * len(columns), top=62)


def _title(column: "KnownColumn") -> str:
    shares = ", ".join(f"{band} {share:.0%}" for band, share in zip(BANDS, column.shares, strict=True))
    return f"{column.name}, {column.told}: {shares}"


def _bars(
    column: "KnownColumn", labels: "npt.NDArray[np.int64]", band: int, *, first: bool
) -> dict[str, Any]:
    mine = np.flatnonzero(labels == band)
    name = BANDS[band].value
    sure = column.significant[mine]
    return {
        "type": "bar",
        "x": mine + 1,
        "y": np.maximum(column.known[mine], 0),
        "name": name,
        "legendgroup": name,
        "showlegend": first,
        "marker": {
            "color": palette.BAND[name],
            "opacity": np.where(sure, 1.0, 0.35),
            "line": {"width": 0},
        },
        "customdata": np.where(sure, "knows it", "could be chance"),
        "hovertemplate": f"<b>direction %{{x}}, {name}</b><br>{column.name} explains %{{y:.1%}} of its variance"
        "<br>%{customdata}<extra></extra>",
    }


def _chance(column: "KnownColumn", *, first: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.arange(1, len(column.chance) + 1),
        "y": column.chance,
        "name": "chance, 95 of 100 shuffles",
        "legendgroup": "chance",
        "showlegend": first,
        "line": {"color": palette.LAW, "width": 1.4, "dash": "dot"},
        "hoverinfo": "skip",
    }
