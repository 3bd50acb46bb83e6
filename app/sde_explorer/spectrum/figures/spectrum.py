"""The singular spectra with their bands and thresholds, and how their energy adds up."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.spectrum.figures.overlays import band_traces
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import Axis, axis, caption, domains, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_core.partition import Bands
    from sde_explorer.spectrum.numbers.uncertainty import Band

GAP = 0.045


def spectrum_figure(
    reports: "list[Bands]",
    *,
    unit: str = "rank",
    xscale: str = "linear",
    yscale: str = "log",
    overlays: "dict[str, Band] | None" = None,
    height: int = 430,
) -> go.Figure:
    """Return one panel a modality: singular value over rank, bands shaded, thresholds dashed.

    Args:
        reports: one or two modalities.
        overlays: what chance gives, or how far a spectrum moves, by modality.
        unit: "rank", or "share" of all directions.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        height: pixels.
    """
    places = domains(len(reports), GAP)
    traces: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for i, (report, place) in enumerate(zip(reports, places, strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        band = (overlays or {}).get(report.modality)
        if band is not None:
            traces += [t | where for t in band_traces(report, band, unit, first=i == 0)]
        traces += [_points(report, name, unit, first=i == 0) | where for name in BANDS]
        traces += [line | where for line in _thresholds(report, unit)]
        shapes += [_shade(report, name, unit) | _refs(suffix) for name in _spans(report)]
        notes += [_name_line(*n, yscale) | _refs(suffix, y="y") for n in _lines(report, yscale)]
        notes.append(caption(_title(report), place, colour=palette.KIND.get(report.modality, "")))
        axes[f"xaxis{suffix}"] = _rank_axis(len(report.values), unit, xscale) | {
            "domain": place,
            "anchor": f"y{suffix}",
        }
        title = "singular value of the cross-covariance" if not report.has_law else "singular value"
        axes[f"yaxis{suffix}"] = _value_axis(yscale, title if i == 0 else "") | {"anchor": f"x{suffix}"}
    return figure(traces, axes | {"shapes": shapes, "annotations": notes}, height=height)


def cumulative_figure(
    reports: "list[Bands]", *, unit: str = "rank", xscale: str = "linear", height: int = 330
) -> go.Figure:
    """Return the share of energy that the first k directions hold, one line a modality.

    Args:
        reports: one or two modalities.
        unit: "rank", or "share" of all directions.
        xscale: "linear" or "log".
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    longest = max((len(r.values) for r in reports), default=0)
    for report in reports:
        if not len(report.values):
            continue
        total = np.cumsum(report.energy)
        where = _position(np.arange(1, len(total) + 1), len(total), unit)
        colour = palette.KIND[report.modality]
        traces.append(
            {
                "type": "scatter",
                "x": where,
                "y": total,
                "customdata": np.arange(1, len(total) + 1),
                "mode": "lines",
                "name": report.modality,
                "line": {"color": colour, "width": 2.5},
                "hovertemplate": f"<b>{report.modality}</b>"
                "<br>first %{customdata} directions hold %{y:.1%} of the energy<extra></extra>",
            }
        )
        traces += _band_ends(report, total, where)
    layout = {
        "xaxis": _rank_axis(longest, unit, xscale) | {"title": {"text": _K_TITLE[unit]}},
        "yaxis": axis("share of the energy", tickformat=".0%", range=[0, 1.03]),
    }
    return figure(traces, layout, height=height, top=40)


_TITLE = {"rank": "rank of the direction", "share": "rank of the direction, share of all directions"}
_K_TITLE = {"rank": "first k directions", "share": "first share of the directions"}


def _band_ends(
    report: "Bands", total: "npt.NDArray[np.float64]", where: "npt.NDArray[np.float64]"
) -> list[dict[str, Any]]:
    ends = []
    for band in ("strong", "weak"):
        end = report.count("strong") + (report.count("weak") if band == "weak" else 0)
        if not (report.cuts_by_size and 0 < end <= len(total)):
            continue
        edge = {"width": 2, "color": palette.KIND[report.modality]}
        ends.append(
            {
                "type": "scatter",
                "x": [where[end - 1]],
                "y": [total[end - 1]],
                "mode": "markers",
                "marker": {"size": 11, "color": palette.BAND[band], "line": edge},
                "showlegend": False,
                "hovertemplate": f"<b>{report.modality}</b>"
                f"<br>end of {band}: {end} directions, %{{y:.1%}}<extra></extra>",
            }
        )
    return ends


def _position(rank: "npt.NDArray[Any]", count: int, unit: str) -> "npt.NDArray[np.float64]":
    return rank / max(count, 1) if unit == "share" else rank.astype(np.float64)


