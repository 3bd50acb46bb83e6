"""The bulk of the spectrum against the Marchenko-Pastur law."""

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts import palette
from app.charts.layout import finish

if TYPE_CHECKING:
    from app.analysis import BandReport

BANDS = ("noise", "weak", "strong")
N_BINS = 40
SHOWN_EDGES = 2.0


def bulk_figure(reports: "list[BandReport]", *, height: int = 320) -> go.Figure:
    """Return one panel a modality: how many directions lie at each size, and what pure noise would give.

    Sizes are in units of the noise edge theta (sqrt(m) + sqrt(n)), up to two edges; a note counts the
    directions beyond. The line is the law's density times the number of noise directions.

    Args:
        reports: one or two modalities.
        height: pixels.
    """
    figure = make_subplots(
        1, len(reports), horizontal_spacing=0.07, subplot_titles=[r.modality for r in reports]
    )
    for column, report in enumerate(reports, start=1):
        _panel(figure, report, column)
    figure.update_xaxes(title_text="s / noise edge", range=[0, SHOWN_EDGES])
    figure.update_yaxes(title_text="directions", col=1)
    figure = finish(figure, height=height)
    figure.update_layout(barmode="stack", legend={"y": 1.14})
    for annotation, report in zip(figure.layout.annotations, reports, strict=False):
        annotation.font = {"size": 14, "color": palette.MODALITY[report.modality]}
    return figure


def _panel(figure: go.Figure, report: "BandReport", column: int) -> None:
    edge = report.unit * (1 + math.sqrt(report.aspect))
    if not (math.isfinite(edge) and edge > 0 and len(report.values)):
        return
    size = report.values / edge
    bins = np.linspace(0, SHOWN_EDGES, N_BINS + 1)
    middle, width = (bins[1:] + bins[:-1]) / 2, float(bins[1] - bins[0])
    for number, band in ((2, "noise"), (1, "weak"), (0, "strong")):
        count = np.histogram(size[report.labels == number], bins)[0]
        figure.add_trace(
            go.Bar(
                x=middle,
                y=count,
                width=width,
                name=band,
                legendgroup=band,
                showlegend=column == 1,
                marker={"color": palette.BAND[band], "line": {"width": 0}},
                hovertemplate="%{y} directions near %{x:.2f} noise edges<extra>" + band + "</extra>",
            ),
            row=1,
            col=column,
        )
    figure.add_trace(_law(report, edge, width, legend=column == 1), row=1, col=column)
    beyond = int((size > SHOWN_EDGES).sum())
    if beyond:
        figure.add_annotation(
            text=f"{beyond} beyond →",
            x=1,
            y=0.92,
            xref="x domain",
            yref="y domain",
            showarrow=False,
            xanchor="right",
            row=1,
            col=column,
        )


def _law(report: "BandReport", edge: float, width: float, *, legend: bool) -> go.Scatter:
    from sde_core.partition import marchenko_pastur as mp

    low, high = mp.edges(report.aspect)
    y = np.linspace(low, high, 200)
    # Per unit of y the law has density 1; a bar is `width` edges wide, which is width * high units of y.
    expected = mp.density(y, report.aspect) * width * high * report.count("noise")
    return go.Scatter(
        x=y * report.unit / edge,
        y=expected,
        mode="lines",
        name="pure noise (Marchenko-Pastur)",
        legendgroup="law",
        showlegend=legend,
        line={"color": palette.REFERENCE, "width": 2.5},
        hovertemplate="pure noise: %{y:.1f} directions a bar<extra></extra>",
    )
