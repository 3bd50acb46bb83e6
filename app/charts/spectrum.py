"""The singular spectra with their bands and thresholds."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts import palette
from app.charts.layout import finish

if TYPE_CHECKING:
    from app.analysis import BandReport

BANDS = ("strong", "weak", "noise")


def spectrum_figure(
    reports: "list[BandReport]", *, log_rank: bool = False, log_value: bool = True, height: int = 430
) -> go.Figure:
    """Return one panel a modality: singular value over rank, bands shaded, thresholds dashed.

    Args:
        reports: one or two modalities.
        log_rank: logarithmic rank axis.
        log_value: logarithmic value axis.
        height: pixels.
    """
    titles = [_title(report) for report in reports]
    figure = make_subplots(
        1, len(reports), shared_yaxes=True, horizontal_spacing=0.035, subplot_titles=titles
    )
    for column, report in enumerate(reports, start=1):
        for band in BANDS:
            figure.add_trace(_points(report, band, legend=column == 1), row=1, col=column)
        _shade(figure, report, column)  # after the points: shapes on an empty panel are dropped
        _thresholds(figure, report, column)
    figure.update_xaxes(title_text="rank of the direction", type="log" if log_rank else "linear")
    figure.update_yaxes(
        type="log" if log_value else "linear", exponentformat="power", dtick=1 if log_value else None
    )
    figure.update_yaxes(title_text="singular value", col=1)
    figure = finish(figure, height=height)
    figure.update_layout(legend={"y": 1.1})
    for annotation, report in zip(figure.layout.annotations, reports, strict=False):
        annotation.font = {"size": 14, "color": palette.MODALITY[report.modality]}
    return figure


def cumulative_figure(reports: "list[BandReport]", *, log_rank: bool = False, height: int = 320) -> go.Figure:
    """Return the share of energy that the first k directions hold, one line a modality."""
    figure = go.Figure()
    for report in reports:
        if not len(report.values):
            continue
        total = np.cumsum(report.energy)
        rank = np.arange(1, len(total) + 1)
        colour = palette.MODALITY[report.modality]
        hover = "first %{x} directions hold %{y:.1%} of the energy<extra>" + report.modality + "</extra>"
        figure.add_scatter(
            x=rank,
            y=total,
            mode="lines",
            name=report.modality,
            line={"color": colour, "width": 2.5},
            hovertemplate=hover,
        )
        for band in ("strong", "weak"):
            end = report.count("strong") + (report.count("weak") if band == "weak" else 0)
            if report.cuts_by_size and 0 < end <= len(total):
                figure.add_scatter(
                    x=[end],
                    y=[total[end - 1]],
                    mode="markers",
                    marker={"size": 10, "color": palette.BAND[band], "line": {"width": 2, "color": colour}},
                    showlegend=False,
                    hovertemplate=f"end of {band}: {end} directions, %{{y:.1%}}<extra>{report.modality}</extra>",
                )
    figure.update_xaxes(title_text="first k directions", type="log" if log_rank else "linear")
    figure.update_yaxes(title_text="share of the energy", tickformat=".0%", rangemode="tozero")
    return finish(figure, height=height)


def _title(report: "BandReport") -> str:
    return f"{report.modality}: {report.shape[0]:,} × {report.shape[1]}"


def _points(report: "BandReport", band: str, *, legend: bool) -> go.Scatter:
    mine = report.labels == BANDS.index(band)
    rank = np.arange(1, len(report.values) + 1)
    total = np.cumsum(report.energy)
    detail = np.stack([report.energy[mine], total[mine]], axis=1)
    colour = palette.BAND[band]
    return go.Scatter(
        x=rank[mine],
        y=report.values[mine],
        customdata=detail,
        mode="markers",
        name=band,
        legendgroup=band,
        showlegend=legend,
        marker={"color": colour, "size": 6, "symbol": palette.SYMBOL[band]},
        hovertemplate=(
            "direction %{x}<br>singular value %{y:.4g}<br>energy %{customdata[0]:.2%}"
            "<br>up to here %{customdata[1]:.1%}<extra>" + f"{report.modality}, {band}" + "</extra>"
        ),
    )


def _shade(figure: go.Figure, report: "BandReport", column: int) -> None:
    """Shade the ranks of each band; only where a band is one run of ranks."""
    if not report.cuts_by_size:
        return
    start = 0.5
    for band in BANDS:
        end = start + report.count(band)
        if end > start:
            figure.add_vrect(
                x0=start,
                x1=end,
                fillcolor=palette.faded(palette.BAND[band], 0.17),
                line_width=0,
                layer="below",
                row=1,
                col=column,
            )
        start = end


def _thresholds(figure: go.Figure, report: "BandReport", column: int) -> None:
    """Draw both thresholds across the panel, each named at its right end."""
    if not report.cuts_by_size or not len(report.values):
        return
    for band, value in (("strong", report.tau_strong), ("noise", report.tau_noise)):
        if value <= 0:
            continue
        figure.add_trace(
            go.Scatter(
                x=[1, len(report.values)],
                y=[value, value],
                mode="lines",
                line={"color": palette.BAND[band], "dash": "dash", "width": 1.5},
                showlegend=False,
                hovertemplate=f"{'strong above' if band == 'strong' else 'noise up to'} %{{y:.4g}}<extra></extra>",
            ),
            row=1,
            col=column,
        )
