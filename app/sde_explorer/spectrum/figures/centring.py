"""The spectrum with the mean kept and with the mean removed."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    from sde_explorer.spectrum.numbers.centring import Centring

SHOWN = 64
"""The cone sits in the first directions; on the others the two lines lie on each other."""


def centring_figure(found: "list[Centring]", *, height: int = 330) -> go.Figure:
    """Return one panel a spectrum: the first 64 singular values with the mean and without it.

    Args:
        found: one or two spectra.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for i, (one, place) in enumerate(zip(found, domains(len(found), 0.09), strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        for name, values, dash, symbol in (
            ("mean kept", one.kept, "dot", "circle-open"),
            ("mean removed", one.removed, "solid", "circle"),
        ):
            traces.append(
                {
                    "type": "scatter",
                    "x": np.arange(1, min(len(values), SHOWN) + 1),
                    "y": values[:SHOWN],
                    "mode": "lines+markers",
                    "name": name,
                    "legendgroup": name,
                    "showlegend": i == 0,
                    "line": {"color": palette.KIND[one.kind], "dash": dash, "width": 1.8},
                    "marker": {"symbol": symbol, "size": 6},
                    "hovertemplate": f"<b>{one.kind}, {name}</b><br>direction %{{x}}: %{{y:.4g}}<extra></extra>",
                    "xaxis": f"x{suffix}",
                    "yaxis": f"y{suffix}",
                }
            )
        notes.append(caption(one.kind, place, colour=palette.KIND[one.kind]))
        axes[f"xaxis{suffix}"] = axis(
            "rank of the direction", type="log", dtick="D2", domain=place, anchor=f"y{suffix}"
        )
        axes[f"yaxis{suffix}"] = axis(
            "singular value" if i == 0 else "", type="log", dtick="D2", tickformat="~g", anchor=f"x{suffix}"
        )
    return figure(traces, axes | {"annotations": notes}, height=height)
