"""What the gap between images and texts is made of: its parts, by band and by direction."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    from torch import Tensor

    import sde_core as sde

PARTS = ("centroid", "trace", "covariance", "rotation")
_WORDS = ("means", "sizes", "shapes", "turns")
_MEANS, _SPREAD = palette.LAW, palette.JOINT


def gap_figure(parts: "sde.GapParts", labels: "Tensor | None" = None, *, height: int = 360) -> go.Figure:
    """Return the parts, both of them by band, and by direction in the colours of the bands.

    Args:
        parts: of `sde_core.gap_parts`.
        labels: (r,) band of each direction; None leaves the panel of the bands out.
        height: pixels.
    """
    total = parts.frechet_squared or 1.0
    titles = ["what differs", *(["by band"] if labels is not None else []), "by direction, most energy first"]
    places = [(0.0, 0.24), (0.31, 0.47), (0.54, 1.0)] if labels is not None else [(0.0, 0.24), (0.31, 1.0)]
    traces: list[dict[str, Any]] = [_parts(parts, total)]
    if labels is not None:
        traces += [trace | where(1) for trace in _by_band(parts, labels, total)]
    traces += [trace | where(len(titles) - 1) for trace in _by_direction(parts, labels, total)]
    layout: dict[str, Any] = {"annotations": [], "barmode": "stack", "bargap": 0.15}
    for panel, (title, place) in enumerate(zip(titles, places, strict=True)):
        suffix = "" if panel == 0 else str(panel + 1)
        layout["annotations"].append(caption(title, place, size=13))
        layout[f"xaxis{suffix}"] = axis("", domain=list(place), anchor=f"y{suffix}", showgrid=False)
        layout[f"yaxis{suffix}"] = axis("", anchor=f"x{suffix}", tickformat=".0%", rangemode="tozero")
    layout["xaxis"]["tickangle"] = 0
    layout["yaxis"]["title"]["text"] = "share of the squared distance"
    layout["yaxis" + str(len(titles))]["tickformat"] = "~%"
    made = figure(traces, layout, height=height)
    return made.update_layout(legend_traceorder="normal")  # not from the last of a stack


def _parts(parts: "sde.GapParts", total: float) -> dict[str, Any]:
    values = [getattr(parts, name) for name in PARTS]
    return {
        "type": "bar",
        "x": list(_WORDS),
        "y": [value / total for value in values],
        "customdata": list(zip(PARTS, values, strict=True)),
        "marker": {"color": [_MEANS, _SPREAD, _SPREAD, _SPREAD]},
        "showlegend": False,
        "hovertemplate": "<b>%{customdata[0]}</b><br>%{y:.1%} (%{customdata[1]:.4f})<extra></extra>",
    }


def _by_band(parts: "sde.GapParts", labels: "Tensor", total: float) -> list[dict[str, Any]]:
    found = parts.by_band(labels)
    return [
        {
            "type": "bar",
            "x": list(BANDS),
            "y": [pair[i] / total for pair in found],
            "name": name,
            "marker": {"color": colour},
            "hovertemplate": f"<b>%{{x}}</b>: {name}<br>%{{y:.1%}}<extra></extra>",
        }
        for i, (name, colour) in enumerate(
            (("distance of the means", _MEANS), ("spread about them", _SPREAD))
        )
    ]


def _by_direction(parts: "sde.GapParts", labels: "Tensor | None", total: float) -> list[dict[str, Any]]:
    means, spread = (
        each.cpu().numpy() / total for each in (parts.centroid_by_direction, parts.spread_by_direction)
    )
    number, whole = np.arange(1, len(means) + 1), np.full(len(means), len(BANDS) - 1)
    if labels is not None:
        whole[: len(labels)] = labels.cpu().numpy()
    return [
        {
            "type": "bar",
            "x": number[whole == place],
            "y": (means + spread)[whole == place],
            "customdata": np.stack([means, spread], axis=1)[whole == place],
            "name": band if labels is not None else "all directions",
            "marker": {"color": palette.BAND[band] if labels is not None else _SPREAD, "line": {"width": 0}},
            "hovertemplate": "<b>direction %{x}</b><br>%{y:.2%} of the distance<br>means %{customdata[0]:.2%}, "
            "spread %{customdata[1]:.2%}<extra></extra>",
        }
        for place, band in enumerate(BANDS)
        if (whole == place).any()
    ]
