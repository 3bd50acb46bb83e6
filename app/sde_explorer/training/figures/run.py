"""A training as it goes: losses, validation, bands, effective rank and gap over the steps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS, MODALITIES
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import domains
from sde_explorer.ui.figures.panels import GAP, panels, where

if TYPE_CHECKING:
    from sde_explorer.training.numbers.run import RunLog, SpectrumLook

_DASH = ("solid", "dash")
_INSIDE = {
    "x": 1,
    "xanchor": "right",
    "y": 1,
    "yanchor": "top",
    "bgcolor": "rgba(0,0,0,0)",
    "font": {"size": 12},
}


def loss_figure(runs: "Sequence[RunLog]", *, height: int = 300) -> go.Figure:
    """Return the contrastive loss of every run's batches, and beside it the spectral terms, unweighted.

    Args:
        runs: one or two.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    for i, run in enumerate(runs):
        points = run.shown_steps()
        steps = [p.step for p in points]
        values = [p.parts.get("contrastive", p.loss) for p in points]
        traces.append(
            _line(i, steps, values, run.name, "contrastive loss %{y:.4f}") | {"xaxis": "x", "yaxis": "y"}
        )
    terms = [(i, run, name) for i, run in enumerate(runs) for name in _terms(run)]
    for number, (i, run, name) in enumerate(terms):
        points = [p for p in run.shown_steps() if name in p.parts]
        line = _line(
            i, [p.step for p in points], [p.parts[name] for p in points], run.name, name + " %{y:.4f}"
        )
        mark = {"dash": ("solid", "dot", "dashdot")[number % 3], "color": palette.RUN[i], "width": 2}
        traces.append(
            line
            | {
                "name": _words(name),
                "line": mark,
                "legend": "legend2",
                "legendgroup": name,
                "showlegend": True,
            }
            | where(1)
        )
    places = domains(2, GAP) if terms else [(0.0, 1.0)]
    titles = ("contrastive loss of the batch", "spectral terms, before any weight")
    return panels(traces, places, titles, ("loss", ""), height=height).update_layout(legend2=_INSIDE)


def recall_figure(runs: "Sequence[RunLog]", k: int, *, height: int = 300) -> go.Figure:
    """Return R@k on validation over the steps, one panel a direction of search.

    Args:
        runs: one or two.
        k: cut-off, one of those that the training reports.
        height: pixels.
    """
    traces = []
    names = (f"text_retrieval_recall@{k}", f"image_retrieval_recall@{k}")
    for panel, name in enumerate(names):
        place = where(panel)
        for i, run in enumerate(runs):
            looks = run.looks[:]
            line = _line(
                i, [x.step for x in looks], [x.values[name] for x in looks], run.name, f"R@{k} %{{y:.1%}}"
            )
            traces.append(line | place | {"mode": "lines+markers", "showlegend": panel == 0})
    titles = (f"image → text, R@{k}", f"text → image, R@{k}")
    return panels(traces, domains(2, GAP), titles, ("share of queries", ""), height=height, tickformat=".1%")


def shares_figure(runs: "Sequence[RunLog]", what: str, *, height: int = 300) -> go.Figure:
    """Return what each band holds over the steps, one panel a modality; a second run is dashed.

    Args:
        runs: one or two.
        what: "energy" or "directions".
        height: pixels.
    """
    traces = []
    for panel, modality in enumerate(MODALITIES):
        for i, run in enumerate(runs):
            looks = run.spectra[:]
            for band in BANDS:
                shares = [_shares(look, modality, what)[band] for look in looks]
                traces.append(
                    _line(i, [x.step for x in looks], shares, run.name, f"{band} %{{y:.1%}}")
                    | where(panel)
                    | {
                        "name": band,
                        "line": {"color": palette.BAND[band], "dash": _DASH[i], "width": 2.2},
                        "legendgroup": band,
                        "showlegend": panel == 0 and i == 0,
                    }
                )
    titles = tuple(
        f"{m}, share of {'the energy' if what == 'energy' else 'all directions'}" for m in MODALITIES
    )
    return panels(
        traces,
        domains(2, GAP),
        titles,
        ("share", ""),
        height=height,
        tickformat=".0%",
        colours=[palette.MODALITY[m] for m in MODALITIES],
    )


def rank_gap_figure(runs: "Sequence[RunLog]", *, height: int = 300) -> go.Figure:
    """Return effective ranks of both modalities, and the modality gap, over the steps.

    Args:
        runs: one or two.
        height: pixels.
    """
    traces = []
    for i, run in enumerate(runs):
        looks = run.spectra[:]
        steps = [x.step for x in looks]
        for modality in MODALITIES:
            ranks = [x.of(modality).effective_rank for x in looks]
            line = {"color": palette.MODALITY[modality], "dash": _DASH[i], "width": 2.2}
            traces.append(
                _line(i, steps, ranks, run.name, f"{modality}: effective rank %{{y:.1f}}")
                | where(0)
                | {"name": modality, "line": line, "legendgroup": modality, "showlegend": i == 0}
            )
        traces.append(
            _line(i, steps, [x.gap for x in looks], run.name, "gap %{y:.3f}")
            | where(1)
            | {"showlegend": True}
        )
    return panels(
        traces, domains(2, GAP), ("effective rank", "modality gap"), ("directions", ""), height=height
    )


def _line(i: int, x: Sequence[float], y: Sequence[float], name: str, hover: str) -> dict[str, Any]:
    """Return a line of run ``i``."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.asarray(x, dtype=np.float64),
        "y": np.asarray(y, dtype=np.float64),
        "name": name,
        "legendgroup": name,
        "line": {"color": palette.RUN[i], "dash": _DASH[i], "width": 2.2},
        "marker": {"color": palette.RUN[i], "size": 5},
        "hovertemplate": f"<b>{name}</b><br>step %{{x}}: {hover}<extra></extra>",
    }


def _terms(run: "RunLog") -> list[str]:
    """Return the single spectral terms that a run has, by name."""
    names = {name for point in run.steps[:1] + run.steps[-1:] for name in point.parts}
    return sorted(names - {"contrastive", "spectral"})


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shares(look: "SpectrumLook", modality: str, what: str) -> dict[str, float]:
    found = look.of(modality)
    return dict(found.energy_shares if what == "energy" else found.direction_shares)
