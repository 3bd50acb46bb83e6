"""Retrieval between the start and the end of a training."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    from sde_core.training import Interpolated

_NAMES = ("text_retrieval_recall@10", "image_retrieval_recall@10")
_DASHES = ("dash", "dot", "dashdot", "longdash")


def mixes_figure(mixes: "Sequence[Interpolated]", trained_on: str, *, height: int = 320) -> go.Figure:
    """Return R@10, the mean of both directions, over the share of the trained weights.

    Args:
        mixes: by rising share.
        trained_on: name of the pairs whose validation part is the first line.
        height: pixels.
    """
    alphas = [mix.alpha for mix in mixes]
    lines = {f"{trained_on}, validation": [_mean(mix.values) for mix in mixes]}
    for name in mixes[0].others if mixes else ():
        lines[f"{name}, not trained on"] = [_mean(mix.others[name]) for mix in mixes]
    traces: list[dict[str, Any]] = []
    for number, (name, values) in enumerate(lines.items()):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": alphas,
                "y": values,
                "name": name,
                "line": {
                    "color": palette.RUN[min(number, 1)],
                    "dash": "solid" if number == 0 else _DASHES[(number - 1) % len(_DASHES)],
                    "width": 2.2,
                },
                "hovertemplate": f"<b>{name}</b><br>share %{{x:.1f}} of the end: R@10 %{{y:.1%}}<extra></extra>",
            }
        )
    layout = {
        "xaxis": axis("share of the trained weights; 0 is the start, 1 the end", range=[-0.03, 1.03]),
        "yaxis": axis("R@10, mean of both directions", tickformat=".1%"),
    }
    return figure(traces, layout, height=height, top=40)


def _mean(values: Mapping[str, float]) -> float:
    return sum(float(values[name]) for name in _NAMES) / len(_NAMES)
