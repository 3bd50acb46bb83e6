"""The spectrum as a training moves it."""

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from app.charts import palette
from app.charts.layout import domains
from app.charts.panels import GAP, panels, where

if TYPE_CHECKING:
    from app.analysis.training import RunLog

MODALITIES = ("image", "text")
# A direction that grew or shrank by this factor has the full colour.
_FULL_COLOUR = 4.0


def before_now_figure(run: "RunLog", *, height: int = 330) -> go.Figure:
    """Return each modality's singular values at the start and now, over their rank.

    Args:
        run: with at least one look at its spectra.
        height: pixels.
    """
    traces = []
    first, last = run.spectra[0], run.spectra[-1]
    for panel, modality in enumerate(MODALITIES):
        for look, name, dash in ((first, "start", "dot"), (last, f"step {last.step}", "solid")):
            values = look.of(modality).values
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": np.arange(1, len(values) + 1),
                    "y": values,
                    "name": name,
                    "legendgroup": dash,
                    "showlegend": panel == 0,
                    "line": {"color": palette.MODALITY[modality], "dash": dash, "width": 2.2},
                    "hovertemplate": f"<b>{modality}, {name}</b><br>direction %{{x}}: %{{y:.4g}}<extra></extra>",
                }
                | where(panel)
            )
    return panels(
        traces,
        domains(2, GAP),
        MODALITIES,
        ("singular value", ""),
        height=height,
        x_title="rank of the direction",
        colours=[palette.MODALITY[m] for m in MODALITIES],
        y_type="log",
    )


def waterfall_figure(run: "RunLog", *, height: int = 330) -> go.Figure:
    """Return by how much each singular value grew or shrank since the start: rank across, steps downward.

    Args:
        run: with at least one look at its spectra.
        height: pixels.
    """
    looks = run.spectra[:]
    traces = []
    for panel, modality in enumerate(MODALITIES):
        values = [look.of(modality).values for look in looks]
        width = min(map(len, values))
        start = values[0][:width]
        ratio = np.stack([v[:width] / start for v in values])
        traces.append(
            {
                "type": "heatmap",
                "x": np.arange(1, width + 1),
                "y": [str(look.step) for look in looks],
                "z": np.log2(ratio).astype(np.float32),
                "customdata": ratio.astype(np.float32),
                "zmin": -math.log2(_FULL_COLOUR),
                "zmax": math.log2(_FULL_COLOUR),
                "colorscale": palette.GAIN,
                "showscale": panel == 1,
                "colorbar": {
                    "title": {"text": "since start", "side": "right"},
                    "tickvals": [-2, -1, 0, 1, 2],
                    "ticktext": ["÷ 4", "÷ 2", "same", "× 2", "× 4"],
                    "thickness": 12,
                },
                "hovertemplate": f"<b>{modality}</b><br>step %{{y}}, direction %{{x}}"
                "<br>%{customdata:.2f} times its start<extra></extra>",
            }
            | where(panel)
        )
    places = domains(2, GAP)
    return panels(
        traces,
        places,
        MODALITIES,
        ("step", ""),
        height=height,
        x_title="rank of the direction",
        colours=[palette.MODALITY[m] for m in MODALITIES],
        y_type="category",
        y_reversed=True,
    )
