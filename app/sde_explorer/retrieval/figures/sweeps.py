"""How well each setting of each baseline found held-out pairs, a panel a baseline, and the setting that was taken."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    from sde_core.treatments.sweep import SettingSweep

_GAP = 0.024
_HEIGHT = 290
_MOST_ABREAST = 8
# Share of the height between two lines of panels: a caption, and the numbers and the name of the knob above it.
_BETWEEN = 0.3


def sweep_figure(sweeps: "Mapping[str, SettingSweep]") -> go.Figure:
    """Return a panel a baseline: mean recall over its settings, from what changes least; a ring is what was taken.

    Args:
        sweeps: by baseline, at least one.
    """
    lines = math.ceil(len(sweeps) / _MOST_ABREAST)
    abreast = math.ceil(len(sweeps) / lines)
    places, heights = domains(abreast, _GAP), domains(lines, _BETWEEN)[::-1]
    recalls = [100 * value for sweep in sweeps.values() for value in sweep.recalls]
    room = 0.06 * (max(recalls) - min(recalls)) + 0.5
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "showlegend": False}
    for panel, (name, sweep) in enumerate(sweeps.items()):
        suffix = "" if panel == 0 else str(panel + 1)
        place, height = places[panel % abreast], heights[panel // abreast]
        traces.append(_line(name, sweep) | where(panel))
        shown = name.replace("dynamic-inverted-softmax", "dynamic").replace("dbsn-transductive", "dbsn †")
        layout["annotations"].append(caption(shown, place, size=12) | {"y": height[1]})
        ticks = _ticks(sweep)
        layout[f"xaxis{suffix}"] = axis(
            _knob(sweep),
            domain=list(place),
            anchor=f"y{suffix}",
            tickvals=ticks,
            ticktext=[_number(sweep, tick) for tick in ticks],
            range=[-0.7, len(sweep.settings) - 0.3],
            showgrid=False,
        )
        layout[f"yaxis{suffix}"] = axis(
            "" if panel % abreast else "mean recall, %",
            domain=list(height),
            anchor=f"x{suffix}",
            range=[min(recalls) - room, max(recalls) + room],
            **({"showticklabels": False} if panel % abreast else {}),
        )
    return figure(traces, layout, height=_HEIGHT * lines, top=52)


def _line(name: str, sweep: "SettingSweep") -> dict[str, Any]:
    colour = palette.CHANGE["better"]
    sizes = [13 if place == sweep.chosen else 6 for place in range(len(sweep.settings))]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(range(len(sweep.settings))),
        "y": [100 * value for value in sweep.recalls],
        "customdata": [_number(sweep, place) for place in range(len(sweep.settings))],
        "line": {"color": colour, "width": 1.5},
        "marker": {
            "color": colour,
            "size": sizes,
            "symbol": ["circle-open" if size > 6 else "circle" for size in sizes],
            "line": {"width": 2, "color": colour},
        },
        "hovertemplate": f"{name}, {_knob(sweep)} %{{customdata}}: %{{y:.1f}} %<extra></extra>",
    }


def _ticks(sweep: "SettingSweep") -> list[int]:
    """Return the chosen place, and the ends that are far enough from it for their numbers to stand beside its own."""
    last = len(sweep.settings) - 1
    ends = {end for end in (0, last) if abs(end - sweep.chosen) > last / 4}
    return sorted({sweep.chosen, *ends})


def _knob(sweep: "SettingSweep") -> str:
    return ", ".join(name.removeprefix("n_") for name in sweep.setting)


def _number(sweep: "SettingSweep", place: int) -> str:
    return ", ".join(f"{value:g}" for value in sweep.settings[place].values())
