"""Gains over training: per band and direction as curves, over all directions as a heat map."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    from sde_explorer.readings.gains import GainReport

_GAP = 0.06
_DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot", "solid")


def curves_figure(
    reports: "list[GainReport]", *, followed: tuple[int, ...] = (), height: int = 360
) -> go.Figure:
    """Return one panel a modality: the mean gain of each band over training, its range shaded.

    Args:
        reports: one or two modalities.
        followed: ranks of directions with a line of their own.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    notes, axes = [], {}
    low, high = _limits(reports)
    shapes = []
    for i, (report, place) in enumerate(zip(reports, domains(len(reports), _GAP), strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        for band in range(3):
            traces += [trace | where for trace in _band(report, band, first=i == 0)]
        traces += [
            _direction(report, rank, _DASHES[k % len(_DASHES)]) | where for k, rank in enumerate(followed)
        ]
        shapes.append(_moment(report.t, suffix))
        notes.append(caption(report.modality, place, colour=palette.MODALITY[report.modality]))
        axes[f"xaxis{suffix}"] = axis(
            "training progress t", domain=place, anchor=f"y{suffix}", range=[0, 1], tickformat="~g"
        )
        shared: dict[str, Any] = {} if i == 0 else {"matches": "y", "showticklabels": False}
        axes[f"yaxis{suffix}"] = axis("gain" if i == 0 else "", range=[low, high], **shared) | {
            "anchor": f"x{suffix}"
        }
    return figure(traces, axes | {"annotations": notes, "shapes": shapes}, height=height)


def _limits(reports: "list[GainReport]") -> tuple[float, float]:
    """Return an axis around 1 that holds all gains."""
    every = [g for r in reports for g in (r.gains.min(initial=1.0), r.gains.max(initial=1.0))]
    low, high = float(min(every)), float(max(every))
    room = max(0.06 * (high - low), 0.01)
    return low - room, high + room


def _band(report: "GainReport", band: int, *, first: bool) -> list[dict[str, Any]]:
    mine = report.gains[:, report.labels == band]
    if not mine.shape[1]:
        return []
    name, colour = BANDS[band], palette.BAND[BANDS[band]]
    low, high = mine.min(axis=1), mine.max(axis=1)
    around = {
        "type": "scatter",
        "x": np.concatenate([report.moments, report.moments[::-1]]),
        "y": np.concatenate([high, low[::-1]]),
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": palette.faded(colour, 0.18),
        "showlegend": False,
        "hoverinfo": "skip",
        "legendgroup": name,
    }
    return [
        around,
        {
            "type": "scatter",
            "x": report.moments,
            "y": mine.mean(axis=1),
            "customdata": np.stack([low, high], axis=1),
            "mode": "lines",
            "name": name,
            "legendgroup": name,
            "showlegend": first,
            "line": {"color": colour, "width": 2.5},
            "hovertemplate": f"<b>{report.modality}, {name}</b><br>t %{{x:.2f}}: mean gain %{{y:.3f}}"
            "<br>from %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
        },
    ]


def _direction(report: "GainReport", rank: int, dash: str) -> dict[str, Any]:
    is_there = 1 <= rank <= len(report.values)
    gains = report.gains[:, rank - 1] if is_there else np.full(len(report.moments), np.nan)
    band = BANDS[report.labels[rank - 1]] if is_there else "noise"
    return {
        "type": "scatter",
        "x": report.moments,
        "y": gains,
        "mode": "lines",
        "name": f"direction {rank}",
        "legendgroup": f"direction {rank}",
        "showlegend": report.modality == "image",
        "line": {"color": palette.MODALITY[report.modality], "width": 2, "dash": dash},
        "hovertemplate": f"<b>{report.modality}, direction {rank} ({band})</b>"
        "<br>t %{x:.2f}: gain %{y:.3f}<extra></extra>",
    }


def _moment(t: float, suffix: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": t,
        "x1": t,
        "y0": 0,
        "y1": 1,
        "xref": f"x{suffix}",
        "yref": f"y{suffix} domain",
        "line": {"color": palette.LAW, "width": 1.5, "dash": "dot"},
    }


def waterfall_figure(reports: "list[GainReport]", *, height: int = 436) -> go.Figure:
    """Return one heat map a modality: the gain of every direction (log rank) at every moment of training.

    One colour for gains below 1, one for gains above, none at 1; both panels share the scale.

    Args:
        reports: one or two modalities.
        height: pixels.
    """
    most = max((float(np.abs(r.gains - 1).max(initial=0.0)) for r in reports), default=0.0) or 0.01
    traces: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    notes, axes = [], {}
    for i, (report, place) in enumerate(zip(reports, domains(len(reports), _GAP), strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        traces.append(_heat(report, most, first=i == 0) | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        shapes += _band_edges(report, suffix)
        shapes.append(_now(report, suffix))
        notes.append(caption(report.modality, place, colour=palette.MODALITY[report.modality]))
        size = max(len(report.values), 1)
        axes[f"xaxis{suffix}"] = axis(
            "rank of the direction",
            type="log",
            range=[math.log10(0.5), math.log10(size + 0.5)],
            dtick="D2" if size < 30 else 1,
            tickformat="~g",
            showgrid=False,
            domain=place,
            anchor=f"y{suffix}",
        )
        shared: dict[str, Any] = {} if i == 0 else {"matches": "y", "showticklabels": False}
        axes[f"yaxis{suffix}"] = axis(
            "training progress t" if i == 0 else "",
            range=[0, 1],
            tickformat="~g",
            ticks="",
            showgrid=False,
            anchor=f"x{suffix}",
            **shared,
        )
    return figure(traces, axes | {"annotations": notes, "shapes": shapes}, height=height)


def _heat(report: "GainReport", most: float, *, first: bool) -> dict[str, Any]:
    return {
        "type": "heatmap",
        # Edges of the cells: on a log axis their middles would not lie where the ranks are.
        "x": np.arange(len(report.values) + 1) + 0.5,
        "y": report.moments,
        "z": report.gains.astype(np.float32),
        "zmin": 1 - most,
        "zmax": 1 + most,
        "colorscale": palette.GAIN,
        "showscale": first,
        "colorbar": {
            "title": {"text": "gain", "side": "top", "font": {"size": 13}},
            "thickness": 12,
            "x": 1.01,
            "xpad": 0,
            "nticks": 5,
            "tickformat": "~g",
            "outlinewidth": 0,
        },
        "hovertemplate": f"<b>{report.modality}</b><br>near direction %{{x:.0f}}, t %{{y:.2f}}"
        "<br>gain %{z:.3f}<extra></extra>",
    }


def _band_edges(report: "GainReport", suffix: str) -> list[dict[str, Any]]:
    """Return lines between the bands, where each is one run of ranks."""
    if not report.cuts_by_size:
        return []
    ends = [int((report.labels <= band).sum()) for band in (0, 1)]
    return [
        {
            "type": "line",
            "x0": end + 0.5,
            "x1": end + 0.5,
            "y0": 0,
            "y1": 1,
            "xref": f"x{suffix}",
            "yref": f"y{suffix} domain",
            "line": {"color": palette.BAND[BANDS[band]], "width": 2},
        }
        for band, end in enumerate(ends)
        if 0 < end < len(report.values)
    ]


def _now(report: "GainReport", suffix: str) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "y0": report.t,
        "y1": report.t,
        "xref": f"x{suffix} domain",
        "yref": f"y{suffix}",
        "line": {"color": palette.LAW, "width": 1.5, "dash": "dot"},
    }
