"""All directions of a spectrum at a glance, and one of them read: its null, its coefficients."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.direction_names import named
from sde_explorer.ui.figures.layout import axis, caption, figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.directions import DirectionTable, Reading

_GAP = 0.13
_SAME = {"marker": {"opacity": 1}}  # a click selects, and must not fade the other points


def directions_figure(
    table: "DirectionTable",
    labels: "npt.NDArray[np.int64] | None",
    number: int,
    *,
    level: float | None = None,
    names: "Sequence[str]" = (),
    height: int = 520,
) -> go.Figure:
    """Return singular value, cross-modal correlation and share of the gap over rank, one panel each.

    A point's data is the number of its direction. Panels without a single number are left out.

    Args:
        table: of all directions.
        labels: (r,) band of each direction, or None where the spectrum has no bands.
        number: of the direction that is read, from 1; a line marks it.
        level: correlation that shuffled pairs reach in one of a hundred directions; a dotted line.
        names: of the directions, shown where the pointer rests.
        height: pixels.
    """
    count = len(table.values)
    panels = [p for p in _PANELS if np.isfinite(getattr(table, p[0])).any()]
    tall = (1 - _GAP * (len(panels) - 1)) / max(len(panels), 1)
    rank = np.arange(1, count + 1)
    told = named(names, count)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "shapes": []}
    for i, (name, title, kind, text) in enumerate(panels):
        suffix = "" if i == 0 else str(i + 1)
        upper = 1 - i * (tall + _GAP)
        place = (max(0.0, upper - tall), upper)
        for mine, marker in _bands(labels, table.basis, count):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": rank[mine],
                    "y": getattr(table, name)[mine],
                    "customdata": rank[mine],
                    "text": told[mine],
                    "xaxis": f"x{suffix}",
                    "yaxis": f"y{suffix}",
                    "marker": marker,
                    "selected": _SAME,
                    "unselected": _SAME,
                    "showlegend": False,
                    "hovertemplate": f"<b>direction %{{x}}</b><br>{text}%{{text}}<extra></extra>",
                }
            )
        last = i == len(panels) - 1
        layout[f"xaxis{suffix}"] = axis(
            "direction" if last else "",
            range=[0.5 - 0.01 * count, count * 1.01 + 0.5],
            anchor=f"y{suffix}",
            showticklabels=last,
            **({} if i == 0 else {"matches": "x"}),
        )
        layout[f"yaxis{suffix}"] = axis("", domain=place, anchor=f"x{suffix}", **kind)
        layout["annotations"].append(
            caption(title, (0, 1)) | {"y": place[1], "yshift": 4, "font": {"size": 13}}
        )
        layout["shapes"].append(_line(number, suffix))
        if name == "correlation" and level is not None:
            layout["shapes"].append(_level(level, suffix))
    return figure(traces, layout, height=height, top=26)


# Column of the table, title of the panel, its vertical axis, what a point says.
_PANELS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("values", "singular value", {"type": "log", "dtick": 1, "tickformat": "~g"}, "singular value %{y:.4g}"),
    ("correlation", "correlation of pairs", {"tickformat": ".1f"}, "pairs correlate at %{y:.3f}"),
    ("gap", "share of the modality gap", {"tickformat": ".0%", "rangemode": "tozero"}, "%{y:.2%} of the gap"),
)


def _bands(
    labels: "npt.NDArray[np.int64] | None", basis: str, count: int
) -> "list[tuple[npt.NDArray[np.bool_], dict[str, Any]]]":
    """Return the directions of each band and how they are marked; all alike where there are no bands."""
    if labels is None:
        colour = palette.MODALITY.get(basis, palette.JOINT)
        return [(np.ones(count, bool), {"size": 5, "color": colour, "symbol": "circle"})]
    marks = [{"size": 5, "color": palette.BAND[band], "symbol": palette.SYMBOL[band]} for band in BANDS]
    return [(labels == i, mark) for i, mark in enumerate(marks) if (labels == i).any()]


def _line(number: int, suffix: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": number,
        "x1": number,
        "y0": 0,
        "y1": 1,
        "xref": f"x{suffix}",
        "yref": f"y{suffix} domain",
        "line": {"color": palette.LAW, "width": 1.6},
    }


def _level(level: float, suffix: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "y0": level,
        "y1": level,
        "xref": f"x{suffix} domain",
        "yref": f"y{suffix}",
        "line": {"color": palette.BAND["noise"], "width": 1.4, "dash": "dot"},
    }


def null_figure(reading: "Reading", *, height: int = 220) -> go.Figure:
    """Return the histogram of correlations of shuffled pairs, and the observed one as a line.

    Args:
        reading: of a direction whose correlation is defined.
        height: pixels.
    """
    counts, edges = np.histogram(reading.null, bins=30)
    reach = max(abs(float(edges[0])), abs(float(edges[-1])), abs(reading.correlation)) * 1.15
    reach = reach if math.isfinite(reach) and reach > 0 else 1.0
    traces = [
        {
            "type": "bar",
            "x": (edges[1:] + edges[:-1]) / 2,
            "y": counts,
            "width": float(edges[1] - edges[0]),
            "name": "shuffled pairs",
            "showlegend": False,
            "marker": {"color": palette.BAND["noise"], "line": {"width": 0}},
            "hovertemplate": "%{y} shuffles near %{x:.3f}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": [reading.correlation] * 2,
            "y": [0, int(counts.max())],
            "name": "these pairs",
            "showlegend": False,
            "line": {"color": palette.LAW, "width": 2.5},
            "hovertemplate": "<b>these pairs: %{x:.3f}</b><extra></extra>",
        },
    ]
    layout = {
        "xaxis": axis("correlation of pairs", range=[-reach, reach]),
        "yaxis": axis("shuffles"),
        "annotations": [caption("against shuffled pairs", (0, 1))],
    }
    return figure(traces, layout, height=height, top=30)


def coefficients_figure(reading: "Reading", *, height: int = 220) -> go.Figure:
    """Return how the coefficients of pictures and of captions are spread along the direction.

    Args:
        reading: of a direction.
        height: pixels.
    """
    both = np.concatenate([reading.image, reading.text])
    edges = np.linspace(both.min(), both.max() + 1e-12, 49)
    traces = []
    for name, values in (("image", reading.image), ("text", reading.text)):
        counts = np.histogram(values, edges)[0] / max(len(values), 1)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": (edges[1:] + edges[:-1]) / 2,
                "y": counts,
                "name": name,
                "line": {"color": palette.MODALITY[name], "width": 2, "shape": "hvh"},
                "fill": "tozeroy",
                "fillcolor": palette.faded(palette.MODALITY[name], 0.18),
                "hovertemplate": f"<b>{name}</b><br>%{{y:.1%}} lie near %{{x:.3g}}<extra></extra>",
            }
        )
    layout = {
        "xaxis": axis("coefficient"),
        "yaxis": axis("share", tickformat=".0%", rangemode="tozero"),
        "annotations": [caption("where both modalities lie", (0, 1))],
        "legend": {"x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"},
    }
    return figure(traces, layout, height=height, top=30)
