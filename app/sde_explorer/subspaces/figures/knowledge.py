"""What each direction knows of each column: a bar a direction in the colour of its band, and where the column lives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.subspaces.numbers.knowledge import KnownColumn
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    import numpy.typing as npt

_LEFT, _RIGHT = (0.0, 0.78), (0.84, 1.0)
_GAP = 0.09
_HEAD = "share of variance between the values, less chance"


def knowledge_figure(
    columns: Sequence[KnownColumn],
    labels: "npt.NDArray[np.int64]",
    *,
    names: Sequence[str] = (),
    height: int = 560,
) -> go.Figure:
    """Return one row a column: its share of every direction's variance, chance as a line, and the three bands' parts.

    A bar's data is the number of its direction.
    """
    rows = max(1, len(columns))
    tall = (1 - _GAP * (rows - 1)) / rows
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": _heads(), "barmode": "stack", "bargap": 0.12}
    rank = np.arange(1, len(labels) + 1)
    named = np.array(
        [f"<br><i>{_text(name, 90)}</i>" if name else "" for name in names or [""] * len(labels)], object
    )
    for i, column in enumerate(columns):
        top = 1 - i * (tall + _GAP)
        place = [max(0.0, top - tall), top]
        bars, where = _suffix(2 * i), _suffix(2 * i + 1)
        for band, name in enumerate(BANDS):
            mine = labels == band
            traces.append(_bars(column, rank, mine, name, bars, named, shown=i == 0))
            traces.append(_part(column, band, where))
        traces.append(_chance(column, rank, bars, shown=i == 0))
        last = i == rows - 1
        layout[f"xaxis{bars}"] = axis(
            "direction, by size" if last else "",
            domain=list(_LEFT),
            anchor=f"y{bars}",
            range=[0.4, len(labels) + 0.6],
            showgrid=False,
            showticklabels=last,
            **({} if i == 0 else {"matches": "x"}),
        )
        layout[f"yaxis{bars}"] = axis(
            "", domain=place, anchor=f"x{bars}", tickformat=".2~%", rangemode="tozero", nticks=4
        )
        layout[f"xaxis{where}"] = axis(
            "", domain=list(_RIGHT), anchor=f"y{where}", range=[0, 1], showticklabels=False, showgrid=False
        )
        layout[f"yaxis{where}"] = axis(
            "", domain=place, anchor=f"x{where}", showticklabels=False, showgrid=False, range=[-1.6, 1.6]
        )
        layout["annotations"].append(_name(column, place))
    return figure(traces, layout, height=height, top=54)


def _suffix(number: int) -> str:
    return "" if number == 0 else str(number + 1)


def _bars(
    column: KnownColumn,
    rank: "npt.NDArray[np.int64]",
    mine: "npt.NDArray[np.bool_]",
    band: str,
    suffix: str,
    named: "npt.NDArray[np.object_]",
    *,
    shown: bool,
) -> dict[str, Any]:
    sure = np.where(column.significant[mine], "known", "no more than chance")
    return {
        "type": "bar",
        "name": band,
        "legendgroup": band,
        "showlegend": shown,
        "x": rank[mine],
        "y": np.clip(column.known[mine], 0, None),
        "customdata": np.stack([rank[mine].astype(object), sure, named[mine]], axis=1),
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "marker": {"color": palette.BAND[band], "line": {"width": 0}},
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "hovertemplate": f"<b>direction %{{x}}</b>, {band}<br>%{{y:.1%}} of its variance lies between the values of "
        f"{_text(column.name)}<br>%{{customdata[1]}}%{{customdata[2]}}<extra></extra>",
    }


def _chance(
    column: KnownColumn, rank: "npt.NDArray[np.int64]", suffix: str, *, shown: bool
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "chance stays below",
        "legendgroup": "chance",
        "showlegend": shown,
        "x": rank,
        "y": np.clip(column.chance, 0, None),
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "line": {"color": palette.LAW, "width": 1.2},
        "hoverinfo": "skip",
    }


def _part(column: KnownColumn, band: int, suffix: str) -> dict[str, Any]:
    share, name = column.shares[band], BANDS[band]
    interval = ""
    if column.intervals:
        low, high = column.intervals[band]
        interval = f" [{100 * low:.1f}, {100 * high:.1f}]"
    return {
        "type": "bar",
        "orientation": "h",
        "showlegend": False,
        "x": [share],
        "y": [0],
        "width": 1,
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "marker": {"color": palette.BAND[name], "line": {"width": 0}},
        "text": [f"{100 * share:.0f} %" if share >= 0.16 else ""],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"color": "#ffffff" if name == "noise" else "#10151b", "size": 12},
        "hovertemplate": f"<b>{name}</b>: {100 * share:.1f} %{interval} of what is known of "
        f"{_text(column.name)}<extra></extra>",
    }


def _heads() -> list[dict[str, Any]]:
    common = {"xref": "paper", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 6, "showarrow": False}
    return [
        common | {"x": _LEFT[0], "xanchor": "left", "text": _HEAD},
        common | {"x": _RIGHT[0], "xanchor": "left", "text": "where it lives"},
    ]


def _name(column: KnownColumn, place: list[float]) -> dict[str, Any]:
    return {
        "text": f"<b>{_text(column.name)}</b> · {column.told}",
        "x": _LEFT[1],
        "y": place[1],
        "xref": "paper",
        "yref": "paper",
        "xanchor": "right",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 14},
    }


def _text(name: str, most: int = 40) -> str:
    """Return a column's name as Plotly shows it letter by letter."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")[:most]
