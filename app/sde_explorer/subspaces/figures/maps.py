"""A map of pictures and captions in WebGL: points up to 100,000; of more a sample over their density, to be saved."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.subspaces.numbers.maps import Colours, Shown

CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtons": [["lasso2d", "select2d", "pan2d", "zoom2d"], ["autoScale2d"], ["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}
"""The tool bar of a map: lasso and box first; the picture is a PNG, because an SVG of 100,000 points is none."""

MOST_SYMBOLS = 20_000
_STEPS = 254
AXES = {"PCA": "principal component", "UMAP": "UMAP"}


def map_figure(
    flat: "npt.NDArray[np.float32]",
    ids: "npt.NDArray[np.int32]",
    colours: "Colours",
    shown: "Shown",
    *,
    kind: str,
    picked: "npt.NDArray[np.bool_] | None" = None,
    n_images: int = 0,
    grid: "tuple[npt.NDArray[np.float32], ...] | None" = None,
    height: int = 560,
) -> go.Figure:
    """Return the map; a point's data is its id, and nothing of its picture or caption is in the figure.

    Args:
        flat: (p, 2) where all points lie.
        ids: (p,) id of each point: row of a picture, or ``n_images`` plus row of a caption.
        colours: of all points.
        shown: which points are drawn.
        kind: "PCA" or "UMAP".
        picked: (p,) points that are picked; the others fade. None fades nobody.
        n_images: from here on an id is a caption: drawn as a diamond.
        grid: of `sde_explorer.subspaces.numbers.maps.density`, where the others show as a density.
        height: pixels.
    """
    traces: list[dict[str, Any]] = []
    if grid is not None:
        traces.append(_density(*grid))
    size = _size(len(shown.points))
    for name, mine, look in _parts(colours, shown.points):
        chosen = None if picked is None else np.flatnonzero(picked[mine]).tolist()
        traces.append(
            {
                "type": "scattergl",
                "mode": "markers",
                "x": flat[mine, 0],
                "y": flat[mine, 1],
                "customdata": ids[mine],
                "name": name,
                "showlegend": bool(name),
                "marker": {
                    "size": size,
                    "opacity": 0.8,
                    "symbol": _symbols(ids[mine], n_images, many=len(shown.points) > MOST_SYMBOLS),
                    **look,
                },
                "selectedpoints": chosen,
                "selected": {"marker": {"opacity": 1.0}},
                "unselected": {"marker": {"opacity": 0.12}},
                "hoverinfo": "none",  # the card beside the pointer says more
            }
        )
    ends = _range(flat)
    layout = {
        "xaxis": axis(f"{AXES[kind]} 1", range=list(ends[:2]), showticklabels=kind == "PCA"),
        "yaxis": axis(f"{AXES[kind]} 2", range=list(ends[2:]), showticklabels=kind == "PCA"),
        "dragmode": "lasso",
        "clickmode": "event",
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": "rgba(128,128,128,0.7)",
            "activecolor": palette.MODALITY["image"],
        },
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemsizing": "constant"},
    }
    return figure(traces, layout, height=height, top=48 if colours.kinds else 12)


def _symbols(ids: "npt.NDArray[np.int32]", n_images: int, *, many: bool) -> "str | npt.NDArray[np.str_]":
    """Return the shape of each point: captions are diamonds, unless there are too many points to tell."""
    is_text = ids >= n_images
    if many or not is_text.any():
        return "circle"
    return "diamond" if is_text.all() else np.where(is_text, "diamond", "circle")


def _size(count: int) -> float:
    """Return a point's size that fills the map and does not clog it."""
    return float(np.clip(9 - 1.6 * np.log10(max(count, 1) / 100), 2.5, 9))


def _parts(
    colours: "Colours", points: "npt.NDArray[np.int64]"
) -> "list[tuple[str, npt.NDArray[np.int64], dict[str, Any]]]":
    """Return name, points and look of each trace: one with a colour bar, or one for each kind."""
    if colours.numbers is not None:
        return [("", points, _amounts(colours.numbers[points], colours.title))]
    assert colours.kind is not None
    mine = colours.kind[points]
    return [
        (
            name,
            points[mine == i],
            {"color": palette.MODALITY.get(name) or palette.KINDS[i % len(palette.KINDS)]},
        )
        for i, name in enumerate(colours.kinds)
    ]


def _amounts(numbers: "npt.NDArray[np.float32]", title: str) -> dict[str, Any]:
    """Return the colour of each point in 255 steps, a byte each on the wire; what is not known is the least."""
    known = numbers[np.isfinite(numbers)]
    is_share = title.endswith(" energy")
    low = 0.0 if is_share else float(known.min(initial=np.inf)) if len(known) else 0.0
    high = float(known.max()) if len(known) else 1.0
    width = (high - low) or 1.0
    steps = np.clip(np.nan_to_num((numbers - low) / width) * _STEPS, 0, _STEPS)
    ticks = [low + width * i / 4 for i in range(5)]
    return {
        "color": np.round(steps).astype(np.uint8),
        "cmin": 0,
        "cmax": _STEPS,
        "colorscale": palette.AMOUNT,
        "colorbar": {
            "title": {"text": title, "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            "len": 0.9,
            "tickvals": [_STEPS * i / 4 for i in range(5)],
            "ticktext": [f"{tick:.0%}" if is_share else f"{tick:.4g}" for tick in ticks],
        },
    }


def _density(
    counts: "npt.NDArray[np.float32]", x: "npt.NDArray[np.float32]", y: "npt.NDArray[np.float32]"
) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": np.log10(np.where(counts > 0, counts, np.nan)),
        "x": x,
        "y": y,
        "colorscale": [[0, "rgba(128,128,128,0.10)"], [1, "rgba(128,128,128,0.75)"]],
        "showscale": False,
        "hoverinfo": "skip",
    }


def _range(flat: "npt.NDArray[np.float32]") -> tuple[float, float, float, float]:
    """Return the ends of both axes with a margin; a map without width or height gets one."""
    low, high = flat.min(axis=0), flat.max(axis=0)
    margin = np.maximum(0.04 * (high - low), 1e-3 + 0.04 * float(np.abs(flat).max() or 1.0) * (high == low))
    return (
        float(low[0] - margin[0]), float(high[0] + margin[0]),
        float(low[1] - margin[1]), float(high[1] + margin[1]),
    )  # fmt: skip
