"""What retrieval changes: differences to raw with their intervals, and the rank of each query before and after."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_core.retrieval.bootstrap import Interval
    from sde_explorer.retrieval.numbers.queries import ChangePoints

PLACES = ((0.0, 0.47), (0.53, 1.0))
SAME = "within chance"
_SYMBOL = {"better": "circle", "worse": "diamond", SAME: "circle-open"}
_COLOUR = {**palette.CHANGE, SAME: palette.CHANGE["same"]}
_ROW_PIXELS = 26
_JITTER = 0.36


def difference_figure(
    names: Sequence[str],
    differences: "dict[str, list[Interval | None]]",
    *,
    metric: str,
    captions: dict[str, str] | None = None,
    base: str = "raw",
    height: int | None = None,
) -> go.Figure:
    """Return one panel a direction of search: each row's difference to raw as a dot with its interval.

    Args:
        names: of the rows, top down.
        differences: by direction of search, one interval a row; None where it is not measured yet.
        metric: name of the metric; recalls are shown in points, an earlier median rank is better.
        captions: what stands above a panel, by direction of search; None is the direction alone.
        base: name of the row that the others are compared with.
        height: pixels; None makes room for the rows.
    """
    scale = 100 if metric.startswith("R@") else 1
    unit = "points" if scale == 100 else "ranks" if metric == "median rank" else "MRR"
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "shapes": []}
    for panel, (way, found) in enumerate(differences.items()):
        suffix = "" if panel == 0 else str(panel + 1)
        traces += [
            _dots(names, found, kind, metric, scale, unit, first=panel == 0) | where(panel)
            for kind in ("better", "worse", SAME)
        ]
        layout["annotations"].append(caption((captions or {}).get(way, way), PLACES[panel]))
        layout[f"xaxis{suffix}"] = axis(
            "" if panel else f"{metric} less {base} ({unit}{', fewer is better' if unit == 'ranks' else ''})",
            domain=list(PLACES[panel]),
            anchor=f"y{suffix}",
            range=_ends(found, scale),
            tickformat="+~g",
        )
        layout[f"yaxis{suffix}"] = axis(
            "",
            anchor=f"x{suffix}",
            categoryorder="array",
            categoryarray=list(names),
            range=[len(names) - 0.4, -0.6],
            ticklabelstandoff=8,
            **({"showticklabels": False} if panel else {}),
        )
        layout["shapes"].append(_zero(suffix))
    return figure(traces, layout, height=height or 126 + _ROW_PIXELS * len(names), top=52)


def verdict(change: "Interval", metric: str) -> str:
    """Return "better", "worse", or that the interval of a difference does not tell it from 0."""
    if not change.excludes_zero:
        return SAME
    return "better" if (change.estimate > 0) != (metric == "median rank") else "worse"


def _dots(
    names: Sequence[str],
    found: "list[Interval | None]",
    kind: str,
    metric: str,
    scale: int,
    unit: str,
    *,
    first: bool,
) -> dict[str, Any]:
    mine = [
        (name, change)
        for name, change in zip(names, found, strict=True)
        if change is not None and verdict(change, metric) == kind
    ]
    ends = [[scale * change.low, scale * change.high] for _, change in mine]
    x = [scale * change.estimate for _, change in mine]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": [name for name, _ in mine],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, (_, high) in zip(x, ends, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(x, ends, strict=True)],
            "thickness": 2,
            "width": 4,
        },
        "customdata": ends,
        "name": kind,
        "legendgroup": kind,
        "showlegend": first,
        "marker": {"size": 10, "color": _COLOUR[kind], "symbol": _SYMBOL[kind], "line": {"width": 2}},
        "hovertemplate": f"<b>%{{y}}</b>, {kind}<br>{metric} %{{x:+.3~f}} {unit}"
        "<br>95 %: %{customdata[0]:+.3~f} to %{customdata[1]:+.3~f}<extra></extra>",
    }


def _ends(found: "list[Interval | None]", scale: int) -> list[float]:
    """Return the ends of an axis that holds 0 and every interval."""
    ends = [
        0.0,
        *(scale * end for change in found if change is not None for end in (change.low, change.high)),
    ]
    margin = 0.06 * (max(ends) - min(ends)) or 0.5
    return [min(ends) - margin, max(ends) + margin]


def _zero(suffix: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "xref": f"x{suffix}",
        "yref": f"y{suffix} domain",
        "line": {"color": palette.LAW, "width": 2},
    }


def change_figure(
    points: "ChangePoints", *, row: str, picked: "npt.NDArray[np.bool_] | None" = None, height: int = 470
) -> go.Figure:
    """Return the rank of the right answer before and after, a point a query; its data is an id and nothing else.

    Whole ranks lie on each other, so that points are moved by up to a third of a rank, seeded.

    Args:
        points: the queries.
        row: name of the row that "after" is.
        picked: (p,) queries that stand out; None for none.
        height: pixels.
    """
    moved = np.random.default_rng(0).uniform(-_JITTER, _JITTER, (2, len(points.ids)))
    x, y = (
        (ranks + shift).astype(np.float32)
        for ranks, shift in ((points.before, moved[0]), (points.after, moved[1]))
    )
    most = float(max(points.before.max(initial=1.0), points.after.max(initial=1.0)))
    traces: list[dict[str, Any]] = [_diagonal(most)]
    for kind, name in ((0, "same"), (1, "better"), (2, "worse")):
        mine = points.kind == kind
        traces.append(
            {
                "type": "scattergl",
                "mode": "markers",
                "x": x[mine],
                "y": y[mine],
                "customdata": points.ids[mine],
                "name": f"{name}, {int(mine.sum()):,}",
                "marker": {
                    "size": 5 if len(points.ids) < 20_000 else 3.5,
                    "opacity": 0.65,
                    "color": palette.CHANGE[name],
                    "symbol": ("circle", "triangle-down", "triangle-up")[kind],
                },
                "selectedpoints": None if picked is None else np.flatnonzero(picked[mine]).tolist(),
                "selected": {"marker": {"opacity": 1.0, "size": 8}},
                "unselected": {"marker": {"opacity": 0.15}},
                "hoverinfo": "none",  # the card beside the pointer says more
            }
        )
    ends = [math.log10(0.6), math.log10(most * 1.15 + 0.4)]
    layout = {
        "xaxis": axis("rank of the right answer, raw", type="log", range=ends, dtick=1, tickformat="~g"),
        "yaxis": axis(f"rank, {row}", type="log", range=ends, dtick=1, tickformat="~g"),
        "dragmode": "lasso",
        "clickmode": "event",
    }
    return figure(traces, layout, height=height, top=44)


def _diagonal(most: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [0.6, most * 1.3 + 1],
        "y": [0.6, most * 1.3 + 1],
        "line": {"color": palette.LAW, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
