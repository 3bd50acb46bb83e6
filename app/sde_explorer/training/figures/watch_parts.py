"""Below the picture of watched runs: which directions each look already held, and numbers over the steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sde_core.training.monitoring.following import FollowedRun
from sde_core.vocabulary import MODALITIES, Modality
from sde_explorer.training.numbers.watch import kept_directions, line, thinned
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import domains
from sde_explorer.ui.figures.panels import GAP, panels, where

_MARKS = ("circle", "diamond", "square", "cross")


def directions_figure(run: FollowedRun, *, height: int = 300) -> go.Figure:
    """Return how much of each of the last look's first directions every look already held, one panel a modality."""
    looks = thinned(run.looks)
    traces = []
    for panel, modality in enumerate(Modality):
        steps, shares = kept_directions(looks, modality)
        traces.append(
            {
                "type": "heatmap",
                "x": steps,
                "y": np.arange(1, len(shares) + 1),
                "z": shares.astype(np.float32),
                "zmin": 0,
                "zmax": 1,
                "colorscale": palette.AMOUNT,
                "showscale": panel == 1,
                "colorbar": {
                    "title": {"text": "held", "side": "right"},
                    "tickformat": ".0%",
                    "thickness": 12,
                },
                "hovertemplate": f"<b>{modality.value}</b><br>step %{{x}} held %{{z:.0%}} of today's "
                "direction %{y}<extra></extra>",
            }
            | where(panel)
        )
    return panels(
        traces,
        domains(2, GAP),
        MODALITIES,
        ("direction now", ""),
        height=height,
        colours=[palette.MODALITY[m] for m in MODALITIES],
        y_reversed=True,
    )


def numbers_figure(
    runs: Sequence[FollowedRun], names: Sequence[str], titles: Sequence[str], *, height: int = 300
) -> go.Figure:
    """Return numbers of the runs over the steps, one panel each.

    Args:
        runs: each a line.
        names: one or two stable names of numbers.
        titles: above the panels.
        height: pixels.
    """
    traces = []
    for panel, name in enumerate(names):
        for number, run in enumerate(runs):
            steps, values = line(thinned(run.looks), name)
            traces.append(
                step_line(steps, values, run.name, "%{y:.4g}", palette.KINDS[number])
                | where(panel)
                | {
                    "mode": "lines+markers",
                    "marker": {"symbol": _MARKS[number % len(_MARKS)], "size": 5},
                    "showlegend": panel == 0 and len(runs) > 1,
                    "legendgroup": run.name,
                }
            )
    form = "~%" if all(name.startswith("recall/") for name in names) else ""
    made = panels(traces, domains(len(names), GAP), titles, ("", ""), height=height, tickformat=form)
    return made.update_yaxes(exponentformat="power")


def step_line(x: Any, y: Any, name: str, hover: str, colour: str) -> dict[str, Any]:  # noqa: ANN401  (arrays)
    """Return a number over the steps, without a legend."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "showlegend": False,
        "line": {"color": colour, "width": 2.2},
        "hovertemplate": f"<b>{name}</b><br>step %{{x}}: {hover}<extra></extra>",
    }
