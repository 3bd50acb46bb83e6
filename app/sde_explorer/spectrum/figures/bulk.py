"""The bulk of the spectrum against the Marchenko-Pastur law."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_core.partition import Bands

N_BINS = 40
SHOWN_EDGES = 2.0


def bulk_figure(
    reports: "list[Bands]",
    *,
    chance: "dict[str, npt.NDArray[np.float64]] | None" = None,
    height: int = 330,
) -> go.Figure:
    """Return one panel a modality: how many directions lie at each size, and what pure noise would give.

    Sizes are in units of the noise edge theta (sqrt(m) + sqrt(n)), up to two edges; a note counts the
    directions beyond. The line is the law's density times the number of noise directions; the dotted one counts what
    shuffles give, all directions of them, on average.

    Args:
        reports: one or two modalities.
        chance: (B, k) spectra of shuffles by modality, where they are there.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for i, (report, place) in enumerate(zip(reports, domains(len(reports), 0.09), strict=True)):
        suffix = "" if i == 0 else str(i + 1)
        where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        shuffles = (chance or {}).get(report.modality)
        traces += [trace | where for trace in _panel(report, shuffles, first=i == 0)]
        notes.append(caption(report.modality, place, colour=palette.KIND[report.modality]))
        notes += [_beyond(n, place) for n in _n_beyond(report)]
        axes[f"xaxis{suffix}"] = axis(
            "size, in noise edges", range=[0, SHOWN_EDGES], domain=place, anchor=f"y{suffix}"
        )
        axes[f"yaxis{suffix}"] = axis("directions" if i == 0 else "", anchor=f"x{suffix}", rangemode="tozero")
    return figure(traces, axes | {"annotations": notes, "barmode": "stack"}, height=height)


def _n_beyond(report: "Bands") -> list[int]:
    beyond = int((report.values / report.edge > SHOWN_EDGES).sum())
    return [beyond] if beyond else []


def _beyond(count: int, place: tuple[float, float]) -> dict[str, Any]:
    return {
        "text": f"{count} beyond →",
        "x": place[1],
        "y": 0.97,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "right",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 12},
    }


def _panel(
    report: "Bands", shuffles: "npt.NDArray[np.float64] | None", *, first: bool
) -> list[dict[str, Any]]:
    edge = report.edge
    if not math.isfinite(edge):
        return []
    size = report.values / edge
    bins = np.linspace(0, SHOWN_EDGES, N_BINS + 1)
    middle, width = (bins[1:] + bins[:-1]) / 2, float(bins[1] - bins[0])
    bars = [
        {
            "type": "bar",
            "x": middle,
            "y": np.histogram(size[report.labels == BANDS.index(band)], bins)[0],
            "width": width,
            "name": band,
            "showlegend": False,  # the spectrum above names these colours
            "marker": {"color": palette.BAND[band], "opacity": 0.85, "line": {"width": 0}},
            "hovertemplate": f"<b>{report.modality}, {band}</b><br>"
            "%{y} directions near %{x:.2f} noise edges<extra></extra>",
        }
        for band in reversed(BANDS)
    ]
    law = [_law(report, edge, width, first=first)] if report.has_law else []
    return [*bars, *law, *_shuffled(report, shuffles, edge, bins, first=first)]


def _shuffled(
    report: "Bands",
    shuffles: "npt.NDArray[np.float64] | None",
    edge: float,
    bins: "npt.NDArray[np.float64]",
    *,
    first: bool,
) -> list[dict[str, Any]]:
    if shuffles is None or not len(shuffles):
        return []
    counts = np.histogram(shuffles[:, : len(report.values)] / edge, bins)[0] / len(shuffles)
    name = "columns shuffled" if report.has_law else "pairs shuffled"
    return [
        {
            "type": "scatter",
            "x": (bins[1:] + bins[:-1]) / 2,
            "y": counts,
            "mode": "lines",
            "name": name,
            "legendgroup": "shuffles",
            "showlegend": first,
            # Of the cross spectrum it is what the law is of the others: the answer to the question.
            "line": {
                "color": palette.LAW,
                "width": 2.5 if not report.has_law else 1.5,
                "dash": "solid" if not report.has_law else "dot",
                "shape": "hvh",
            },
            "hovertemplate": f"<b>{name}</b><br>%{{y:.1f}} directions near %{{x:.2f}} edges<extra></extra>",
        }
    ]


def _law(report: "Bands", edge: float, width: float, *, first: bool) -> dict[str, Any]:
    from sde_core.partition import marchenko_pastur as mp

    low, high = mp.edges(report.aspect)
    y = np.linspace(low, high, 200)
    # Per unit of y the law has density 1; a bar is `width` edges wide, which is width * high units of y.
    expected = mp.density(y, report.aspect) * width * high * report.count("noise")
    return {
        "type": "scatter",
        "x": y * report.unit / edge,
        "y": expected,
        "mode": "lines",
        "name": "pure noise",
        "legendgroup": "law",
        "showlegend": first,
        "line": {"color": palette.LAW, "width": 2.5},
        "hovertemplate": "<b>Marchenko-Pastur</b><br>pure noise: %{y:.1f} directions a bar<extra></extra>",
    }
