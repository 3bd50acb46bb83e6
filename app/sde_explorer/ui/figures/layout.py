"""What all figures share: transparent background, panels, margins, legend on top, quiet grid."""

import re
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.packed import PackedFigure

CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}
"""Plotly's own tool bar: zoom, pan, reset, and the figure as PNG; ui/figures.js adds SVG."""

FONT = 13
_LINK = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)
Axis = dict[str, Any]


def domains(count: int, gap: float) -> list[tuple[float, float]]:
    """Return where ``count`` equal panels lie in [0, 1], ``gap`` apart.

    >>> domains(2, 0.2)
    [(0.0, 0.4), (0.6, 1.0)]
    """
    width = (1 - gap * (count - 1)) / count
    starts = [round(i * (width + gap), 6) for i in range(count)]
    return [(start, round(start + width, 6)) for start in starts]


def axis(title: str, **more: object) -> Axis:
    """Return an axis in the house style."""
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": FONT}},
        "tickfont": {"size": 12},
        "gridcolor": palette.GRID,
        "zeroline": False,
        "automargin": True,
        **more,
    }


def caption(text: str, domain: tuple[float, float], *, colour: str = "", size: int = 14) -> dict[str, Any]:
    """Return the name of a panel above its left corner, with a dot of its colour."""
    dot = f'<span style="color:{colour}">●</span> ' if colour else ""
    return {
        "text": f"{dot}<b>{text}</b>",
        "x": domain[0],
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 6,
        "showarrow": False,
        "font": {"size": size},
    }


def figure(traces: list[dict[str, Any]], layout: dict[str, Any], *, height: int, top: int = 62) -> go.Figure:
    """Return a figure of the house from plain traces and layout; no empty titles.

    Args:
        traces: of plotly.
        layout: of plotly, beside what all figures share.
        height: pixels.
        top: pixels above the panels, for the legend in the first row and the panels' names in the second.
    """
    common = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": top, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "font": {"size": FONT},
            "itemsizing": "constant",
        },
        "hoverlabel": {"align": "left", "font": {"size": FONT}},
        "hovermode": "closest",
        "bargap": 0.04,
        "font": {"size": FONT},
    }
    return built(without_links(traces), without_links(common | layout))


def built(traces: list[dict[str, Any]], layout: dict[str, Any]) -> go.Figure:
    """Return a figure that plotly has not gone through word by word, which takes longer than all else about it.

    The tests, which replace this function, have every figure gone through.
    """
    return PackedFigure(data=traces, layout=layout, _validate=False)


def without_links(value: Any) -> Any:  # noqa: ANN401  (what plotly takes)
    """Return traces or a layout in which no text is a link: plotly makes one of ``<a`` in the name of a set or a group.

    >>> without_links({"name": "<a href='http://h'>x</a>", "x": [1, "<b>y</b>"]})
    {'name': "‹a href='http://h'>x‹/a>", 'x': [1, '<b>y</b>']}
    """
    if isinstance(value, str):
        return _LINK.sub("‹", value)
    if isinstance(value, dict):
        return {name: without_links(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_links(each) for each in value] if _has_text(value) else value
    if isinstance(value, np.ndarray) and value.dtype.kind in "OU":
        made = np.empty(value.shape, object)
        made.flat[:] = [without_links(each) for each in value.flat]
        return made
    return value


def _has_text(values: "list[Any] | tuple[Any, ...]") -> bool:
    return any(isinstance(each, str | dict | list | tuple | np.ndarray) for each in values)
