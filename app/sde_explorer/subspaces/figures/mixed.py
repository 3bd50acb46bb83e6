"""How well texts find things in one list of images and texts, raw and after treatments."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    import sde_core as sde

_SIDES = (
    ("ndcg_image", "things that stand as an image", palette.MODALITY["image"], "circle"),
    ("ndcg_text", "things that stand as a text", palette.MODALITY["text"], "diamond"),
)


def mixed_figure(found: "Mapping[str, sde.MixedRanking]", *, height: int = 300) -> go.Figure:
    """Return a row a treatment: NDCG@10 where the thing stands as an image, where as a text, and a line between them.

    Args:
        found: by name, "raw" first.
        height: pixels.
    """
    names = list(found)
    between: dict[str, Any] = {"x": [], "y": []}
    for name, row in found.items():
        between["x"] += [row.ndcg_image, row.ndcg_text, None]
        between["y"] += [name, name, None]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "line": {"color": palette.GRID, "width": 4}, "hoverinfo": "skip",
            "showlegend": False, **between,
        }
    ]  # fmt: skip
    for key, said, colour, symbol in _SIDES:
        values = [getattr(row, key) for row in found.values()]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": values,
                "y": names,
                "name": said,
                "marker": {"color": colour, "size": 12, "symbol": symbol},
                "customdata": [[row.ndcg, row.images_first] for row in found.values()],
                "hovertemplate": f"<b>%{{y}}</b>: {said}<br>NDCG@10 %{{x:.3f}}, of both %{{customdata[0]:.3f}}<br>"
                "%{customdata[1]:.0%} of the first ten are images<extra></extra>",
            }
        )
    layout: dict[str, Any] = {
        "xaxis": axis("NDCG@10 of texts that search one list, half images, half texts", range=[0, 1]),
        "yaxis": axis("", autorange="reversed", showgrid=False, type="category"),
    }
    return figure(traces, layout, height=height)
