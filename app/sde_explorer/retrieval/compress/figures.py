"""Recall over width, a panel a code and a line a kind of axes: measured with its interval, predicted dotted."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_explorer.retrieval.compress.numbers import AXES, PANELS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sde_core as sde
    from sde_core.treatments.compression.axes import Axes
    from sde_explorer.retrieval.compress.numbers import Compressed, Panel

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star")
_COLOURS = dict(zip(AXES, (palette.KINDS[i] for i in (0, 1, 2, 5, 6)), strict=True))
_APART = 0.09
"""Between the lines of two kinds of axes at one width: their intervals stay readable."""


def compress_figure(found: "Compressed", *, height: int, panels: "Sequence[Panel]" = PANELS) -> go.Figure:
    """Return a panel a code: mean recall over the numbers kept of a vector, with bytes below; a band is whole vectors.

    Args:
        found: whole vectors at least.
        height: pixels.
        panels: in their order.
    """
    places, widths = domains(len(panels), 0.02), found.widths
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "shapes": []}
    for number, panel in enumerate(panels):
        suffix = "" if number == 0 else str(number + 1)
        for place, axes in enumerate(AXES):
            rows = found.of(panel, axes)
            at = [widths.index(row.width) + (place - 2) * _APART for row in rows]
            for made in (_measured(rows, at, axes, place), _predicted(rows, at, axes)):
                traces.append(made | where(number) | ({} if number == 0 else {"showlegend": False}))
        layout["annotations"].append(caption(panel.name, places[number]))
        layout["shapes"] += _whole(found.rows[0], suffix)
        layout[f"xaxis{suffix}"] = axis(
            "" if number else "numbers kept of each vector, MB per million vectors",
            domain=list(places[number]),
            anchor=f"y{suffix}",
            tickvals=list(range(len(widths))),
            ticktext=[f"{width:,}<br>{_megabytes(panel, width)}" for width in widths],
            range=[-0.4, len(widths) - 0.6],
            showgrid=False,
        )
        if number == 0:
            layout["xaxis"]["title"] |= {"standoff": 4}
        layout[f"yaxis{suffix}"] = axis(
            "" if number else "mean of R@1, 5, 10, both ways, %",
            anchor=f"x{suffix}",
            rangemode="tozero",
            **({"showticklabels": False, "matches": "y"} if number else {}),
        )
    return figure(traces, layout, height=height)


def _measured(
    rows: "list[sde.CompressedRetrieval]", at: list[float], axes: "Axes", place: int
) -> dict[str, Any]:
    colour = _COLOURS[axes]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": AXES[axes],
        "legendgroup": axes,
        "x": at,
        "y": [100 * row.recall.estimate for row in rows],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (row.recall.high - row.recall.estimate) for row in rows],
            "arrayminus": [100 * (row.recall.estimate - row.recall.low) for row in rows],
            "thickness": 1.2,
            "width": 2,
        },
        "customdata": [
            [
                row.name,
                100 * row.change.estimate,
                100 * row.change.low,
                100 * row.change.high,
                100 * row.predicted,
            ]
            for row in rows
        ],
        "line": {"color": colour, "width": 1.8},
        "marker": {"color": colour, "size": 8, "symbol": _SYMBOLS[place]},
        "hovertemplate": "<b>%{customdata[0]}</b>: %{y:.1f} %<br>%{customdata[1]:+.1f} points "
        "[%{customdata[2]:+.1f}, %{customdata[3]:+.1f}] to whole vectors<br>predicted %{customdata[4]:.1f} %"
        "<extra></extra>",
    }


def _predicted(rows: "list[sde.CompressedRetrieval]", at: list[float], axes: "Axes") -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "predicted from the spectrum",
        "legendgroup": "predicted",
        "legendrank": 2_000,
        "showlegend": axes == "own",
        "x": at,
        "y": [100 * row.predicted for row in rows],
        "line": {"color": _COLOURS[axes], "width": 1.6, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _whole(row: "sde.CompressedRetrieval", suffix: str) -> list[dict[str, Any]]:
    """Return the band and the line of whole vectors."""
    across = {"xref": f"x{suffix} domain", "yref": f"y{suffix}", "x0": 0, "x1": 1, "layer": "below"}
    low, mean, high = (100 * end for end in (row.recall.low, row.recall.estimate, row.recall.high))
    return [
        across | {"type": "rect", "y0": low, "y1": high, "line": {"width": 0}, "fillcolor": palette.GRID},
        across | {"type": "line", "y0": mean, "y1": mean, "line": {"color": palette.LAW, "width": 1.5}},
    ]


def _megabytes(panel: "Panel", width: int) -> str:
    from sde_core.treatments.compression.codes import BITS

    return f"{-(-width * BITS[panel.code] // 8):,} MB"
