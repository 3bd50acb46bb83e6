"""How the partition changes with the number of pairs that the spectrum is of."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.spectrum.numbers.batches import BatchCurve

PANELS = ("directions", "share of the energy", "noise edge over s₁")
DASH = {"image": "solid", "text": "dot", "joint": "solid", "cross": "solid"}
SYMBOL = {"image": "circle", "text": "diamond", "joint": "circle", "cross": "circle"}


def batches_figure(curves: "list[BatchCurve]", *, chosen: int = 0, height: int = 350) -> go.Figure:
    """Return three panels over the number of pairs: directions by band, energy by band, noise edge.

    Each point is the median of the draws of that size, the area is their range; full lines are the image (or the
    one spectrum shown), dotted lines the text. A point carries its size, so that a click chooses it.

    Args:
        curves: one or two spectra.
        chosen: number of pairs to mark; 0 marks none.
        height: pixels.
    """
    places = domains(len(PANELS), 0.075)
    traces: list[dict[str, Any]] = []
    several = len(curves) > 1
    for curve in curves:
        for band in BANDS:
            name = f"{curve.kind}, {band}" if several else band
            if band != "noise":  # its directions are the rest, and would flatten the others
                traces += _line(curve, curve.counts[band], palette.BAND[band], 0, name, legend=True)
            traces += _line(
                curve, curve.energy[band], palette.BAND[band], 1, name, legend=band == "noise", share=True
            )
        traces += _line(
            curve, curve.edge, palette.KIND[curve.kind], 2, curve.kind, legend=several, share=True
        )
    axes: dict[str, Any] = {}
    sizes = sorted({size for curve in curves for size in curve.sizes}) or [1, 2]
    for i, place in enumerate(places):
        suffix = "" if i == 0 else str(i + 1)
        axes[f"xaxis{suffix}"] = axis(
            "pairs in the batch", type="log", domain=place, anchor=f"y{suffix}", **_ticks(sizes)
        )
        axes[f"yaxis{suffix}"] = axis(
            "", rangemode="tozero", anchor=f"x{suffix}", tickformat=",d" if i == 0 else ".0%"
        )
    notes = [caption(title, place) for title, place in zip(PANELS, places, strict=True)]
    shapes = [_mark(chosen, i) for i in range(len(PANELS))] if chosen else []
    return figure(traces, axes | {"annotations": notes, "shapes": shapes}, height=height, top=84)


def _line(
    curve: "BatchCurve",
    values: "npt.NDArray[np.float64]",
    colour: str,
    panel: int,
    name: str,
    *,
    legend: bool,
    share: bool = False,
) -> list[dict[str, Any]]:
    """Return the range of the draws as an area, and their median as a line with a point for each size."""
    if not np.isfinite(values).any():
        return []
    suffix = "" if panel == 0 else str(panel + 1)
    where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "x": list(curve.sizes), "legendgroup": name}
    low, middle, high = np.nanmin(values, axis=1), np.nanmedian(values, axis=1), np.nanmax(values, axis=1)
    area = where | {
        "type": "scatter",
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    number = "%{y:.1%}" if share else "%{y:,.0f}"
    ends = "%{customdata[1]:.1%} to %{customdata[2]:.1%}" if share else "%{customdata[1]} to %{customdata[2]}"
    return [
        area | {"y": low},
        area | {"y": high, "fill": "tonexty", "fillcolor": palette.faded(colour, 0.18)},
        where
        | {
            "type": "scatter",
            "y": middle,
            "mode": "lines+markers",
            "name": name,
            "showlegend": legend,
            "customdata": np.stack([curve.sizes, low, high], axis=1),
            "line": {"color": colour, "width": 2, "dash": DASH[curve.kind]},
            "marker": {"size": 7, "symbol": SYMBOL[curve.kind]},
            "selected": {"marker": {"opacity": 1}},
            "unselected": {"marker": {"opacity": 1}},
            "hovertemplate": f"<b>{name}, {PANELS[panel]}</b><br>%{{customdata[0]:,d}} pairs: {number}"
            f"<br>draws {ends}<extra></extra>",
        },
    ]


def _ticks(sizes: list[int]) -> dict[str, Any]:
    # Every other size, and always the last: more would not fit below a third of the page.
    shown = [*sizes[-3::-2][::-1], sizes[-1]] if len(sizes) > 2 else sizes
    return {
        "tickvals": shown,
        "ticktext": [f"{size:,}" if size < 10_000 else f"{size / 1000:.0f}k" for size in shown],
        "tickangle": 0,
    }


def _mark(size: int, panel: int) -> dict[str, Any]:
    suffix = "" if panel == 0 else str(panel + 1)
    return {
        "type": "line",
        "x0": size,
        "x1": size,
        "y0": 0,
        "y1": 1,
        "xref": f"x{suffix}",
        "yref": f"y{suffix} domain",
        "line": {"color": palette.GRID, "width": 8},
        "layer": "below",
    }
