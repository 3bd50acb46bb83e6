"""The three ways to move the strong band, side by side."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.readings.gains import GainReport

_GAP = 0.04


def strong_modes_figure(
    reports: "list[GainReport]",
    gains: "dict[str, list[npt.NDArray[np.float64]]]",
    *,
    used: str = "",
    height: int = 320,
) -> go.Figure:
    """Return one panel a mode: gains of the strong directions, between the two ends that the curriculum allows.

    Args:
        reports: one or two modalities; their labels say what is strong.
        gains: (r,) gains of each modality at this moment, by mode.
        used: the mode in use, marked in its name.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    notes, axes = [], {}
    most = max((r.amount for r in reports), default=0.0) or 0.01
    longest = max((int((r.labels == 0).sum()) for r in reports), default=0)
    for i, (mode, place) in enumerate(zip(gains, domains(len(gains), _GAP), strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        for report, values in zip(reports, gains[mode], strict=True):
            traces += [trace | where for trace in (_ends(report), _points(report, values, first=i == 0))]
        notes.append(caption(f"{mode} (in use)" if mode == used else mode, place))
        axes[f"xaxis{suffix}"] = axis(
            "strong directions", domain=place, anchor=f"y{suffix}", range=[0.4, max(longest, 1) + 0.6]
        ) | ({"dtick": 1} if longest <= 12 else {})
        shared: dict[str, Any] = {} if i == 0 else {"matches": "y", "showticklabels": False}
        axes[f"yaxis{suffix}"] = axis(
            "gain" if i == 0 else "", range=[1 - 1.12 * most, 1 + 1.12 * most], **shared
        ) | {"anchor": f"x{suffix}"}
    return figure(traces, axes | {"annotations": notes}, height=height)


def _ends(report: "GainReport") -> dict[str, Any]:
    """Return both ends of what is allowed as one trace, a gap between them."""
    reach = report.amount * _relative(report)
    rank = np.arange(1, len(reach) + 1)
    colour = palette.MODALITY[report.modality]
    return {
        "type": "scatter",
        "x": np.concatenate([rank, [np.nan], rank]),
        "y": np.concatenate([1 + reach, [np.nan], 1 - reach]),
        "mode": "lines+markers",
        "marker": {"symbol": "line-ew-open", "size": 9, "color": colour},
        "showlegend": False,
        "hoverinfo": "skip",
        "line": {"color": palette.faded(colour, 0.55), "width": 1.2, "dash": "dot"},
    }


def _relative(report: "GainReport") -> "npt.NDArray[np.float64]":
    strong: npt.NDArray[np.float64] = report.values[report.labels == 0]
    return strong / report.values[0] if len(strong) else strong


def _points(report: "GainReport", gains: "npt.NDArray[np.float64]", *, first: bool) -> dict[str, Any]:
    mine = report.labels == 0
    return {
        "type": "scatter",
        "x": np.arange(1, int(mine.sum()) + 1),
        "y": gains[mine],
        "mode": "markers",
        "name": report.modality,
        "legendgroup": report.modality,
        "showlegend": first,
        "marker": {
            "color": palette.MODALITY[report.modality],
            "size": 8,
            "symbol": "circle" if report.modality == "image" else "diamond",
        },
        "hovertemplate": f"<b>{report.modality}</b><br>strong direction %{{x}}: gain %{{y:.3f}}<extra></extra>",
    }
