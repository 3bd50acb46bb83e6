"""One moment of training: alpha and the spectra before and after, with frames that play the whole of it."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.direction_names import named
from sde_explorer.ui.figures.layout import Axis, axis, caption, figure
from sde_explorer.ui.figures.playing import play_buttons

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.readings.gains import GainReport

EVERY = 5
"""Moments from frame to frame; the browser draws what lies between."""
FRAME_MS = 300
NOW = "now"
_ALPHA_SHARE = 0.24
_GAP = 0.05
_FIRST_GAP = 0.085
"""Room for the numbers of the singular values where the page is narrow."""


def moment_figure(
    reports: "list[GainReport]",
    *,
    schedules: "dict[str, npt.NDArray[np.float64]]",
    schedule: str,
    xscale: str = "linear",
    yscale: str = "log",
    names: Mapping[str, Sequence[str]] = MappingProxyType({}),
    height: int = 430,
) -> go.Figure:
    """Return alpha over training beside one panel a modality: singular values before and after the gains.

    The frames hold the same panels at other moments; "Play" runs through them in the browser and ends at
    the moment that the figure shows.

    Args:
        reports: one or two modalities.
        schedules: (T,) alpha by schedule, at the reports' moments.
        schedule: the one in use.
        xscale: of the rank, "linear" or "log".
        yscale: of the singular value, "linear" or "log".
        names: of the directions, by modality; shown where the pointer rests.
        height: pixels.
    """
    places = _places(len(reports))
    traces = _alpha_lines(reports[0].moments, schedules, schedule)
    moving = [_dot(reports[0].t, reports[0].alpha)]
    notes = [caption("α(t)", places[0])]
    axes: dict[str, Any] = {
        "xaxis": axis("training progress t", domain=places[0], range=[-0.02, 1.02], anchor="y"),
        "yaxis": axis("", range=[-0.04 * _top(schedules), 1.15 * _top(schedules)], anchor="x"),
    }
    for i, (report, place) in enumerate(zip(reports, places[1:], strict=True)):
        where = {"xaxis": f"x{i + 2}", "yaxis": f"y{i + 2}"}
        traces.append(_before(report, first=i == 0) | where)
        told = named(names.get(report.modality, ()), len(report.values))
        moving += [_after(report, band, told, first=i == 0) | where for band in range(3)]
        notes.append(caption(report.modality, place, colour=palette.MODALITY[report.modality]))
        axes[f"xaxis{i + 2}"] = _rank_axis(report, xscale) | {"domain": place, "anchor": f"y{i + 2}"}
        axes[f"yaxis{i + 2}"] = _value_axis(reports, yscale, first=i == 0) | {"anchor": f"x{i + 2}"}
    frames = _frames(reports, list(range(len(traces), len(traces) + len(moving))))
    made = figure(
        traces + moving, axes | {"annotations": notes, "updatemenus": [_buttons(frames)]}, height=height
    )
    made.frames = frames
    return made


def _places(count: int) -> list[tuple[float, float]]:
    start = _ALPHA_SHARE + _FIRST_GAP
    width = (1 - start - _GAP * (count - 1)) / count
    starts = [start + i * (width + _GAP) for i in range(count)]
    return [(0.0, _ALPHA_SHARE), *((round(s, 6), round(s + width, 6)) for s in starts)]


def _top(schedules: "dict[str, npt.NDArray[np.float64]]") -> float:
    return max(float(max(values.max() for values in schedules.values())), 0.05)


def _alpha_lines(
    moments: "npt.NDArray[np.float64]", schedules: "dict[str, npt.NDArray[np.float64]]", used: str
) -> list[dict[str, Any]]:
    """Return one line a schedule, the used one last and strong."""
    order = sorted(schedules, key=lambda name: name == used)
    return [
        {
            "type": "scatter",
            "x": moments,
            "y": schedules[name],
            "mode": "lines",
            "showlegend": False,
            "line": {
                "color": palette.LAW if name == used else palette.GRID.replace("0.22", "0.6"),
                "width": 2.5 if name == used else 1.2,
                "shape": "hv" if name == "step" else "linear",
            },
            "hovertemplate": f"<b>{name}</b><br>t %{{x:.2f}}, α %{{y:.3f}}<extra></extra>",
        }
        for name in order
    ]


def _dot(t: float, alpha: float) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers+text", "showlegend": False, "hoverinfo": "skip"} | {
        **_dot_at(t, alpha),
        "textfont": {"size": 13},
        "cliponaxis": False,
        "marker": {"size": 12, "color": palette.LAW, "line": {"width": 2, "color": "rgba(255,255,255,0.8)"}},
    }


def _dot_at(t: float, alpha: float) -> dict[str, Any]:
    side = "top right" if t < 0.5 else "top left"
    return {"x": [t], "y": [alpha], "text": [f"α {alpha:.3f} at t {t:.2f}"], "textposition": side}


def _before(report: "GainReport", *, first: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": np.arange(1, len(report.values) + 1),
        "y": report.values,
        "mode": "lines",
        "name": "before",
        "legendgroup": "before",
        "showlegend": first,
        "line": {"color": "rgba(128,128,128,0.75)", "width": 1.5, "dash": "dot"},
        "hovertemplate": f"<b>{report.modality}, before</b><br>direction %{{x}}, %{{y:.4g}}<extra></extra>",
    }


def _after(
    report: "GainReport", band: int, told: "npt.NDArray[np.object_]", *, first: bool
) -> dict[str, Any]:
    mine = report.labels == band
    name = BANDS[band]
    return {
        "type": "scatter",
        "x": np.flatnonzero(mine) + 1,
        "y": _enhanced(report, report.now, band),
        "text": told[mine],
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "showlegend": first,
        "marker": {"color": palette.BAND[name], "size": 6, "symbol": palette.SYMBOL[name]},
        "hovertemplate": (
            f"<b>{report.modality}, {name}</b><br>direction %{{x}}, after %{{y:.4g}}%{{text}}<extra></extra>"
        ),
    }


def _enhanced(report: "GainReport", gains: "npt.NDArray[np.float64]", band: int) -> "npt.NDArray[np.float32]":
    mine = report.labels == band
    found: npt.NDArray[np.float32] = (report.values * gains)[mine].astype(np.float32)
    return found


def _rank_axis(report: "GainReport", scale: str) -> Axis:
    size = max(len(report.values), 1)
    if scale == "log":
        return axis("rank of the direction", type="log", range=[math.log10(0.9), math.log10(size * 1.05)])
    return axis("rank of the direction", type="linear", range=[0.5 - 0.01 * size, 0.5 + 1.01 * size])


def _value_axis(reports: "list[GainReport]", scale: str, *, first: bool) -> Axis:
    """Return an axis that holds every frame, so that nothing jumps while it plays."""
    shared: Axis = {} if first else {"matches": "y2", "showticklabels": False}
    title = "singular value" if first else ""
    highest = max((float((r.values * _most(r)).max()) for r in reports if len(r.values)), default=1.0)
    if scale == "linear":
        return axis(title, type="linear", range=[-0.02 * highest, 1.05 * highest], tickformat="~g", **shared)
    every = np.concatenate([(r.values * np.vstack([r.gains, r.now]))[:, :].ravel() for r in reports])
    shown = every[every > 0]
    low, high = (float(shown.min()), highest) if len(shown) else (0.1, 1.0)
    ends = [math.log10(low) - 0.05, math.log10(max(high, low)) + 0.05]
    return axis(title, type="log", range=ends, dtick=1, tickformat="~g", **shared)


def _most(report: "GainReport") -> "npt.NDArray[np.float64]":
    highest: npt.NDArray[np.float64] = np.maximum(np.vstack([report.gains, report.now]).max(axis=0), 1.0)
    return highest


def _frames(reports: "list[GainReport]", places: list[int]) -> list[dict[str, Any]]:
    """Return every fifth moment, and the one that is shown, as frames of the moving traces."""
    first = reports[0]
    moments = [(f"{m:.3f}", i, float(m), float(first.alphas[i])) for i, m in enumerate(first.moments)]
    frames = []
    for name, row, t, alpha in [*moments[::EVERY], (NOW, -1, first.t, first.alpha)]:
        data: list[dict[str, Any]] = [_dot_at(t, alpha)]
        for r in reports:
            gains = r.now if row < 0 else r.gains[row]
            data += [{"y": _enhanced(r, gains, band)} for band in range(3)]
        frames.append({"name": name, "data": data, "traces": places})
    return frames


def _buttons(frames: list[dict[str, Any]]) -> dict[str, Any]:
    play = {
        "frame": {"duration": FRAME_MS, "redraw": False},
        "transition": {"duration": FRAME_MS, "easing": "linear"},
        "mode": "immediate",
    }
    return play_buttons("Play", [f["name"] for f in frames], play, above=8)
