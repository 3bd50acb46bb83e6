"""How well each setting of each baseline found held-out pairs, a panel a baseline, and the setting that was taken."""

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


def sweep_figure(sweeps: "Mapping[str, SettingSweep]") -> go.Figure:
    """Return a panel a baseline: mean recall over its settings, from what changes least; a ring is what was taken.

    Args:
        sweeps: by baseline, at least one.
    """
    places = domains(len(sweeps), _GAP)
    recalls = [100 * value for sweep in sweeps.values() for value in sweep.recalls]
    room = 0.06 * (max(recalls) - min(recalls)) + 0.5
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "showlegend": False}
    for panel, (name, sweep) in enumerate(sweeps.items()):
        suffix = "" if panel == 0 else str(panel + 1)
        traces.append(_line(name, sweep) | where(panel))
        shown = name.replace("dynamic-inverted-softmax", "dynamic")
        layout["annotations"].append(caption(shown, places[panel], size=12))
        ticks = _ticks(sweep)
        layout[f"xaxis{suffix}"] = axis(
            _knob(sweep),
            domain=list(places[panel]),
            anchor=f"y{suffix}",
            tickvals=ticks,
            ticktext=[_number(sweep, tick) for tick in ticks],
            range=[-0.7, len(sweep.settings) - 0.3],
            showgrid=False,
        )
        layout[f"yaxis{suffix}"] = axis(
            "" if panel else "mean recall, %",
            anchor=f"x{suffix}",
            range=[min(recalls) - room, max(recalls) + room],
            **({"showticklabels": False} if panel else {}),
        )
    return figure(traces, layout, height=_HEIGHT, top=52)


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
    return ", ".join(name.replace("n_directions", "directions") for name in sweep.setting)


def _number(sweep: "SettingSweep", place: int) -> str:
    return ", ".join(f"{value:g}" for value in sweep.settings[place].values())
