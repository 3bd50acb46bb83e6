"""R@1 and gap over both thresholds: a cell for each pair of multiples, the chosen points marked."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from sde_explorer.retrieval.numbers.surface import Cell, Surface

PLACES = ((0.0, 0.46), (0.54, 1.0))
_AGAINST = [[0.0, palette.CHANGE["worse"]], [0.5, "rgba(128,128,128,0.12)"], [1.0, palette.CHANGE["better"]]]


def surface_figure(
    found: "Surface", factors: "Sequence[float]", now: tuple[float, float], *, height: int = 540
) -> go.Figure:
    """Return two panels over the same multiples: mean R@1 against raw, and the gap, both on validation.

    Args:
        found: the cells measured so far.
        factors: multiples of both axes.
        now: noise and strong multiple of the page.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    titles = ("R@1, mean of both ways, less raw", "modality gap")
    for panel, place in enumerate(PLACES):
        suffix = "" if panel == 0 else str(panel + 1)
        heat = _recall(found, factors) if panel == 0 else _gap(found, factors)
        heat["colorbar"] |= {"x": (place[0] + place[1]) / 2}
        traces += [heat | where(panel), _targets(found, factors) | where(panel)]
        traces += [mark | where(panel) for mark in _marks(found, factors, now, first=panel == 0)]
        layout["annotations"].append(caption(titles[panel], place))
        layout[f"xaxis{suffix}"] = _multiples("noise threshold, × rule", factors) | {
            "domain": list(place),
            "anchor": f"y{suffix}",
        }
        layout[f"yaxis{suffix}"] = _multiples("strong threshold, × rule", factors) | {"anchor": f"x{suffix}"}
    return figure(traces, layout, height=height, top=64)


def _grid(
    found: "Surface", factors: "Sequence[float]", value: "Callable[[Cell], float]"
) -> "npt.NDArray[np.float32]":
    """Return (strong, noise) values, NaN where nothing is measured yet."""
    place = {factor: i for i, factor in enumerate(factors)}
    grid = np.full((len(factors), len(factors)), np.nan, np.float32)
    for cell in found.cells:
        grid[place[cell.strong], place[cell.noise]] = value(cell)
    return grid


def _recall(found: "Surface", factors: "Sequence[float]") -> dict[str, Any]:
    grid = 100 * (_grid(found, factors, lambda c: c.recall) - found.raw.recall)
    most = float(np.nanmax(np.abs(grid))) if np.isfinite(grid).any() else 1.0
    return {
        "type": "heatmap",
        "z": grid,
        "colorscale": _AGAINST,
        "zmid": 0,
        "zmin": -(most or 1.0),
        "zmax": most or 1.0,
        "colorbar": _bar("R@1 less raw, points", "+~g"),
        "hoverinfo": "skip",
        "xgap": 1,
        "ygap": 1,
    }


def _gap(found: "Surface", factors: "Sequence[float]") -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": _grid(found, factors, lambda c: c.gap),
        "colorscale": palette.AMOUNT,
        "colorbar": _bar("distance of the means", ".3~f"),
        "hoverinfo": "skip",
        "xgap": 1,
        "ygap": 1,
    }


def _bar(title: str, tickformat: str) -> dict[str, Any]:
    """Return a colour bar below its panel: beside it there is no room on a narrow page."""
    return {
        "orientation": "h",
        "title": {"text": title, "side": "bottom"},
        "thickness": 11,
        "outlinewidth": 0,
        "len": 0.42,
        "y": -0.2,
        "yanchor": "top",
        "tickformat": tickformat,
        "nticks": 6,
    }


def _targets(found: "Surface", factors: "Sequence[float]") -> dict[str, Any]:
    """Return an unseen point on every cell: what a heat map cannot do, be clicked and be read, they can."""
    place = {factor: i for i, factor in enumerate(factors)}
    unseen = {"marker": {"opacity": 0}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [place[c.noise] for c in found.cells],
        "y": [place[c.strong] for c in found.cells],
        "customdata": [
            [c.noise, c.strong, 100 * c.image_recall, 100 * c.text_recall, c.gap, *c.counts]
            for c in found.cells
        ],
        "marker": {"size": 24, "symbol": "square", "opacity": 0, "color": palette.LAW},
        "selected": unseen,
        "unselected": unseen,
        "showlegend": False,
        "hovertemplate": "<b>noise × %{customdata[0]:.3~g}, strong × %{customdata[1]:.3~g}</b>"
        "<br>R@1 %{customdata[2]:.1f} % text → image, %{customdata[3]:.1f} % image → text"
        "<br>gap %{customdata[4]:.3f}"
        "<br>image: %{customdata[5]} strong, %{customdata[6]} noise directions"
        "<br>text: %{customdata[8]} strong, %{customdata[9]} noise directions<extra></extra>",
    }


def _marks(
    found: "Surface", factors: "Sequence[float]", now: tuple[float, float], *, first: bool
) -> list[dict[str, Any]]:
    """Return the rule's own thresholds, those of the page, and the best ones."""
    marks = [("rule", (1.0, 1.0), "circle-open", 15), ("this page", now, "x-thin-open", 12)]
    if any(not math.isnan(c.recall) for c in found.cells):
        best = found.best
        marks.append(("best on validation", (best.noise, best.strong), "star", 16))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [_position(at[0], factors)],
            "y": [_position(at[1], factors)],
            "name": name,
            "legendgroup": name,
            "showlegend": first,
            "hoverinfo": "skip",
            "marker": {
                "size": size,
                "symbol": symbol,
                "color": palette.LAW,
                "line": {
                    "width": 1.5 if symbol == "star" else 3,
                    "color": "#ffffff" if symbol == "star" else palette.LAW,
                },
            },
        }
        for name, at, symbol, size in marks
    ]


def _position(factor: float, factors: "Sequence[float]") -> float:
    """Return where a multiple lies between the cells, which are equally far apart in octaves."""
    low, high = math.log(factors[0]), math.log(factors[-1])
    share = (math.log(factor) - low) / (high - low) if high > low else 0.0
    return min(max(share, 0.0), 1.0) * (len(factors) - 1)


def _multiples(title: str, factors: "Sequence[float]") -> dict[str, Any]:
    shown = range(0, len(factors), 3)
    return axis(
        title,
        range=[-0.5, len(factors) - 0.5],
        tickvals=list(shown),
        ticktext=[f"{factors[i]:.3g}" for i in shown],
        showgrid=False,
    )
