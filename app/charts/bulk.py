"""The bulk of the spectrum against the Marchenko-Pastur law."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from app.charts import palette
from app.charts.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    from app.analysis import BandReport

BANDS = ("strong", "weak", "noise")
N_BINS = 40
SHOWN_EDGES = 2.0


def bulk_figure(reports: "list[BandReport]", *, height: int = 330) -> go.Figure:
    """Return one panel a modality: how many directions lie at each size, and what pure noise would give.

    Sizes are in units of the noise edge theta (sqrt(m) + sqrt(n)), up to two edges; a note counts the
    directions beyond. The line is the law's density times the number of noise directions.

    Args:
        reports: one or two modalities.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for i, (report, place) in enumerate(zip(reports, domains(len(reports), 0.09), strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        traces += [trace | where for trace in _panel(report, first=i == 0)]
        notes.append(caption(report.modality, place, colour=palette.MODALITY[report.modality]))
        notes += [_beyond(n, place) for n in _n_beyond(report)]
        axes[f"xaxis{suffix}"] = axis(
            "size, in noise edges", range=[0, SHOWN_EDGES], domain=place, anchor=f"y{suffix}"
        )
        axes[f"yaxis{suffix}"] = axis("directions" if i == 0 else "", anchor=f"x{suffix}", rangemode="tozero")
    return figure(traces, axes | {"annotations": notes, "barmode": "stack"}, height=height)


def _edge(report: "BandReport") -> float:
    """Return the noise edge, NaN where there is none."""
    edge = report.unit * (1 + math.sqrt(report.aspect))
    return edge if edge > 0 and len(report.values) else math.nan


def _n_beyond(report: "BandReport") -> list[int]:
    beyond = int((report.values / _edge(report) > SHOWN_EDGES).sum())
    return [beyond] if beyond else []


def _beyond(count: int, place: tuple[float, float]) -> dict[str, Any]:
    return {
        "text": f"{count} beyond →",
        "x": place[1],
        "y": 0.97,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "right",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 12},
    }


def _panel(report: "BandReport", *, first: bool) -> list[dict[str, Any]]:
    edge = _edge(report)
    if not math.isfinite(edge):
        return []
    size = report.values / edge
    bins = np.linspace(0, SHOWN_EDGES, N_BINS + 1)
    middle, width = (bins[1:] + bins[:-1]) / 2, float(bins[1] - bins[0])
    bars = [
        {
            "type": "bar",
            "x": middle,
            "y": np.histogram(size[report.labels == BANDS.index(band)], bins)[0],
            "width": width,
            "name": band,
            "showlegend": False,  # the spectrum above names these colours
            "marker": {"color": palette.BAND[band], "opacity": 0.85, "line": {"width": 0}},
            "hovertemplate": f"<b>{report.modality}, {band}</b><br>"
            "%{y} directions near %{x:.2f} noise edges<extra></extra>",
        }
        for band in reversed(BANDS)
    ]
    return [*bars, _law(report, edge, width, first=first)]


def _law(report: "BandReport", edge: float, width: float, *, first: bool) -> dict[str, Any]:
    from sde_core.partition import marchenko_pastur as mp

    low, high = mp.edges(report.aspect)
    y = np.linspace(low, high, 200)
    # Per unit of y the law has density 1; a bar is `width` edges wide, which is width * high units of y.
    expected = mp.density(y, report.aspect) * width * high * report.count("noise")
    return {
        "type": "scatter",
        "x": y * report.unit / edge,
        "y": expected,
        "mode": "lines",
        "name": "pure noise",
        "legendgroup": "law",
        "showlegend": first,
        "line": {"color": palette.LAW, "width": 2.5},
        "hovertemplate": "<b>Marchenko-Pastur</b><br>pure noise: %{y:.1f} directions a bar<extra></extra>",
    }
