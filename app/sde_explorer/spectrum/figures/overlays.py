"""A band around a spectrum: what chance would give, or how far it moves with other rows."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sde_explorer.ui.figures import palette

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.spectrum.numbers.uncertainty import Band


def band_traces(report: "Bands", band: "Band", unit: str, *, first: bool) -> list[dict[str, Any]]:
    """Return the two edges of a band with the area between them, in the ranks of the spectrum.

    Args:
        report: the spectrum.
        band: as long as the spectrum, or shorter.
        unit: "rank", or "share" of all directions.
        first: whether the legend names it here.
    """
    count = len(report.values)
    rank = np.arange(1, min(count, len(band.low)) + 1)
    where = rank / max(count, 1) if unit == "share" else rank
    colour = palette.LAW if band.is_chance else palette.KIND[report.modality]
    # A logarithmic axis has no place for what shuffles of fewer rows leave at zero.
    floor = float(report.values[-1]) * 1e-3 if count else 0.0
    shared = {
        "type": "scatter",
        "x": where,
        "mode": "lines",
        "legendgroup": "overlay",
        "line": {"color": palette.faded(colour, 0.75), "width": 1},
    }
    low, high = np.maximum(band.low[: len(rank)], floor), np.maximum(band.high[: len(rank)], floor)
    return [
        shared | {"y": high, "showlegend": False, "hoverinfo": "skip"},
        shared
        | {
            "y": low,
            "fill": "tonexty",
            "fillcolor": palette.faded(colour, 0.3),
            "name": band.name,
            "showlegend": first,
            "customdata": np.stack([rank, low, high], axis=1),
            "hovertemplate": f"<b>{report.modality}, {band.name}</b><br>"
            "direction %{customdata[0]:d}: %{customdata[1]:.4g} to %{customdata[2]:.4g}<extra></extra>",
        },
    ]
