"""A whole training in one picture: spectrum, recall, bands and effective rank at a step, with frames that replay it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.training.numbers.run import PROBE_RECALL, found_share
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import Axis, axis, caption, figure
from sde_explorer.ui.figures.playing import HALT, play_buttons

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from sde_explorer.training.numbers.run import RunLog

FRAME_MS = 220
MOST_FRAMES = 40
_DASH = ("solid", "dash")
_LEFT, _RIGHT = (0.0, 0.46), (0.54, 1.0)
_UPPER, _LOWER = (0.58, 1.0), (0.0, 0.4)
_PLACES = ((_LEFT, _UPPER), (_RIGHT, _UPPER), (_LEFT, _LOWER), (_RIGHT, _LOWER))
_TITLES = (
    "image: singular values by rank",
    "{found}, of 100 searches, by step",
    "image: energy of the bands by step",
    "image: effective rank by step",
)


def replay_figure(runs: "Sequence[RunLog]", *, replays: bool, height: int) -> go.Figure:
    """Return four panels of one or two runs at their last look; frames and a slider lead through all looks.

    Args:
        runs: each with at least one look at validation and at its spectra.
        replays: whether there are frames, a slider and a button to play them: not while the training runs.
        height: pixels.
    """
    still, moving = [_start(runs[0])], _moving(runs, None)
    layout: dict[str, Any] = _axes(runs) | {"annotations": [_named(i, runs) for i in range(4)]}
    steps = _steps(runs) if replays else []
    if len(steps) > 1:
        layout |= {
            "sliders": [_slider(steps)],
            "updatemenus": [play_buttons("Replay", [str(s) for s in steps], _PLAY, above=30)],
        }
    made = figure([*still, *moving], layout, height=height)
    if len(steps) > 1:
        places = list(range(len(still), len(still) + len(moving)))
        made.frames = [
            {"name": str(s), "data": [_bare(t) for t in _moving(runs, s)], "traces": places} for s in steps
        ]
    return made


def _steps(runs: "Sequence[RunLog]") -> list[int]:
    """Return the steps at which the first run was looked at, every k-th of many, the last one among them."""
    found = [look.step for look in runs[0].spectra]
    stride = -(-len(found) // MOST_FRAMES) if found else 1
    return found[::-1][::stride][::-1]


def _moving(runs: "Sequence[RunLog]", step: int | None) -> list[dict[str, Any]]:
    """Return the traces as they stood at a step; None is the end."""
    traces = []
    for i, run in enumerate(runs):
        spectra = [x for x in run.spectra if step is None or x.step <= step] or run.spectra[:1]
        looks = [x for x in run.looks if step is None or x.step <= step] or run.looks[:1]
        values = spectra[-1].image.values
        own = {"color": palette.RUN[i], "dash": _DASH[i], "width": 2.2}
        steps = [x.step for x in spectra]
        traces.append(
            _line(0, np.arange(1, len(values) + 1), values, run.name, own, "direction %{x}: %{y:.4g}")
        )
        found = [100 * found_share(x) for x in looks]
        traces.append(_line(1, [x.step for x in looks], found, run.name, own, "step %{x}: %{y:.1f} of 100"))
        traces[-1]["showlegend"] = True
        for band in BANDS:
            mark = {"color": palette.BAND[band], "dash": _DASH[i], "width": 2.2}
            shares = [100 * x.image.energy_shares[band] for x in spectra]
            traces.append(_line(2, steps, shares, f"{run.name}, {band}", mark, "step %{x}: %{y:.1f} %"))
        ranks = [x.image.effective_rank for x in spectra]
        traces.append(_line(3, steps, ranks, run.name, own, "step %{x}: %{y:.1f}"))
    return traces


def _start(run: "RunLog") -> dict[str, Any]:
    values = run.spectra[0].image.values
    mark = {"color": "rgba(128,128,128,0.75)", "dash": "dot", "width": 1.6}
    ranks = np.arange(1, len(values) + 1)
    return _line(0, ranks, values, "start", mark, "direction %{x}: %{y:.4g}") | {"showlegend": True}


def _line(
    panel: int,
    x: "Sequence[float] | npt.NDArray[Any]",
    y: "Sequence[float] | npt.NDArray[Any]",
    name: str,
    mark: dict[str, Any],
    hover: str,
) -> dict[str, Any]:
    suffix = "" if panel == 0 else str(panel + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.asarray(x, dtype=np.float32),
        "y": np.asarray(y, dtype=np.float32),
        "name": name,
        "legendgroup": name,
        "showlegend": False,
        "line": mark,
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "hovertemplate": f"<b>{name}</b><br>{hover}<extra></extra>",
    }


def _bare(trace: dict[str, Any]) -> dict[str, Any]:
    """Return what differs from frame to frame."""
    return {"x": trace["x"], "y": trace["y"]}


def _named(panel: int, runs: "Sequence[RunLog]") -> dict[str, Any]:
    place, (_, top) = _PLACES[panel]
    found = "found first" if any(PROBE_RECALL in run.looks[-1].values for run in runs) else "found"
    return caption(_TITLES[panel].format(found=found), place) | {"y": top}


def _axes(runs: "Sequence[RunLog]") -> dict[str, Axis]:
    """Return axes that hold the whole training, so that nothing jumps while it replays."""
    last = max(max(x.step for x in run.looks + run.spectra) for run in runs)
    steps = [-0.02 * max(last, 1), 1.02 * max(last, 1)]
    found = [[100 * found_share(x) for x in run.looks] for run in runs]
    ranks = [[x.image.effective_rank for x in run.spectra] for run in runs]
    values = np.concatenate([x.image.values for run in runs for x in run.spectra])
    shown = values[values > 0]
    ends = [np.log10(shown.min()) - 0.05, np.log10(shown.max()) + 0.05] if len(shown) else [-1, 0]
    given: list[Callable[[], Axis]] = [
        lambda: axis("", type="log", range=ends, tickformat="~g", dtick=1),
        lambda: axis("", range=_around(found)),
        lambda: axis("", range=[-2, 102], ticksuffix=" %"),
        lambda: axis("", range=_around(ranks)),
    ]
    axes: dict[str, Axis] = {}
    for i, (make, (across, up)) in enumerate(zip(given, _PLACES, strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        axes[f"yaxis{suffix}"] = make() | {"domain": list(up), "anchor": f"x{suffix}"}
        bottom = axis("", type="log", dtick=1) if i == 0 else axis("", range=steps)
        axes[f"xaxis{suffix}"] = bottom | {"domain": list(across), "anchor": f"y{suffix}"}
    return axes


def _around(lines: list[list[float]]) -> list[float]:
    every = [value for line in lines for value in line if np.isfinite(value)] or [0.0, 1.0]
    room = max(0.08 * (max(every) - min(every)), 0.5)
    return [min(every) - room, max(every) + room]


_PLAY = {
    "frame": {"duration": FRAME_MS, "redraw": False},
    "transition": {"duration": 0},
    "mode": "immediate",
    "fromcurrent": False,
}


def _slider(steps: list[int]) -> dict[str, Any]:
    stops = [{"label": str(s), "method": "animate", "args": [[str(s)], HALT]} for s in steps]
    return {
        "active": len(steps) - 1,
        "steps": stops,
        "x": 0,
        "len": 1,
        "y": 0,
        "yanchor": "top",
        "pad": {"t": 26, "b": 0},
        "currentvalue": {
            "prefix": "step ",
            "font": {"size": 13, "color": palette.STEP},
            "xanchor": "right",
            "offset": 4,
        },
        "transition": {"duration": 0},
        "ticklen": 0,
        "minorticklen": 0,
        "font": {"size": 11, "color": "rgba(0,0,0,0)"},  # the current step stands above the line
        "bordercolor": "rgba(128,128,128,0.5)",
        "bgcolor": "rgba(128,128,128,0.25)",
    }
