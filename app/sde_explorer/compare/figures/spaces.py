"""How alike the spaces of two sets are: CKA of every two, neighbours kept, angles between strong subspaces."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure
from sde_explorer.ui.figures.panels import where

if TYPE_CHECKING:
    from sde_explorer.compare.numbers.measures import Neighbours, Similarity
    from sde_explorer.compare.numbers.subspaces import Angles

_ALIKE = [[0.0, "rgba(128,128,128,0.10)"], [1.0, "rgba(47,156,143,0.72)"]]


def cka_figure(found: "Similarity", *, height: int = 340) -> go.Figure:
    """Return linear CKA of every two spaces as a table of colours, each with its chance value.

    Args:
        found: of both sets.
        height: pixels.
    """
    names = list(found.names)
    known = np.isfinite(found.cka)
    text = np.where(known, np.char.mod("%.2f", np.nan_to_num(found.cka)), "–")
    chance = np.where(np.isfinite(found.chance), np.char.mod("%.3f", np.nan_to_num(found.chance)), "–")
    off = ~np.eye(len(names), dtype=bool)
    words = np.char.add(np.char.add(text, "<br>chance "), chance)
    rows, columns = np.nonzero(off)
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": np.where(off, found.cka, np.nan),
        "customdata": chance,
        "zmin": 0,
        "zmax": 1,
        "colorscale": _ALIKE,
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
        "hoverongaps": False,
        "hovertemplate": "<b>%{y} and %{x}</b><br>CKA %{z:.3f}, by chance %{customdata}<extra></extra>",
    }
    # A trace of its own: in the colour of the page's text, which a heatmap's own labels do not take.
    labels = {
        "type": "scatter",
        "mode": "text",
        "x": [names[i] for i in columns],
        "y": [names[i] for i in rows],
        "text": words[off],
        "textfont": {"size": 12},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    layout = {
        "xaxis": axis("", side="top", showgrid=False),
        "yaxis": axis("", autorange="reversed", showgrid=False),
    }
    return figure([trace, labels], layout, height=height, top=8)


def kept_figure(found: "list[Neighbours]", *, height: int = 340) -> go.Figure:
    """Return how many of its nearest rows each row keeps: share of rows over the number kept, beside chance.

    Args:
        found: one or two modalities.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    most = max(one.k for one in found)
    for one in found:
        kept = np.rint(one.overlap * one.k).astype(int)
        counts = np.bincount(kept, minlength=one.k + 1)
        colour = palette.MODALITY[one.modality]
        traces.append(
            {
                "type": "bar",
                "x": np.arange(one.k + 1),
                "y": counts / len(kept),
                "customdata": counts,
                "name": one.modality,
                "marker": {"color": colour},
                "hovertemplate": f"<b>{one.modality}</b><br>%{{x}} of {one.k} neighbours kept"
                "<br>%{y:.1%} of the rows (%{customdata:,})<extra></extra>",
            }
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": np.arange(one.k + 1),
                "y": _by_chance(one),
                "name": "by chance",
                "line": {"color": palette.LAW, "width": 1.8, "dash": "dot", "shape": "hvh"},
                "showlegend": one is found[0],
                "legendrank": 2000,
                "hovertemplate": "by chance: %{y:.2%} of the rows keep %{x}<extra></extra>",
            }
        )
    layout = {
        "barmode": "group",
        "bargap": 0.25,
        "xaxis": axis(f"of the {most} nearest in A, kept in B", dtick=1),
        "yaxis": axis("share of the rows", tickformat=".0%", rangemode="tozero"),
    }
    return figure(traces, layout, height=height, top=40)


def _by_chance(found: "Neighbours") -> "np.ndarray[Any, Any]":
    """Return the (k + 1,) chances to keep 0 to k of k neighbours drawn at random: hypergeometric."""
    # By whole numbers: scipy.stats, which knows the law by name, takes 0.3 s to be imported.
    others, k = len(found.overlap) - 1, found.k
    drawn = math.comb(others, k)
    return np.array([math.comb(k, kept) * math.comb(others - k, k - kept) / drawn for kept in range(k + 1)])


def angles_figure(found: "list[tuple[str, Angles]]", *, height: int = 300) -> go.Figure:
    """Return one panel a modality: principal angles from the smallest to the largest, beside those of chance.

    Args:
        found: modality and angles, one or two.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for panel, ((modality, angles), place) in enumerate(zip(found, domains(len(found), 0.08), strict=True)):
        suffix = "" if panel == 0 else str(panel + 1)
        traces += [t | where(panel) for t in _angle_lines(modality, angles, first=panel == 0)]
        layout["annotations"].append(caption(modality, place, colour=palette.MODALITY[modality]))
        count = len(angles.degrees)
        layout[f"xaxis{suffix}"] = axis(
            "principal angle, smallest first",
            domain=place,
            anchor=f"y{suffix}",
            range=[0.5, count + 0.5],
            **({"dtick": 1} if count <= 12 else {}),
        )
        layout[f"yaxis{suffix}"] = axis(
            "degrees" if panel == 0 else "",
            anchor=f"x{suffix}",
            range=[-3, 95],
            tickvals=[0, 30, 60, 90],
            **({} if panel == 0 else {"showticklabels": False}),
        )
    return figure(traces, layout, height=height)


def _angle_lines(modality: str, angles: "Angles", *, first: bool) -> list[dict[str, Any]]:
    x = np.arange(1, len(angles.degrees) + 1)
    low, middle, high = angles.chance
    edge = {
        "type": "scatter",
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        edge | {"x": x, "y": low},
        edge | {"x": x, "y": high, "fill": "tonexty", "fillcolor": palette.faded(palette.LAW, 0.2)},
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": middle,
            "name": "by chance",
            "legendgroup": "chance",
            "showlegend": first,
            "line": {"color": palette.LAW, "dash": "dot", "width": 1.6},
            "marker": {"size": 4},
            "hovertemplate": "by chance, angle %{x}: %{y:.1f}°<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": angles.degrees,
            "name": "A to B",
            "legendgroup": "angles",
            "showlegend": first,
            "line": {"color": palette.MODALITY[modality], "width": 2.2},
            "marker": {"size": 6},
            "hovertemplate": f"<b>{modality}</b>, angle %{{x}}: %{{y:.2f}}°<extra></extra>",
        },
    ]
