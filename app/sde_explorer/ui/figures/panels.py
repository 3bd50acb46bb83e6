"""Two panels of one kind side by side, in the house style."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from sde_explorer.ui.figures.layout import axis, caption, figure

GAP = 0.09


def where(panel: int) -> dict[str, str]:
    """Return the axes of a panel, for its traces."""
    suffix = "" if panel == 0 else str(panel + 1)
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def panels(
    traces: list[dict[str, Any]],
    places: Sequence[tuple[float, float]],
    titles: Sequence[str],
    y_titles: tuple[str, str],
    *,
    height: int,
    x_title: str = "step",
    tickformat: str = "",
    colours: Sequence[str] = ("", ""),
    y_type: str = "linear",
    y_reversed: bool = False,
) -> go.Figure:
    """Return one or two panels side by side with their names above them.

    Args:
        traces: each with the axes of `where`.
        places: horizontal domain of each panel.
        titles: name above each panel.
        y_titles: of the vertical axes.
        height: pixels.
        x_title: of the horizontal axes.
        tickformat: of the vertical axes.
        colours: of the dots before the names.
        y_type: of the vertical axes.
        y_reversed: whether they run downwards.
    """
    layout: dict[str, Any] = {"annotations": []}
    for panel, place in enumerate(places):
        suffix = "" if panel == 0 else str(panel + 1)
        layout["annotations"].append(caption(titles[panel], place, colour=colours[panel]))
        layout[f"xaxis{suffix}"] = axis(x_title, domain=list(place), anchor=f"y{suffix}")
        layout[f"yaxis{suffix}"] = axis(
            y_titles[panel],
            anchor=f"x{suffix}",
            type=y_type,
            **({"tickformat": tickformat} if tickformat else {}),
            **({"autorange": "reversed"} if y_reversed else {}),
        )
    return figure(traces, layout, height=height)
