"""Runs that are trained elsewhere, side by side: waterfall of spectra, effective rank and bands over the same steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sde_core.training.monitoring import Look
from sde_core.training.monitoring.following import FollowedRun
from sde_core.vocabulary import Modality
from sde_explorer.training.figures.watch_parts import step_line
from sde_explorer.training.numbers.watch import band_lines, line, thinned, waterfall
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure
from sde_explorer.ui.figures.panels import GAP, where

_ROWS = ((0.5, 1.0), (0.25, 0.42), (0.0, 0.17))  # waterfall, effective rank, bands, from the top
_BANDS = ", ".join(f'<span style="color:{palette.BAND[band]}">{band}</span>' for band in palette.BAND)
_ROW_TITLES = ("", "effective rank", f"energy of {_BANDS}")
_LEAST_FULL = 0.32  # of log2: less than a quarter looks like nothing
_MOST_FULL = 3.0  # beyond eight times the colour says no more
_TOP = 36  # pixels above: no legend, the bands are named in their colours


def watch_figure(runs: Sequence[FollowedRun], sides: Sequence[Modality], *, height: int) -> go.Figure:
    """Return a column for each run and modality, three panels of one axis of steps each; alarms are marked.

    Args:
        runs: one or more.
        sides: modalities of each run.
        height: pixels.
    """
    columns = [(run, side) for run in runs for side in sides]
    places = domains(len(columns), GAP if len(columns) < 3 else GAP / 2)
    fulls = [_full(thinned(run.looks), side) for run, side in columns]
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for number, ((run, side), place) in enumerate(zip(columns, places, strict=True)):
        axes = [where(3 * number + row) for row in range(3)]
        looks = thinned(run.looks)
        traces.append(_falls(looks, side, max(fulls), is_last=number == len(columns) - 1) | axes[0])
        traces += [each | axes[1] for each in _rank(run, looks, side)]
        traces += [each | axes[2] for each in _bands(looks, side)]
        title = side.value if len(runs) == 1 else run.name if len(sides) == 1 else f"{run.name}, {side.value}"
        layout["annotations"].append(caption(_short(title), place, colour=palette.MODALITY[side]))
        layout |= _layout(number, place, first=number == 0)
    for row in (1, 2):
        layout["annotations"].append(caption(_ROW_TITLES[row], places[0]) | {"y": _ROWS[row][1]})
    return figure(traces, layout, height=height, top=_TOP)


def _falls(looks: Sequence[Look], side: Modality, full: float, *, is_last: bool) -> dict[str, Any]:
    found = waterfall(looks, side)
    with np.errstate(divide="ignore"):
        shades = np.clip(np.log2(found.ratio), -full, full)
    return {
        "type": "heatmap",
        "x": found.steps,
        "y": found.ranks,
        "z": shades.astype(np.float32),
        "customdata": found.ratio.astype(np.float32),
        "zmin": -full,
        "zmax": full,
        "colorscale": palette.GAIN,
        "showscale": is_last,
        "colorbar": {
            "title": {"text": "since start", "side": "right"},
            "tickvals": [-full, 0, full],
            "ticktext": [f"÷ {2**full:.3g}", "same", f"× {2**full:.3g}"],
            "thickness": 12,
            "len": 0.5,
            "y": 1,
            "yanchor": "top",
        },
        "hovertemplate": f"<b>{side.value}</b><br>step %{{x}}, direction %{{y}}"
        "<br>%{customdata:.2f} times its start<extra></extra>",
    }


def _full(looks: Sequence[Look], side: Modality) -> float:
    """Return the change of the full colour, in powers of two."""
    ratio = waterfall(looks, side).ratio
    changes = np.abs(np.log2(ratio[ratio > 0]))
    return float(np.clip(changes.max(initial=0.0), _LEAST_FULL, _MOST_FULL))


def _rank(run: FollowedRun, looks: Sequence[Look], side: Modality) -> list[dict[str, Any]]:
    """Return the effective rank, and on its line a mark for each alarm with its sentence."""
    steps, ranks = line(looks, f"{side.value}/effective_rank")
    made = [step_line(steps, ranks, side.value, "effective rank %{y:.1f}", palette.MODALITY[side])]
    alarms = [alarm for alarm in run.alarms if alarm.modality in ("", side.value)]
    there = np.isfinite(ranks)
    if alarms and there.any():
        made.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [alarm.step for alarm in alarms],
                "y": np.interp([alarm.step for alarm in alarms], steps[there], ranks[there]),
                "text": [str(alarm) for alarm in alarms],
                "name": "alarm",
                "showlegend": False,
                "marker": {"symbol": "triangle-down", "size": 12, "color": palette.CHANGE["worse"]},
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return made


def _bands(looks: Sequence[Look], side: Modality) -> list[dict[str, Any]]:
    steps = np.array([look.step for look in looks], np.float64)
    return [
        step_line(steps, shares, band, "%{y:.1%}", palette.BAND[band])
        for band, shares in band_lines(looks, side).items()
    ]


def _layout(number: int, place: tuple[float, float], *, first: bool) -> dict[str, Any]:
    made = {}
    for row, up in enumerate(_ROWS):
        own = where(3 * number + row)
        x, y = own["xaxis"], own["yaxis"]
        shared = (
            {}
            if row == 2
            else {"matches": where(3 * number + 2)["xaxis"], "showticklabels": False, "ticks": ""}
        )
        bottom = axis("step" if row == 2 else "", domain=list(place), anchor=y, **shared)
        title = "direction" if first and row == 0 else ""
        left = axis(title, domain=list(up), anchor=x, nticks=5 if row == 0 else 4)
        left["showgrid"] = row > 0
        left |= (
            {"autorange": "reversed"},
            {"rangemode": "tozero"},
            {"tickformat": ".0%", "range": [-0.02, 1.02]},
        )[row]
        if row == 1 and not first:  # ranks side by side are compared
            left["matches"] = where(1)["yaxis"]
        made[f"xaxis{x[1:]}"], made[f"yaxis{y[1:]}"] = bottom, left
    return made


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"
