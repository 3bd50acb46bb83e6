"""Two sets' spectra on each other: how each divides its energy among its directions."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.direction_names import named
from sde_explorer.ui.figures.layout import axis, caption, domains, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    from sde_core.partition import Bands

DASH = {"A": "solid", "B": "dash"}
"""The first set's lines are solid, the second one's dashed, in every chart of the view."""
_GAP = 0.06
_LEAST_SHOWN = 1e-6
_TITLE = {"rank": "rank of the direction", "share": "rank of the direction, share of all directions"}


def compared_spectra_figure(
    pairs: "list[tuple[Bands, Bands]]",
    *,
    unit: str = "rank",
    xscale: str = "linear",
    yscale: str = "log",
    names: Mapping[str, Sequence[str]] = MappingProxyType({}),
    height: int = 400,
) -> go.Figure:
    """Return one panel a modality: each direction's share of the energy over its rank, A solid, B dashed.

    Args:
        pairs: bands of A and of B, one or two modalities.
        unit: "rank", or "share" of all directions.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        names: of A's directions, by modality; shown where the pointer rests.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for panel, (reports, place) in enumerate(zip(pairs, domains(len(pairs), _GAP), strict=True)):
        suffix = "" if panel == 0 else str(panel + 1)
        modality = reports[0].modality
        for side, report in zip("AB", reports, strict=True):
            told = names.get(modality, ()) if side == "A" else ()
            traces += [t | where(panel) for t in _side(report, side, unit, told, first=panel == 0)]
        layout["annotations"].append(caption(modality, place, colour=palette.KIND[modality]))
        tick = ".0%" if unit == "share" else "~g"
        layout[f"xaxis{suffix}"] = axis(
            _TITLE[unit], domain=place, anchor=f"y{suffix}", type=xscale, tickformat=tick
        )
        layout[f"yaxis{suffix}"] = axis(
            "share of the energy" if panel == 0 else "",
            anchor=f"x{suffix}",
            type=yscale,
            tickformat="~%",
            **({"dtick": 1, "range": _log_range(pairs)} if yscale == "log" else {"rangemode": "tozero"}),
            **({} if panel == 0 else {"matches": "y", "showticklabels": False}),
        )
    return figure(traces, layout, height=height)


def _side(
    report: "Bands", side: str, unit: str, names: Sequence[str], *, first: bool
) -> list[dict[str, Any]]:
    """Return the line of one set, and a dot where its strong and its weak band end."""
    count = len(report.values)
    rank = np.arange(1, count + 1)
    x = rank / max(count, 1) if unit == "share" else rank
    total = np.cumsum(report.energy)
    colour = palette.KIND[report.modality]
    found: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": report.energy,
            "customdata": np.stack([rank, total], axis=1),
            "text": named(names, count),
            "name": side,
            "legendgroup": side,
            "showlegend": first,
            "line": {"color": colour, "dash": DASH[side], "width": 2.2},
            "hovertemplate": (
                f"<b>{side}, {report.modality}</b><br>direction %{{customdata[0]:d}} of {count}"
                "<br>%{y:.3%} of the energy<br>%{customdata[1]:.1%} up to here%{text}<extra></extra>"
            ),
        }
    ]
    for band, end in _ends(report):
        found.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [x[end - 1]],
                "y": [report.energy[end - 1]],
                "name": f"end of {band}",
                "legendgroup": band,
                "legendrank": 2000,
                "showlegend": first and side == "A",
                "marker": {
                    "color": palette.BAND[band],
                    "size": 10,
                    "symbol": "circle" if side == "A" else "diamond",
                    "line": {"width": 1.5, "color": colour},
                },
                "hovertemplate": (
                    f"<b>{side}, {report.modality}</b><br>{band} ends at direction {end}"
                    f"<br>{total[end - 1]:.1%} of the energy up to here<extra></extra>"
                ),
            }
        )
    return found


def _log_range(pairs: "list[tuple[Bands, Bands]]") -> list[float]:
    """Return the ends of the axis: what holds less than a millionth of the energy is left below it."""
    energies = np.concatenate([report.energy for two in pairs for report in two])
    known = energies[energies > _LEAST_SHOWN]
    if not len(known):
        return [math.log10(_LEAST_SHOWN), 0.1]
    return [math.log10(known.min()) - 0.1, math.log10(known.max()) + 0.15]


def _ends(report: "Bands") -> list[tuple[str, int]]:
    if not report.cuts_by_size:
        return []
    strong, weak = report.count("strong"), report.count("weak")
    return [(band, end) for band, end in (("strong", strong), ("weak", strong + weak)) if end]
