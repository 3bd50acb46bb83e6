"""Energies of pairs in a triangle of strong, weak and noise, and of a selection beside the whole."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.subspaces.numbers.pair_energy import triangle
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, caption, domains, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.pair_energy import PairEnergies
    from sde_explorer.subspaces.numbers.selection import Composition

MOST_POINTS = 6_000
"""Pairs drawn in a triangle; of more, evenly spaced ones, but all that are flagged or picked first."""

_TOP = 3**0.5 / 2
_SAME = {"marker": {"opacity": 0.85}}  # rings mark what is picked; nothing fades
_KINDS = ("neither", "picture signal, caption noise", "caption signal, picture noise")


def triangle_figure(
    pairs: "PairEnergies",
    picked: "npt.NDArray[np.bool_]",
    shown: "npt.NDArray[np.int64]",
    *,
    n_images: int,
    height: int = 400,
) -> go.Figure:
    """Return two triangles, pictures and captions: a point near a corner has all its energy in that band.

    A point's data is its id, as on a map.

    Args:
        pairs: with their energies.
        picked: (p,) which of them are picked; they get a ring.
        shown: positions of the pairs to draw, of `shown_pairs`.
        n_images: pictures of the set; ids from here on are captions.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    places = domains(2, 0.08)
    sides = (("image", pairs.image, pairs.images), ("text", pairs.text, pairs.texts + n_images))
    for i, (name, shares, ids) in enumerate(sides):
        suffix = "" if i == 0 else "2"
        where = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        traces.append(_frame() | where)
        for kind in range(len(_KINDS)):
            mine = shown[pairs.kind[shown] == kind]
            if len(mine) or i == 0:  # an empty one keeps its place in the legend
                traces.append(_points(shares[mine], ids[mine], kind, name, first=i == 0) | where)
        if picked.any():
            traces.append(_rings(shares, shown[picked[shown]]) | where)
        notes += [n | {"xref": where["xaxis"], "yref": where["yaxis"]} for n in _corners()]
        notes.append(caption(name, places[i], colour=palette.MODALITY[name]))
        layout[f"xaxis{suffix}"] = (
            axis("", domain=places[i], anchor=f"y{suffix}", range=[-0.1, 1.1]) | _HIDDEN
        )
        layout[f"yaxis{suffix}"] = (
            axis("", anchor=f"x{suffix}", range=[-0.09, 0.97], scaleanchor=f"x{suffix}") | _HIDDEN
        )
    layout |= {"annotations": notes, "dragmode": "lasso", "clickmode": "event"}
    return figure(traces, layout, height=height)


_HIDDEN = {"visible": False, "showgrid": False}


def shown_pairs(pairs: "PairEnergies", picked: "npt.NDArray[np.bool_]") -> "npt.NDArray[np.int64]":
    """Return the positions of the pairs that a triangle draws: picked, then flagged, then evenly spaced ones."""
    count = len(pairs.images)
    if count <= MOST_POINTS:
        return np.arange(count)
    first = np.concatenate([np.flatnonzero(picked), np.flatnonzero((pairs.kind > 0) & ~picked)])
    first = first[:: max(1, -(-len(first) // (MOST_POINTS // 2)))]
    drawn = np.zeros(count, bool)
    others = np.flatnonzero(~(picked | (pairs.kind > 0)))
    drawn[first] = True
    drawn[others[:: max(1, -(-len(others) // (MOST_POINTS - len(first))))]] = True
    return np.flatnonzero(drawn)


def _frame() -> dict[str, Any]:
    """Return the triangle and its lines at a quarter, a half and three quarters of each band."""
    corners = [(0.5, _TOP), (0.0, 0.0), (1.0, 0.0), (0.5, _TOP)]
    lines: list[tuple[float, float] | tuple[None, None]] = [*corners, (None, None)]
    for share in (0.25, 0.5, 0.75):
        for i in range(3):
            a, b, c = (corners[(i + k) % 3] for k in range(3))
            ends = [(share * a[0] + (1 - share) * o[0], share * a[1] + (1 - share) * o[1]) for o in (b, c)]
            lines += [*ends, (None, None)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _ in lines],
        "y": [y for _, y in lines],
        "line": {"color": palette.GRID, "width": 1.2},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _corners() -> list[dict[str, Any]]:
    places = {"strong": (0.5, _TOP, "bottom"), "weak": (0.0, 0.0, "top"), "noise": (1.0, 0.0, "top")}
    return [
        {
            "text": f'<span style="color:{palette.BAND[band]}">●</span> all {band}',
            "x": x,
            "y": y,
            "showarrow": False,
            "yanchor": anchor,
            "yshift": 4 if anchor == "bottom" else -4,
            "font": {"size": 12},
        }
        for band, (x, y, anchor) in places.items()
    ]


def _points(
    shares: "npt.NDArray[np.float32]", ids: "npt.NDArray[np.int64]", kind: int, name: str, *, first: bool
) -> dict[str, Any]:
    x, y = triangle(shares)
    plain = kind == 0
    return {
        "type": "scattergl",
        "mode": "markers",
        "x": x,
        "y": y,
        "customdata": ids.astype(np.int32),
        "name": _KINDS[kind],
        "legendgroup": str(kind),
        "showlegend": first and not plain,
        "marker": {
            "size": 4 if plain else 6,
            "opacity": 0.45 if plain else 0.85,
            "color": palette.MODALITY[name] if plain else palette.FLAG[kind - 1],
            "symbol": "circle" if plain else ("triangle-up", "triangle-down")[kind - 1],
        },
        "selected": _SAME,
        "unselected": _SAME,
        "hoverinfo": "none",  # the card beside the pointer says more
    }


def _rings(shares: "npt.NDArray[np.float32]", mine: "npt.NDArray[np.int64]") -> dict[str, Any]:
    x, y = triangle(shares[mine])
    return {
        "type": "scattergl",
        "mode": "markers",
        "x": x,
        "y": y,
        "marker": {"size": 9, "symbol": "circle-open", "color": palette.LAW, "line": {"width": 1.6}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def composition_figure(found: "Composition", *, height: int = 210) -> go.Figure:
    """Return the mean energy by band of the picked pairs above that of all, for pictures and captions.

    Args:
        found: means of both.
        height: pixels.
    """
    rows = [
        ("text, all", found.text_all),
        ("text, picked", found.text),
        ("image, all", found.image_all),
        ("image, picked", found.image),
    ]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [float(shares[i]) for _, shares in rows],
            "y": [name for name, _ in rows],
            "name": band,
            "width": 0.7,
            "showlegend": False,
            "marker": {"color": palette.BAND[band], "line": {"width": 0}},
            "text": [f"{shares[i]:.0%}" if shares[i] >= 0.06 else "" for _, shares in rows],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "textfont": {"size": 12, "color": "#ffffff" if band == "strong" else "#111111"},
            "hovertemplate": f"<b>{band}</b><br>%{{y}}: %{{x:.1%}}<extra></extra>",
        }
        for i, band in enumerate(BANDS)
    ]
    layout = {
        "barmode": "stack",
        "xaxis": axis("mean share of the energy", range=[0, 1], tickformat=".0%"),
        "yaxis": axis("", showgrid=False, ticklabelstandoff=8),
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
    }
    return figure(traces, layout, height=height)
