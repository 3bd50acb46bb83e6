"""The spectrum of the difference of two sets, and what every layer of an encoder holds."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    import sde_core as sde
    from sde_explorer.compare.numbers.decided import Difference

_SHOWN = 40
_ALIKE = [[0.0, "rgba(128,128,128,0.10)"], [1.0, "rgba(47,156,143,0.80)"]]
_PLACES = ("effective_rank", "two_nn", "cross_rank")
_TITLES = (
    "directions it uses",
    "intrinsic dimension",
    "directions shared",
)  # each fits a panel of 900 pixels


def difference_figure(found: "Difference", *, height: int = 230) -> go.Figure:
    """Return the largest values of the difference: up is what A separates, down what B does.

    Args:
        found: of one modality.
        height: pixels.
    """
    sides = (found.values[found.values > 0][:_SHOWN], found.values[found.values < 0][::-1][:_SHOWN])
    traces = [
        {
            "type": "bar",
            "x": np.arange(1, len(values) + 1),
            "y": values,
            "name": f"{name} separates more",
            "marker": {"color": colour},
            "hovertemplate": f"<b>group %{{x}} of {name}</b><br>%{{y:.4f}} more of the variance<extra></extra>",
        }
        for name, values, colour in zip(
            "AB", sides, (palette.MODALITY[found.modality], palette.LAW), strict=True
        )
    ]
    layout = {
        "barmode": "overlay",
        "xaxis": axis("group, the largest first"),
        "yaxis": axis("share of the variance, A less B", tickformat=".1%", zeroline=True),
    }
    return figure(traces, layout, height=height, top=40)


def layers_figure(found: "sde.Layers", *, height: int = 380) -> go.Figure:
    """Return three curves over the depth of each tower, and the agreement of every two layers.

    Args:
        found: of an encoder.
        height: pixels.
    """
    has_agreement = found.agreement is not None
    titles = [t for t, name in zip(_TITLES, _PLACES, strict=True) if has_agreement or name != "cross_rank"]
    places = domains(len(titles) + has_agreement, 0.07)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for panel, title in enumerate(titles):
        suffix = "" if panel == 0 else str(panel + 1)
        for side in ("image", "text"):
            if found.of(side):
                traces.append(_curve(found, side, _PLACES[panel], first=panel == 0) | where(panel))
        layout["annotations"].append(caption(title, places[panel], size=13))
        layout[f"xaxis{suffix}"] = axis(
            "depth" if panel else "depth, 1 is the output",
            domain=list(places[panel]),
            anchor=f"y{suffix}",
            range=[-0.03, 1.05],
        )
        layout[f"yaxis{suffix}"] = axis("", anchor=f"x{suffix}", rangemode="tozero")
    if found.agreement is not None:
        panel = len(titles)
        traces.append(_agreement(found, found.agreement) | where(panel))
        layout["annotations"].append(caption("agreement", places[panel], size=13))
        layout[f"xaxis{panel + 1}"] = axis(
            "text layer", domain=list(places[panel]), anchor=f"y{panel + 1}", showgrid=False, dtick=1
        )
        layout[f"yaxis{panel + 1}"] = axis("image layer", anchor=f"x{panel + 1}", showgrid=False, dtick=1)
    return figure(traces, layout, height=height)


def _curve(found: "sde.Layers", side: str, name: str, *, first: bool) -> dict[str, Any]:
    layers = found.of(side)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": side,
        "legendgroup": side,
        "showlegend": first,
        "x": [(i + 1) / len(layers) for i in range(len(layers))],
        "y": [getattr(layer, name) for layer in layers],
        "customdata": [[layer.name, layer.width] for layer in layers],
        "line": {"color": palette.MODALITY[side], "width": 2, "dash": "solid" if side == "image" else "dash"},
        "marker": {"size": 6, "symbol": "circle" if side == "image" else "diamond"},
        "hovertemplate": "<b>%{customdata[0]}</b>, %{customdata[1]} wide<br>%{y:.1f}<extra></extra>",
    }


def _agreement(found: "sde.Layers", agreement: "sde.LayerAgreement") -> dict[str, Any]:
    values, scores, p_values = (
        t.cpu().numpy() for t in (agreement.values, agreement.scores, agreement.p_values)
    )
    names = [[f"{a.name} and {b.name}" for b in found.text] for a in found.image]
    return {
        "type": "heatmap",
        "x": list(range(1, len(found.text) + 1)),
        "y": list(range(1, len(found.image) + 1)),
        "z": scores,
        "customdata": np.dstack([np.array(names, object), values.round(3), p_values.round(3)]),
        "zmin": 0,
        "colorscale": _ALIKE,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "<b>%{customdata[0]}</b><br>CKA %{customdata[1]}, score %{z:.3f}, p %{customdata[2]}"
        "<extra></extra>",
    }
