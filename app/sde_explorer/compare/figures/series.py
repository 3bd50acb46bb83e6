"""A row of checkpoints against its first one: CKA, how far directions turned, energy that moved between bands."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sde_core.training.series import SeriesPoint
from sde_core.vocabulary import BANDS, MODALITIES
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import domains
from sde_explorer.ui.figures.panels import GAP, panels, where

_X = "checkpoint"


def from_start_figure(points: Sequence[SeriesPoint], *, height: int = 300) -> go.Figure:
    """Return linear CKA with the first checkpoint, and the median angle of the first directions with its."""
    values = {
        "CKA %{y:.3f}": {m.value: [point.cka[m.value] for point in points] for m in MODALITIES},
        "turned by %{y:.0f}°": {m.value: [point.turned(m.value) for point in points] for m in MODALITIES},
    }
    traces = [
        _line(points, line, name, hover, palette.MODALITY[name], panel)
        for panel, (hover, lines) in enumerate(values.items())
        for name, line in lines.items()
    ]
    titles = ("linear CKA with the first checkpoint", "median angle of the first 16 directions")
    return panels(traces, domains(2, GAP), titles, ("", "degrees"), height=height, x_title=_X)


def kept_bands_figure(points: Sequence[SeriesPoint], *, height: int = 300) -> go.Figure:
    """Return how much of each checkpoint's energy lies in the bands that the first one had, one panel a modality."""
    traces = []
    for panel, modality in enumerate(MODALITIES):
        shares: Sequence[Mapping[str, float]] = [point.in_first_bands[modality.value] for point in points]
        for band in BANDS:
            line = [each.get(band.value, float("nan")) for each in shares]
            traces.append(_line(points, line, band.value, "%{y:.1%}", palette.BAND[band.value], panel))
    return panels(
        traces,
        domains(2, GAP),
        [m.value for m in MODALITIES],
        ("energy in the first one's bands", ""),
        height=height,
        x_title=_X,
        tickformat=".0%",
        colours=[palette.MODALITY[m] for m in MODALITIES],
    )


def _line(
    points: Sequence[SeriesPoint], line: Sequence[float], name: str, hover: str, colour: str, panel: int
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [point.step for point in points],
        "y": list(line),
        "name": name,
        "legendgroup": name,
        "showlegend": panel == 0,
        "line": {"color": colour, "width": 2.2},
        "marker": {"size": 6},
        "hovertemplate": f"<b>{name}</b><br>checkpoint %{{x}}: {hover}<extra></extra>",
    } | where(panel)