def _rank_axis(count: int, unit: str, scale: str) -> Axis:
    size = max(count, 1)
    low, high = (0.5 / size, 1 + 0.5 / size) if unit == "share" else (0.5, size + 0.5)
    if scale == "log":
        low = (0.9 / size) if unit == "share" else 0.9
        ends = [math.log10(low), math.log10(high * 1.02)]
        ticks: Axis = {"type": "log", "range": ends, "dtick": "D2" if size < 30 else 1}
        return axis(_TITLE[unit], tickformat=".3~%" if unit == "share" else "~g", **ticks)
    return axis(_TITLE[unit], type="linear", range=[low, high], tickformat=".0%" if unit == "share" else ",d")


def _value_axis(scale: str, title: str) -> Axis:
    shared: Axis = {} if title else {"matches": "y", "showticklabels": False}
    if scale == "log":
        return axis(title, type="log", dtick=1, tickformat="~g", **shared)
    return axis(title, type="linear", rangemode="tozero", tickformat="~g", **shared)


def _title(report: "Bands") -> str:
    if not report.has_law:
        return f"image × text, {report.shape[0]:,} pairs"
    return _of(report, f"{report.shape[0]:,} × {report.shape[1]}")


def _of(report: "Bands", what: str) -> str:
    """Return what is told after whose it is, where that is known."""
    return f"{report.modality}, {what}" if report.modality else what


def _refs(suffix: str, *, y: str = "") -> dict[str, str]:
    """Return the axes of a panel; without ``y`` the height is that of the panel."""
    return {"xref": f"x{suffix}" + (" domain" if y else ""), "yref": f"y{suffix}" + ("" if y else " domain")}


def _points(report: "Bands", band: str, unit: str, *, first: bool) -> dict[str, Any]:
    mine = report.labels == BANDS.index(band)
    rank = np.arange(1, len(report.values) + 1)
    total = np.cumsum(report.energy)
    return {
        "type": "scatter",
        "x": _position(rank, len(rank), unit)[mine],
        "y": report.values[mine],
        "customdata": np.stack([rank, report.energy, total], axis=1)[mine],
        "mode": "markers",
        "name": band,
        "legendgroup": band,
        "showlegend": first,
        "marker": {"color": palette.BAND[band], "size": 6, "symbol": palette.SYMBOL[band]},
        "hovertemplate": (
            f"<b>{_of(report, band)}</b><br>"
            "direction %{customdata[0]:d} of " + f"{len(rank)}"
            "<br>singular value %{y:.4g}<br>energy %{customdata[1]:.2%}"
            "<br>energy up to here %{customdata[2]:.1%}<extra></extra>"
        ),
    }


def _spans(report: "Bands") -> list[str]:
    """Return the bands to shade: only where a band is one run of ranks."""
    return [band for band in BANDS if report.cuts_by_size and report.count(band)]


def _shade(report: "Bands", band: str, unit: str) -> dict[str, Any]:
    before = sum(report.count(b) for b in BANDS[: BANDS.index(band)])
    size = len(report.values) if unit == "share" else 1
    return {
        "type": "rect",
        "x0": (before + 0.5) / size,
        "x1": (before + report.count(band) + 0.5) / size,
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.faded(palette.BAND[band], 0.16),
        "line": {"width": 0},
        "layer": "below",
    }


def _thresholds(report: "Bands", unit: str) -> list[dict[str, Any]]:
    """Return both thresholds as lines across the panel."""
    if not report.cuts_by_size or not len(report.values):
        return []
    count = len(report.values)
    return [
        {
            "type": "scatter",
            "x": _position(np.array([0.5, count + 0.5]), count, unit),
            "y": [value, value],
            "mode": "lines",
            "line": {"color": palette.BAND[band], "dash": "dash", "width": 1.6},
            "showlegend": False,
            "hovertemplate": f"{'strong above' if band == 'strong' else 'noise up to'} %{{y:.4g}}<extra></extra>",
        }
        for band, value in (("strong", report.tau_strong), ("noise", report.tau_noise))
        if value > 0
    ]


def _lines(report: "Bands", yscale: str) -> list[tuple[float, str]]:
    """Return where to write what the thresholds are; one label where two would lie on each other."""
    if not report.cuts_by_size or not len(report.values):
        return []
    strong, noise = report.tau_strong, report.tau_noise
    labels = [(strong, f"strong above {strong:.3g}"), (noise, f"noise up to {noise:.3g}")]
    shown = [(value, text) for value, text in labels if value > 0]
    highest, lowest = report.values[0], max(report.values[-1], 1e-12)
    if yscale == "log":
        apart = math.log(strong / noise) / max(math.log(highest / lowest), 1e-9) if noise > 0 else 1.0
    else:
        apart = (strong - noise) / highest
    if len(shown) == 2 and apart < 0.09:
        return [(strong, f"{shown[0][1]}, {shown[1][1]}")]
    return shown


def _name_line(value: float, text: str, yscale: str) -> dict[str, Any]:
    return {
        "text": text,
        "x": 1,
        "y": math.log10(value) if yscale == "log" else value,
        "xanchor": "right",
        "yanchor": "bottom",
        "xshift": -4,
        "showarrow": False,
        "font": {"size": 12},
    }
