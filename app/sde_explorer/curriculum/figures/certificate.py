"""The certificate: every bound as a line, what was measured as a bar of its share."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sde_explorer.curriculum.numbers.certificate import BoundLine

NAMES = {
    "relative_change": "1 change of the whole",
    "singular_value_shift": "2 singular values",
    "row_turn_by_change": "3 turn of a row, by e",
    "row_turn_by_condition": "3 turn of a row, by κ",
    "gradient_scale": "4 gradient",
    "step_change": "5 next step",
}


def certificate_figure(
    bounds: "Mapping[str, Sequence[BoundLine]]", *, height: int | None = None
) -> go.Figure:
    """Return one bar for each bound and modality: the measured value as a share of the bound, which is the line.

    Args:
        bounds: by modality, one or two; another name has the colour of both together.
        height: pixels; None makes room for the bars.
    """
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [line.tightness for line in lines],
            "y": [NAMES[line.name] for line in lines],
            "customdata": [[line.measured, line.bound] for line in lines],
            "name": name,
            "marker": {"color": palette.MODALITY.get(name, palette.JOINT), "line": {"width": 0}},
            "text": [f"{line.tightness:.0%}" for line in lines],
            "textposition": "auto",
            "textangle": 0,
            "hovertemplate": f"<b>{name}, %{{y}}</b><br>measured %{{customdata[0]:.4g}}"
            "<br>bound %{customdata[1]:.4g}<br>tightness %{x:.1%}<extra></extra>",
        }
        for name, lines in bounds.items()
    ]
    n_bars = sum(len(lines) for lines in bounds.values())
    most = max((line.tightness for lines in bounds.values() for line in lines), default=1.0)
    line = {
        "type": "line",
        "x0": 1,
        "x1": 1,
        "y0": 0,
        "y1": 1,
        "xref": "x",
        "yref": "y domain",
        "line": {"color": palette.LAW, "width": 3},
    }
    label = {
        "text": "bound",
        "x": 1,
        "y": 1,
        "xref": "x",
        "yref": "y domain",
        "xanchor": "right",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13},
    }
    layout = {
        "barmode": "group",
        "bargap": 0.3,
        "xaxis": axis("measured, share of the bound", range=[0, 1.04 * max(1.0, most)], tickformat=".0%"),
        "yaxis": axis("", autorange="reversed", showgrid=False, ticklabelstandoff=8),
        "shapes": [line],
        "annotations": [label],
    }
    return figure(traces, layout, height=height or 96 + 28 * n_bars, top=58)
